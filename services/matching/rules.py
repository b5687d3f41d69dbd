"""What fits what, and why: pure decisions on a request and an offer, with the time as an argument."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from contracts.matching import Party, Reason
from contracts.vocabulary import Kind, Language, Side, Status, Theme

#: What answers a request of a kind besides the same kind: partly, and said so in the reasons.
_ANSWERED_ALSO_BY: dict[Kind, frozenset[Kind]] = {
    Kind.PRACTICE_ASSIGNMENT: frozenset({Kind.INTERNSHIP}),
    Kind.INTERNSHIP: frozenset({Kind.PRACTICE_ASSIGNMENT}),
    Kind.GUEST_LESSON: frozenset({Kind.EXPERTISE, Kind.SITE_VISIT}),
    Kind.SITE_VISIT: frozenset({Kind.GUEST_LESSON, Kind.MEETING}),
    Kind.LESSON_MATERIAL: frozenset({Kind.TIP, Kind.EXPERTISE}),
    Kind.TIP: frozenset({Kind.EXPERTISE, Kind.LESSON_MATERIAL, Kind.MEETING}),
    Kind.EXPERTISE: frozenset({Kind.GUEST_LESSON, Kind.TIP, Kind.LESSON_MATERIAL, Kind.MEETING}),
    Kind.EQUIPMENT: frozenset({Kind.SITE_VISIT}),
    Kind.MEETING: frozenset({Kind.SITE_VISIT, Kind.EXPERTISE}),
}

#: What travels by itself: how far apart the two are is no matter.
KINDS_WITHOUT_DISTANCE = frozenset({Kind.TIP, Kind.LESSON_MATERIAL, Kind.EXPERTISE})

CLOSED = frozenset({Status.FULFILLED, Status.WITHDRAWN, Status.EXPIRED})

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
SCORE_MIN = 0.5

#: E5's cosines lie close together: unrelated Dutch texts measure about 0.80, a question and its answer 0.87 and more.
COSINE_UNRELATED, COSINE_SAME = 0.80, 0.90

#: Below this the likeness of two texts is no reason that anybody would give.
MEANING_WORTH_TELLING = 0.3

KM_OF_HALF_VALUE = 25.0
LEVELS_APART_MAX = 1
WORDS_NAMED_MAX = 4
EARTH_DIAMETER_KM = 12742.0

Code = Literal["same-theme", "distance", "kind", "meaning", "words", "same-language", "period", "level"]


@dataclass(frozen=True, slots=True)
class Proposition:
    """A request or an offer, as far as a match depends on it."""

    side: Side
    id: str
    member_id: str
    organisation_id: str
    kind: Kind
    themes: tuple[Theme, ...]
    language: Language
    place_name: str
    province: str
    latitude: float
    longitude: float
    status: Status
    expires_at: datetime
    reach_km: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    mbo_level: int | None = None
    title: str = ""
    organisation_name: str = ""

    def is_open(self, now: datetime) -> bool:
        """Whether it can be matched now."""
        return self.status is Status.OPEN and now < self.expires_at

    def party(self) -> Party:
        """Its side of a match; an organisation that has not been heard of yet goes by its place."""
        return Party(
            member_id=self.member_id,
            organisation_id=self.organisation_id,
            organisation_name=self.organisation_name or self.place_name,
            place=self.place_name,
            title=self.title,
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A request beside an offer, and how alike their texts are."""

    request: Proposition
    offer: Proposition
    similarity: float | None
    """The cosine of the two texts' vectors; none when one of them has no vector."""
    words: tuple[str, ...] = ()
    """The telling words that both texts have, the longest first."""


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a pair fits, 0 to 1, and why, the most important reason first."""

    score: float
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Proposal:
    """A pair that is worth proposing."""

    pair: Pair
    fit: Fit


@dataclass(frozen=True, slots=True)
class _Signal:
    code: Code
    strength: float
    value: str | None
    """What the reason is about; none when there is nothing to tell people."""


def best_proposals(
    pairs: Iterable[Pair], taken: Mapping[str, frozenset[str]], now: datetime, *, most: int
) -> list[Proposal]:
    """The pairs worth proposing, best first: at most `most` for a request, and one for each offering organisation.

    `taken` has, for each request, the organisations that it has a running match with already; each counts as one.
    """
    fitting = [Proposal(pair, found) for pair in pairs if (found := fit(pair, now)) and found.score >= SCORE_MIN]
    fitting.sort(key=lambda proposal: (-proposal.fit.score, proposal.pair.offer.id, proposal.pair.request.id))
    organisations = {request_id: set(ids) for request_id, ids in taken.items()}
    chosen = []
    for proposal in fitting:
        busy_with = organisations.setdefault(proposal.pair.request.id, set())
        if len(busy_with) < most and proposal.pair.offer.organisation_id not in busy_with:
            busy_with.add(proposal.pair.offer.organisation_id)
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
    brought = {signal.code: WEIGHTS[signal.code] * signal.strength / total for signal in signals}
    reasons = [
        Reason(code=signal.code, value=signal.value, weight=round(min(brought[signal.code], 1.0), 4))
        for signal in signals
        if signal.value is not None and brought[signal.code] > 0
    ]
    reasons.sort(key=lambda reason: -reason.weight)
    return Fit(score=round(min(sum(brought.values()), 1.0), 4), reasons=tuple(reasons))


def can_match(request: Proposition, offer: Proposition, now: datetime) -> bool:
    """Whether the two may be proposed at all, however alike they are."""
    return (
        request.is_open(now)
        and offer.is_open(now)
        and request.member_id != offer.member_id
        and request.organisation_id != offer.organisation_id
        and offer.kind in kinds_that_answer(request.kind)
        and _within_reach(request, offer)
        and _periods_overlap(request, offer)
        and _levels_fit(request, offer)
    )


def kinds_that_answer(kind: Kind) -> frozenset[Kind]:
    """The kinds of offers that answer a request of a kind."""
    return _ANSWERED_ALSO_BY[kind] | {kind}


def kinds_answered_by(kind: Kind) -> frozenset[Kind]:
    """The kinds of requests that an offer of a kind answers."""
    return frozenset(asked for asked in Kind if kind in kinds_that_answer(asked))


def kilometres_between(one: Proposition, other: Proposition) -> float:
    """The distance in a straight line, by the haversine formula; the store narrows with the same one."""
    north_one, north_other = math.radians(one.latitude), math.radians(other.latitude)
    half_chord = (
        math.sin((north_other - north_one) / 2) ** 2
        + math.cos(north_one) * math.cos(north_other) * math.sin(math.radians(other.longitude - one.longitude) / 2) ** 2
    )
    return EARTH_DIAMETER_KM * math.asin(min(1.0, math.sqrt(half_chord)))


def _within_reach(request: Proposition, offer: Proposition) -> bool:
    if offer.kind in KINDS_WITHOUT_DISTANCE:
        return True
    reaches = [reach for reach in (request.reach_km, offer.reach_km) if reach is not None]
    return not reaches or kilometres_between(request, offer) <= min(reaches)


def _periods_overlap(request: Proposition, offer: Proposition) -> bool:
    begin, end = _shared_period(request, offer)
    return begin is None or end is None or begin <= end


def _shared_period(request: Proposition, offer: Proposition) -> tuple[date | None, date | None]:
    begins = [day for day in (request.starts_on, offer.starts_on) if day]
    ends = [day for day in (request.ends_on, offer.ends_on) if day]
    return max(begins, default=None), min(ends, default=None)


def _levels_fit(request: Proposition, offer: Proposition) -> bool:
    if request.mbo_level is None or offer.mbo_level is None:
        return True
    return abs(request.mbo_level - offer.mbo_level) <= LEVELS_APART_MAX


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
    begin, end = _shared_period(request, offer)
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
