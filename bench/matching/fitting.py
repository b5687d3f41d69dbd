"""The weights and the lowest score, fitted on a graded set; and how well they do for other writers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bench.matching.asking import Answer, best_first, proposed
from bench.matching.measures import RELEVANT, Quality, mean_of, quality_of
from bench.matching.sets import GradedSet
from services.matching import rules
from services.matching.fitting import Judged, fitted
from services.matching.weights import NAMES, PRIOR, Weights

#: A graded set has no periods, and in it who writes in English is answered in Dutch on purpose.
HELD = frozenset({"period", "same-language"})


def fit(graded: GradedSet, answers: Sequence[Answer], now: datetime, origin: str) -> dict[str, Any]:
    """The weights and the lowest score that do best on a set, as they are kept."""
    weights = fitted(_judged(graded, answers), PRIOR, held=HELD)
    return {"origin": origin, "score_min": lowest_score(graded, answers, weights, now), "weights": weights}


def _judged(graded: GradedSet, answers: Sequence[Answer]) -> list[Judged]:
    return [_of(graded, answer) for answer in answers]


def _of(graded: GradedSet, answer: Answer) -> Judged:
    grades = graded.grades.get(answer.request_id, {})
    strengths = []
    for pair in answer.pairs:
        found = {signal.name: signal.strength for signal in rules.signals(pair)}
        strengths.append([found.get(name, 0.0) for name in NAMES])
    return Judged(strengths, [2 ** grades.get(pair.offer.id, 0) - 1 for pair in answer.pairs])


def lowest_score(graded: GradedSet, answers: Sequence[Answer], weights: dict[str, float], now: datetime) -> float:
    """The lowest score with which what is proposed helps most: the best F of precision and recall.

    Every request of a set has answers, and in a quiet region many have none. So each is also asked without the offers
    that help it: whatever is proposed then is too much.
    """
    tried = [(_f_score(graded, answers, Weights(weights, step / 100, ""), now), step / 100) for step in range(30, 90)]
    return max(tried, key=lambda found: (round(found[0], 4), -found[1]))[1]


def _f_score(graded: GradedSet, answers: Sequence[Answer], weights: Weights, now: datetime) -> float:
    right = made = wanted = 0
    for answer in answers:
        grades = graded.grades.get(answer.request_id, {})
        offers = proposed(answer, weights, now)
        right += sum(grades.get(offer, 0) >= RELEVANT for offer in offers)
        others = replace(answer, pairs=[pair for pair in answer.pairs if not grades.get(pair.offer.id)])
        made += len(offers) + len(proposed(others, weights, now))
        wanted += sum(grade >= RELEVANT for grade in grades.values())
    return 2 * right / (wanted + made) if made else 0.0


def leave_one_slice_out(sets: Sequence[tuple[GradedSet, Sequence[Answer]]], now: datetime) -> dict[str, Quality]:
    """For each writer, by the letter that ids begin with: how well the weights do that were fitted on the others."""
    judged = [(answer, graded) for graded, answers in sets for answer in answers]
    found = {}
    for slice_ in sorted({answer.request_id[0] for answer, _ in judged}):
        others = [_of(graded, answer) for answer, graded in judged if answer.request_id[0] != slice_]
        weights = Weights(fitted(others, PRIOR, held=HELD), 0.0, "")
        found[slice_] = mean_of(
            quality_of(best_first(answer.pairs, weights, now), graded.grades.get(answer.request_id, {}))
            for answer, graded in judged
            if answer.request_id[0] == slice_
        )
    return found
