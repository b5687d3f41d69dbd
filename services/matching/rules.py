"""How well a request and an offer fit, and why: pure, with time as an argument."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.matching import Reason
from contracts.vocabulary import KINDS_WITHOUT_DISTANCE, Kind, Language
from services.matching.pairs import (
    KINDS_OF_TWO_SIDES,
    Pair,
    Proposition,
    can_match,
    how_far_it_answers,
    kilometres_between,
    period_of_both,
)
from services.matching.weights import Weights, kept_weights

Code = Literal["same-theme", "distance", "kind", "meaning", "words", "same-language", "period", "level"]
Name = Literal["content", "direction", "unwanted", "same-theme", "distance", "kind", "same-language", "period", "level"]

#: Two texts about different things measure 0.1 on the average, a question and its answer 0.15 to 0.5 (`similarity`).
COSINE_SAME = 0.55

#: Below this the likeness of two texts is no reason that anybody would give.
MEANING_WORTH_TELLING = 0.25

#: What words in common say beside the meaning; and what is left of the weight when nothing but words can be compared.
WORDS_SAY, WORDS_ALONE = 0.7, 0.35

#: A pair whose texts are less alike than this, in meaning and in words, is not proposed, however near it is.
ALIKE_MIN = 0.2

#: How far one goes for a kind without a second thought. From there the value of being near falls quickly: it is half at
#: this distance and a ninth at twice as far. What travels by itself has no distance at all (`KINDS_WITHOUT_DISTANCE`).
KM_FINE = {Kind.INTERNSHIP: 35.0, Kind.EQUIPMENT: 35.0, Kind.PRACTICE_ASSIGNMENT: 35.0}
KM_FINE_OTHERS = 60.0

#: Where one goes to once, or is called up, this much of being near is left at any distance.
#: Advice can be given over a line.
FAR_KEEPS = {Kind.EXPERTISE: 0.6}
FAR_KEEPS_OTHERS = 0.3

#: What cannot be judged tells neither for nor against.
NEUTRAL = 0.5

WORDS_NAMED_MAX = 4


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a pair fits, 0 to 1, and why, the most important reason first."""

    score: float
    brought: tuple[tuple["Signal", float], ...]
    """Signals, each with its part of the score."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What there is to tell people, the most important reason first."""
        told = [
            Reason(code=code, value=value, weight=round(min(part * share, 1.0), 4))
            for signal, part in self.brought
            for code, value, share in signal.told
            if part * share > 0
        ]
        return tuple(sorted(told, key=lambda reason: -reason.weight))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pair that is worth proposing."""

    pair: Pair
    fit: Fit


@dataclass(frozen=True, slots=True)
class Signal:
    """One thing that tells whether a pair fits, 0 to 1; and what to tell people about it, if anything."""

    name: Name
    strength: float
    told: tuple[tuple[Code, str, float], ...] = ()
    """Reasons, with their value and their share in what the signal brings."""
    counts: float = 1.0
    """The part of its weight that it has."""


def fitting(pairs: Iterable[Pair], now: datetime, weights: Weights | None = None) -> list[Proposal]:
    """The pairs that fit well enough to be proposed, whatever else runs."""
    weighed = weights or kept_weights()
    fits = ((pair, fit(pair, now, weighed)) for pair in pairs)
    return [Proposal(pair, its) for pair, its in fits if its and its.score >= weighed.score_min and is_alike(pair)]


def is_alike(pair: Pair) -> bool:
    """Whether the texts have anything in common: where nobody has compared meanings, any word that tells something."""
    if pair.similarity is None:
        return pair.in_common > 0
    return max(_alike_in_meaning(pair), _alike_in_words(pair)) >= ALIKE_MIN


def fit(pair: Pair, now: datetime, weights: Weights | None = None) -> Fit | None:
    """How well an offer answers a request; none when it cannot."""
    if not can_match(pair.request, pair.offer, now):
        return None
    return weigh(signals(pair), weights or kept_weights())


def weigh(found: Sequence[Signal], weights: Weights) -> Fit:
    """The weighted mean of the signals; what has a negative weight takes off."""
    weight_of = {signal.name: weights.weights[signal.name] * signal.counts for signal in found}
    total = sum(max(0.0, weight_of[signal.name]) for signal in found)
    brought = [(signal, weight_of[signal.name] * signal.strength / total) for signal in found]
    for_it = sum(part for _, part in brought if part > 0)
    score = max(0.0, min(1.0, sum(part for _, part in brought)))
    left = score / for_it if for_it else 0.0
    return Fit(round(score, 4), tuple((signal, part * left) for signal, part in brought if part > 0))


def signals(pair: Pair) -> list[Signal]:
    """Everything that tells whether a pair fits."""
    request, offer = pair.request, pair.offer
    return [
        _content(pair),
        _theme(request, offer),
        _kind(request, offer),
        _distance(request, offer),
        _direction(request, offer),
        Signal("unwanted", 1 - math.exp(-pair.unwanted)),
        _level(request, offer),
        _period(request, offer),
        _language(request, offer),
    ]


def _content(pair: Pair) -> Signal:
    """How much both are about the same, by meaning and by words: the square root of what either of them says.

    The step from nothing in common to something says most. That one of two has even more of the same words says little:
    whoever asks does not know the words of whoever has the answer. Without vectors it weighs less.
    """
    by_meaning, by_words = _alike_in_meaning(pair), WORDS_SAY * _alike_in_words(pair)
    together = by_meaning + by_words
    told: list[tuple[Code, str, float]] = []
    if by_meaning >= MEANING_WORTH_TELLING:
        told.append(("meaning", f"{by_meaning:.0%}", by_meaning / together))
    if pair.words and by_words:
        told.append(("words", ", ".join(pair.words[:WORDS_NAMED_MAX]), by_words / together))
    strength = math.sqrt(1 - (1 - by_meaning) * (1 - by_words))
    return Signal("content", strength, tuple(told), WORDS_ALONE if pair.similarity is None else 1.0)


def _alike_in_meaning(pair: Pair) -> float:
    return min(1.0, max(0.0, (pair.similarity or 0.0) / COSINE_SAME))


def _alike_in_words(pair: Pair) -> float:
    return 1 - math.exp(-pair.in_common / 2)


def _theme(request: Proposition, offer: Proposition) -> Signal:
    asked, offered = set(request.themes), set(offer.themes)
    shared = dict.fromkeys(theme.value for theme in request.themes if theme in offered)
    if not shared:
        return Signal("same-theme", 0.0)
    return Signal("same-theme", len(shared) / len(asked | offered), (("same-theme", ",".join(shared), 1.0),))


def _kind(request: Proposition, offer: Proposition) -> Signal:
    kinds = f"{request.kind.value}:{offer.kind.value}"
    return Signal("kind", how_far_it_answers(request.kind, offer.kind), (("kind", kinds, 1.0),))


def _distance(request: Proposition, offer: Proposition) -> Signal:
    if offer.kind in KINDS_WITHOUT_DISTANCE:
        return Signal("distance", 1.0)
    kilometres = kilometres_between(request, offer)
    fine = KM_FINE.get(offer.kind, KM_FINE_OTHERS)
    keeps = 0.0 if offer.kind in KM_FINE else FAR_KEEPS.get(offer.kind, FAR_KEEPS_OTHERS)
    near = keeps + (1 - keeps) / (1 + (kilometres / fine) ** 3)
    return Signal("distance", near, (("distance", f"{kilometres:.1f}", 1.0),))


def _direction(request: Proposition, offer: Proposition) -> Signal:
    """Two schools that both look for a company do not help each other, nor do two companies that look for students."""
    if not {request.kind, offer.kind} <= KINDS_OF_TWO_SIDES:
        return Signal("direction", NEUTRAL)
    return Signal("direction", (1 - request.voice * offer.voice) / 2)


def _level(request: Proposition, offer: Proposition) -> Signal:
    if request.mbo_level is None or offer.mbo_level is None:
        return Signal("level", NEUTRAL)
    same = request.mbo_level == offer.mbo_level
    return Signal("level", float(same), (("level", str(offer.mbo_level), 1.0),) if same else ())


def _period(request: Proposition, offer: Proposition) -> Signal:
    suits_both = period_of_both(request, offer)
    if suits_both is None:
        return Signal("period", NEUTRAL)
    return Signal("period", 1.0, (("period", "/".join(map(str, suits_both)), 1.0),))


def _language(request: Proposition, offer: Proposition) -> Signal:
    if Language.ENGLISH not in (request.language, offer.language):  # that both are in Dutch tells nobody anything
        return Signal("same-language", NEUTRAL)
    same = request.language is offer.language
    return Signal("same-language", float(same), (("same-language", offer.language.value, 1.0),) if same else ())
