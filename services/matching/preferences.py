"""What should have stood above what, by what became of it: that is what weights learn from. Pure.

What did not fit should have stood below what fitted of the same request, and where nothing did, below the mean of all
that fitted; and what fitted, of a request where everything did, above the mean of all that did not. Each of these
preferences is a difference of strengths. From one that was too far only the weight of the distance learns, until the
distance outweighs what spoke for that match; so with every reason that speaks of some signals (`worth`).
"""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np

from services.matching.strengths import row_of
from services.matching.weights import NAMES
from services.matching.worth import Feedback, Worth, worth_of


class Preference(NamedTuple):
    """One should stand above another, or above the mean of others."""

    request_id: str
    difference: tuple[float, ...]
    """Of their strengths, in the order of `NAMES`; none where one of the two has no such signal."""
    speaks_of: frozenset[str]
    """The signals whose weights learn from it."""
    gains: tuple[float, float]

    def spoken_of(self) -> tuple[float, ...]:
        """The difference in those signals alone."""
        pairs = zip(NAMES, self.difference, strict=True)
        return tuple(value if name in self.speaks_of else 0.0 for name, value in pairs)


def preferences(feedback: Sequence[Feedback], weights: Mapping[str, float]) -> list[Preference]:
    """What should have stood above what, by request; the feedback is in the order of the requests.

    The weights matter only where a signal had a part of its weight (`row_of`).
    """
    rated = [(row_of(one.strengths, weights), worth, one.request_id) for one in feedback if (worth := worth_of(one))]
    fits = _mean([row for row, worth, _ in rated if worth.grade])
    misfits = _mean([_where(row, worth.speaks_of) for row, worth, _ in rated if not worth.grade])
    found = []
    for request_id, group in groupby(rated, key=lambda its: its[2]):
        its = [(row, worth) for row, worth, _ in group]
        for row, worth in its:
            betters = [(r, w) for r, w in its if w.grade > worth.grade and worth.is_final]
            if betters:
                gains = (sum(_gain(w) for _, w in betters) / len(betters), _gain(worth))
                above, below = _mean([r for r, _ in betters]), row
            elif not worth.grade:
                gains, above, below = (1.0, 0.0), fits, row
            elif not any(w.grade < worth.grade and w.is_final for _, w in its):
                gains, above, below = (_gain(worth), 0.0), row, misfits
            else:
                continue
            found.append(Preference(request_id, _difference(above, below), worth.speaks_of, gains))
    return [one for one in found if any(one.spoken_of())]


def weighed(difference: Sequence[float], weights: Mapping[str, float]) -> float:
    """How much a difference of strengths counts."""
    return sum(weights[name] * value for name, value in zip(NAMES, difference, strict=True))


def _where(row: Any, speaks_of: frozenset[str]) -> Any:
    return np.where([name in speaks_of for name in NAMES], row, math.nan)


def _mean(rows: Sequence[Any]) -> Any:
    """The mean of what rows tell of each signal; what none tells stays untold."""
    if not rows:
        return np.full(len(NAMES), math.nan)
    stacked = np.array(rows)
    counts = np.sum(~np.isnan(stacked), axis=0)
    return np.where(counts > 0, np.nansum(stacked, axis=0) / np.maximum(counts, 1), math.nan)


def _difference(one: Any, other: Any) -> tuple[float, ...]:
    return tuple(float(value) for value in np.nan_to_num(one - other))


def _gain(worth: Worth) -> float:
    return float(2**worth.grade - 1)
