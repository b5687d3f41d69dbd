"""How well a request and an offer fit, why, and which pairs are worth proposing: pure, with time as an argument."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.matching import Reason
from contracts.vocabulary import Language
from services.matching.pairs import (
    KINDS_WITHOUT_DISTANCE,
    Pair,
    Proposition,
    can_match,
    kilometres_between,
    shared_period,
)

#: The part each signal has in the score when all of them can be judged.
WEIGHTS = {
    "meaning": 0.40,
    "same-theme": 0.20,
    "words": 0.15,
    "distance": 0.15,
    "kind": 0.10,
    "level": 0.05,
    "period": 0.05,
    "same-language": 0.05,
}

#: A pair below this score is not worth an ambassador's minute.
SCORE_MIN = 0.53

#: Two texts about different things measure 0.14 on the average and seldom above 0.25, a question and its answer 0.3 to
#: 0.6 (`similarity`; measured with the pairs of `tests/matching/realistic.py`).
COSINE_UNRELATED, COSINE_SAME = 0.18, 0.50

#: Below this the likeness of two texts is no reason that anybody would give.
MEANING_WORTH_TELLING = 0.3

KM_OF_HALF_VALUE = 25.0
WORDS_NAMED_MAX = 4

Code = Literal["same-theme", "distance", "kind", "meaning", "words", "same-language", "period", "level"]


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a pair fits, 0 to 1, and why, the most important reason first."""

    score: float
    brought: tuple[tuple["_Signal", float], ...]
    """Each signal with its part of the score."""

    @property
    def reasons(self) -> tuple[Reason, ...]:
        """What there is to tell people, the most important reason first."""
        told = [
            Reason(code=signal.code, value=signal.value, weight=round(min(part, 1.0), 4))
            for signal, part in self.brought
            if signal.value is not None and part > 0
        ]
        return tuple(sorted(told, key=lambda reason: -reason.weight))


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pair that is worth proposing."""

    pair: Pair
    fit: Fit


@dataclass(frozen=True, slots=True)
class Busy:
    """What a request has already: how many running matches, and which organisations it runs with or was introduced to.

    Only what runs takes a place; an organisation that it was introduced to is not proposed again.
    """

    running: int = 0
    organisations: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class _Signal:
    code: Code
    strength: float
    value: str | None
    """What the reason is about; none when there is nothing to tell people."""


def best_proposals(pairs: Iterable[Pair], busy: Mapping[str, Busy], now: datetime, *, most: int) -> list[Proposal]:
    """The pairs worth proposing, best first: at most `most` for a request, and one for each offering organisation."""
    fitting = [Proposal(pair, found) for pair in pairs if (found := fit(pair, now)) and found.score >= SCORE_MIN]
    fitting.sort(key=lambda proposal: (-proposal.fit.score, proposal.pair.offer.id, proposal.pair.request.id))
    room = {request_id: most - its.running for request_id, its in busy.items()}
    organisations = {request_id: set(its.organisations) for request_id, its in busy.items()}
    chosen = []
    for proposal in fitting:
        request_id, organisation_id = proposal.pair.request.id, proposal.pair.offer.organisation_id
        busy_with = organisations.setdefault(request_id, set())
        if room.setdefault(request_id, most) > 0 and organisation_id not in busy_with:
            room[request_id] -= 1
            busy_with.add(organisation_id)
            chosen.append(proposal)
    return chosen


def fit(pair: Pair, now: datetime) -> Fit | None:
    """How well an offer answers a request; none when it cannot.

    The score is the weighted mean of the signals that can be judged: without vectors the meaning counts for nothing,
    and for a tip the distance.
    """
    if not can_match(pair.request, pair.offer, now):
        return None
    signals = _signals(pair)
    total = sum(WEIGHTS[signal.code] for signal in signals)
    brought = [(signal, WEIGHTS[signal.code] * signal.strength / total) for signal in signals]
    return Fit(score=round(min(sum(part for _, part in brought), 1.0), 4), brought=tuple(brought))


def _signals(pair: Pair) -> list[_Signal]:
    """Every signal that can be judged for this pair; one that cannot leaves its weight to the others."""
    request, offer = pair.request, pair.offer
    signals = [_theme(request, offer), _words(pair), _kind(request, offer)]
    if pair.similarity is not None:
        signals.append(_meaning(pair.similarity))
    if offer.kind not in KINDS_WITHOUT_DISTANCE:
        signals.append(_distance(request, offer))
    if request.mbo_level is not None and offer.mbo_level is not None:
        same = request.mbo_level == offer.mbo_level
        signals.append(_Signal("level", 1.0 if same else 0.5, str(offer.mbo_level) if same else None))
    begin, end = shared_period(request, offer)
    if (request.starts_on or request.ends_on) and (offer.starts_on or offer.ends_on):
        signals.append(_Signal("period", 1.0, f"{begin}/{end}" if begin and end else ""))
    if Language.ENGLISH in (request.language, offer.language):  # that both are in Dutch tells nobody anything
        same = request.language is offer.language
        signals.append(_Signal("same-language", float(same), offer.language.value if same else None))
    return signals


def _meaning(cosine: float) -> _Signal:
    strength = min(1.0, max(0.0, (cosine - COSINE_UNRELATED) / (COSINE_SAME - COSINE_UNRELATED)))
    return _Signal("meaning", strength, f"{strength:.0%}" if strength >= MEANING_WORTH_TELLING else None)


def _theme(request: Proposition, offer: Proposition) -> _Signal:
    shared = [theme.value for theme in request.themes if theme in offer.themes]
    fewest = min(len(set(request.themes)), len(set(offer.themes)))
    return _Signal("same-theme", len(set(shared)) / fewest if fewest else 0.0, ",".join(dict.fromkeys(shared)))


def _words(pair: Pair) -> _Signal:
    """Each further telling word in common adds less: one is 0.4, two 0.64, three 0.78."""
    return _Signal("words", 1 - 0.6 ** len(pair.words), ", ".join(pair.words[:WORDS_NAMED_MAX]))


def _kind(request: Proposition, offer: Proposition) -> _Signal:
    strength = 1.0 if request.kind is offer.kind else 0.5
    return _Signal("kind", strength, f"{request.kind.value}:{offer.kind.value}")


def _distance(request: Proposition, offer: Proposition) -> _Signal:
    kilometres = kilometres_between(request, offer)
    return _Signal("distance", 1 / (1 + kilometres / KM_OF_HALF_VALUE), f"{kilometres:.1f}")
