"""How well a list answers a request: nDCG@10, the reciprocal rank, recall@10. Pure.

- **nDCG@10**: the sum over the first ten of (2 ** grade - 1) / log2(place + 1), by what the best list would give.
- **MRR**: 1 / the place of the first offer with grade 2 or 3, however far down; 0 when it is not in the list.
- **recall@10**: the part of the offers with grade 2 or 3 that is in the first ten.

Each is the mean over the requests. A pair without a judgement has grade 0. A request without any offer of grade 2 or
3 has no recall and no reciprocal rank, and one without any grade above 0 no nDCG: it is left out of that mean.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

FIRST = 10
RELEVANT = 2


class Quality(NamedTuple):
    """How well one list, or the mean of many, answers."""

    ndcg: float | None
    reciprocal_rank: float | None
    recall: float | None


def quality_of(ranked: Sequence[str], grades: Mapping[str, int]) -> Quality:
    """Of one list of offers, the best first."""
    ideal = _gain(sorted(grades.values(), reverse=True))
    relevant = {offer for offer, grade in grades.items() if grade >= RELEVANT}
    ndcg = _gain([grades.get(offer, 0) for offer in ranked]) / ideal if ideal else None
    if not relevant:
        return Quality(ndcg, None, None)
    first = next((place for place, offer in enumerate(ranked, start=1) if offer in relevant), None)
    return Quality(ndcg, 1 / first if first else 0.0, len(relevant.intersection(ranked[:FIRST])) / len(relevant))


def _gain(grades: Sequence[int]) -> float:
    return sum((2**grade - 1) / math.log2(place + 1) for place, grade in enumerate(grades[:FIRST], start=1))


def mean_of(found: Iterable[Quality]) -> Quality:
    """The mean of each measure over the lists that have it; none when none has."""
    return Quality(*(_mean([value for value in column if value is not None]) for column in zip(*found, strict=True)))


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None
