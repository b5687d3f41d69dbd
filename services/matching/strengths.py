"""Signals as they are kept with a match, and what a score was made of, read back. Pure."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from services.matching.rules import Signal, weigh
from services.matching.weights import NAMES, Weights

#: What the part of its weight that a signal has is kept under, behind its name.
COUNTS = "-counts"


def kept_strengths(signals: Iterable[Signal]) -> dict[str, float]:
    """The strengths of signals as they are kept."""
    kept = {}
    for signal in signals:
        kept[str(signal.name)] = round(signal.strength, 4)
        if signal.counts != 1:
            kept[f"{signal.name}{COUNTS}"] = signal.counts
    return kept


def score_of(strengths: Mapping[str, float], weights: Weights) -> float:
    """How well a pair with these signals fits."""
    return weigh(signals_of(strengths, weights), weights).score


def signals_of(strengths: Mapping[str, float], weights: Weights) -> list[Signal]:
    """Signals as they were kept, of those that the weights know."""
    known = [name for name in NAMES if name in strengths and name in weights.weights]
    return [Signal(name, strengths[name], counts=_counts(strengths, name)) for name in known]  # type: ignore[arg-type]


def row_of(strengths: Mapping[str, float], weights: Mapping[str, float]) -> Any:
    """Strengths in the order of `NAMES`, whose weighted sum compares as the score does; not a number where it has none.

    A score is a mean: what has a part of its weight leaves the rest to all others. That is the same as if it had the
    score itself for that rest, so `counts * strength + (1 - counts) * score` makes the sum over the whole weights the
    score times their size. It is exact for the weights that the score is of, and leads the right way from there.
    """
    row = np.array([strengths.get(name, math.nan) for name in NAMES])
    counts = np.array([_counts(strengths, name) for name in NAMES])
    if (counts == 1).all():
        return row
    weight = np.nan_to_num(np.array([weights[name] for name in NAMES]) * (row == row))
    score = (weight * counts) @ np.nan_to_num(row) / max(1e-9, (np.maximum(weight, 0.0) * counts).sum())
    return counts * row + (1 - counts) * score * (weight >= 0)


def _counts(strengths: Mapping[str, float], name: str) -> float:
    return strengths.get(f"{name}{COUNTS}", 1.0)
