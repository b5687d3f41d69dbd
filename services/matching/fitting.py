"""Weights from judged pairs: so that in each request's list the better answers stand above the lesser. Pure.

For each request the weights give its pairs a softmax, and the better a pair was judged, the larger the part it should
have (ListNet, Cao et al. 2007). What is known beforehand pulls the weights towards it, so few judgements change little.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from services.matching.weights import NAMES

#: How hard the prior pulls, as so many requests would.
PRIOR_COUNTS = 2.0

#: Gradient descent with momentum: enough steps to stand still.
_STEPS, _RATE, _MOMENTUM = 600, 0.15, 0.8


@dataclass(frozen=True, slots=True)
class Judged:
    """The pairs of one request: a row of strengths for each, in the order of `NAMES`, and what each is worth."""

    strengths: Sequence[Sequence[float]]
    gains: Sequence[float]
    """0 for what is of no use; 2 ** grade - 1 for a graded one."""
    offsets: Sequence[float] | None = None
    """Added to each pair's score: what is not to be learned from it, as it counts now."""


def fitted(
    judged: Sequence[Judged],
    prior: Mapping[str, float],
    prior_counts: float = PRIOR_COUNTS,
    *,
    held: frozenset[str] = frozenset(),
) -> dict[str, float]:
    """The weights that put the pairs in the best order; the same judgements always give the same weights.

    What is `held` stays as it was: these judgements tell nothing about it.
    """
    before = np.array([prior[name] for name in NAMES])
    told = [
        (
            np.array(one.strengths, dtype=float),
            np.array(one.gains, dtype=float) / sum(one.gains),
            np.array(one.offsets or [0.0] * len(one.gains)),
        )
        for one in judged
        if sum(one.gains) > 0
    ]
    weights, velocity = before.copy(), np.zeros_like(before)
    free = np.array([name not in held for name in NAMES])
    if not told:
        return dict(prior)
    strengths, wanted, offsets = (np.concatenate(column) for column in zip(*told, strict=True))
    sizes = np.array([len(gains) for _, gains, _ in told])
    first = np.cumsum(sizes) - sizes
    for _ in range(_STEPS):
        scores = strengths @ weights + offsets
        parts = np.exp(scores - np.repeat(np.maximum.reduceat(scores, first), sizes))
        parts /= np.repeat(np.add.reduceat(parts, first), sizes)
        slope = prior_counts * (weights - before) + (parts - wanted) @ strengths
        velocity = _MOMENTUM * velocity + free * slope / (len(told) + prior_counts)
        weights = weights - _RATE * velocity
        weights = np.where(before >= 0, np.maximum(weights, 0.0), np.minimum(weights, 0.0))
    return {name: round(float(weight), 3) for name, weight in zip(NAMES, weights, strict=True)}
