"""The weights anew from feedback, and whether they are better than those in use. Pure: the same feedback always gives
the same weights."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, NamedTuple

from services.matching.fitting import Judged, fitted
from services.matching.preferences import Preference, preferences, weighed
from services.matching.strengths import score_of
from services.matching.weights import NAMES, PRIOR, Weights
from services.matching.worth import Feedback, worth_of

#: How hard the weights in use hold on, as so many requests would. On feedback made up by a rule that is known, 5 finds
#: the way to it twice as fast as 20, and does not leave it once it is there.
HOLDS = 5.0

#: Feedback is held out in so many parts, each judged by what the others teach.
FOLDS = 5

#: As often preferences are made anew with the weights that they led to.
PASSES = 4

#: With less nothing is learned: so many requests that say something, and among them so many matches that fitted, and
#: so many that did not.
REQUESTS_MIN, MATCHES_MIN = 50, 15

#: What the weights in use learned from is not counted twice: so many requests must have come since.
REQUESTS_NEW_MIN = 20

#: Worse by more than this is refused: of the feedback that was held out, the part that stands in the right order; of a
#: graded set, nDCG@10. There, weights that are worse at all must also be this near to those of the release, so that it
#: cannot slip away in many small steps; weights that are better are welcome however far it has slipped.
AGREEMENT_MARGIN, NDCG_MARGIN = 0.01, 0.01

#: No signal decides alone: none has more than this part of all that counts for a pair.
PART_MAX = 0.4


@dataclass(frozen=True, slots=True)
class Enough:
    """How much feedback there is, of all that is kept."""

    matches: int
    requests: int
    telling: int
    """Requests that say something about the signals."""
    fitted: int
    unfitted: int
    telling_before: int = 0
    """From how many the weights in use were learned."""

    @property
    def lacks(self) -> dict[str, int]:
        """How many more are needed, of what; empty when it is enough."""
        needed = {
            "requests": REQUESTS_MIN - self.telling,
            "requests-since": REQUESTS_NEW_MIN + self.telling_before - self.telling if self.telling_before else 0,
            "fitted": MATCHES_MIN - self.fitted,
            "unfitted": MATCHES_MIN - self.unfitted,
        }
        return {what: count for what, count in needed.items() if count > 0}


@dataclass(frozen=True, slots=True)
class Refit:
    """Weights made from feedback, beside those in use."""

    enough: Enough
    before: Weights
    after: Weights
    agreement: tuple[float, float] | None = None
    """How much of the feedback that was held out stands in the right order, with each; none when it is too little."""


Verdict = Literal["too-little", "nothing-new", "worse-on-feedback", "worse-on-graded-set", "no-worse"]


class Graded(NamedTuple):
    """nDCG@10 on a graded set, with each of the weights."""

    release: float
    before: float
    after: float


def verdict(made: Refit, graded: Graded | None) -> Verdict:
    """Whether new weights may take the place of those in use; without a graded set the feedback alone decides."""
    if made.agreement is None:
        return "too-little"
    if dict(made.after.weights) == dict(made.before.weights):
        return "nothing-new"
    before, after = made.agreement
    if after < before - AGREEMENT_MARGIN:
        return "worse-on-feedback"
    if graded and graded.after < _lowest_allowed(graded):
        return "worse-on-graded-set"
    return "no-worse"


def _lowest_allowed(graded: Graded) -> float:
    return max(graded.before - NDCG_MARGIN, min(graded.before, graded.release - NDCG_MARGIN))


def refit(feedback: Iterable[Feedback], in_use: Weights, telling_before: int = 0) -> Refit:
    """New weights, when there is enough to learn from; otherwise those in use."""
    kept = sorted(feedback, key=lambda one: (one.request_id, one.match_id))
    told = preferences(kept, in_use.weights)
    worths = [worth for one in kept if (worth := worth_of(one))]
    enough = Enough(
        matches=len(kept),
        requests=len({one.request_id for one in kept}),
        telling=len({one.request_id for one in told}),
        fitted=sum(worth.grade > 0 for worth in worths),
        unfitted=sum(worth.grade == 0 for worth in worths),
        telling_before=telling_before,
    )
    if enough.lacks:
        return Refit(enough, in_use, in_use)
    weights = learned(kept, in_use.weights)
    after = Weights(weights, in_use.score_min, f"feedback on {enough.telling} requests")
    after = Weights(weights, moved_lowest_score(kept, in_use, after), after.origin)
    return Refit(enough, in_use, after, held_out(kept, in_use.weights))


def learned(
    feedback: Sequence[Feedback], in_use: Mapping[str, float], without: frozenset[str] = frozenset()
) -> dict[str, float]:
    """The weights that put most in the right order, held by those in use, and within bounds; without some requests.

    Where a signal had a part of its weight, what a preference says depends on the weights, so it is asked again with
    those that were found.
    """
    weights, before = dict(in_use), None
    for _ in range(PASSES):
        told = [one for one in preferences(feedback, weights) if one.request_id not in without]
        if told == before:
            break
        weights, before = _from(told, in_use), told
    return weights


def _from(told: Sequence[Preference], in_use: Mapping[str, float]) -> dict[str, float]:
    judged = []
    for one in told:
        spoken_of = one.spoken_of()
        left = weighed(one.difference, in_use) - weighed(spoken_of, in_use)
        judged.append(Judged((spoken_of, (0.0,) * len(NAMES)), one.gains, (left, 0.0)))
    requests = len({one.request_id for one in told})
    return bounded(fitted(judged, in_use, HOLDS * len(told) / max(1, requests)), in_use)


def bounded(weights: Mapping[str, float], in_use: Mapping[str, float]) -> dict[str, float]:
    """Weights of the signs that were meant, none above its part, and together as large as those in use.

    Only how weights stand to each other counts; that their sum stays makes two versions easy to compare.
    """
    found = {name: max(0.0, weights[name]) if PRIOR[name] >= 0 else min(0.0, weights[name]) for name in NAMES}
    size = _size(in_use)
    if _size(found) < size / 1000:  # nothing that was compared speaks for a pair any more
        return dict(in_use)
    for _ in NAMES:  # what is cut from one is shared by the others, who may then have too much in turn
        scale = size / _size(found)
        found = {name: math.copysign(min(abs(w * scale), PART_MAX * size), w) for name, w in found.items()}
    return {name: round(weight, 3) + 0.0 for name, weight in found.items()}


def held_out(feedback: Sequence[Feedback], in_use: Mapping[str, float]) -> tuple[float, float]:
    """How much stands in the right order with the weights in use, and with weights that were learned without it."""
    before = preferences(feedback, in_use)
    requests = list(dict.fromkeys(one.request_id for one in before))
    right = []
    for fold in range(FOLDS):
        held = frozenset(requests[fold::FOLDS])
        weights = learned(feedback, in_use, held)
        right += [_is_right(one, weights) for one in preferences(feedback, weights) if one.request_id in held]
    as_it_is = [_is_right(one, in_use) for one in before]
    return round(sum(as_it_is) / len(as_it_is), 4), round(sum(right) / max(1, len(right)), 4)


def moved_lowest_score(feedback: Iterable[Feedback], before: Weights, after: Weights) -> float:
    """The lowest score goes along with the scores: as much as those of what was proposed changed, in the middle.

    What was below it was never proposed, so feedback cannot say whether it should be lower.
    """
    moved = [score_of(one.strengths, after) - score_of(one.strengths, before) for one in feedback]
    return round(min(0.9, max(0.1, before.score_min + median(moved))), 2)


def _is_right(one: Preference, weights: Mapping[str, float]) -> float:
    above = round(weighed(one.difference, weights), 9)
    return 0.5 if above == 0 else float(above > 0)


def _size(weights: Mapping[str, float]) -> float:
    return sum(max(0.0, weights[name]) for name in NAMES)
