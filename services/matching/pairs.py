"""A request and an offer, and whether they can go together at all: kind, reach, period, level. Pure decisions."""

import math
from dataclasses import dataclass
from datetime import date, datetime

from contracts.distance import km_between
from contracts.matching import Party
from contracts.vocabulary import KINDS_WITHOUT_DISTANCE, Kind, Language, Side, Status, Theme

#: What answers a request of a kind besides the same kind, and how far it goes: partly, and said so in the reasons.
_ANSWERED_ALSO_BY: dict[Kind, dict[Kind, float]] = {
    Kind.PRACTICE_ASSIGNMENT: {Kind.INTERNSHIP: 0.35},
    Kind.INTERNSHIP: {Kind.PRACTICE_ASSIGNMENT: 0.35},
    Kind.GUEST_LESSON: {Kind.EXPERTISE: 0.6, Kind.SITE_VISIT: 0.5},
    Kind.SITE_VISIT: {Kind.GUEST_LESSON: 0.5, Kind.MEETING: 0.35, Kind.EXPERTISE: 0.3},
    Kind.LESSON_MATERIAL: {Kind.GUEST_LESSON: 0.45, Kind.TIP: 0.4, Kind.EXPERTISE: 0.3},
    Kind.TIP: {Kind.EXPERTISE: 0.5, Kind.LESSON_MATERIAL: 0.5, Kind.MEETING: 0.35, Kind.GUEST_LESSON: 0.35},
    Kind.EXPERTISE: {
        Kind.TIP: 0.6,
        Kind.GUEST_LESSON: 0.5,
        Kind.MEETING: 0.5,
        Kind.LESSON_MATERIAL: 0.35,
        Kind.SITE_VISIT: 0.35,
    },
    Kind.EQUIPMENT: {Kind.SITE_VISIT: 0.4},
    Kind.MEETING: {Kind.EXPERTISE: 0.4, Kind.SITE_VISIT: 0.35, Kind.GUEST_LESSON: 0.35},
}

#: Of these both sides look for the other: who has students for who has work, and the other way round.
KINDS_OF_TWO_SIDES = frozenset({Kind.INTERNSHIP, Kind.PRACTICE_ASSIGNMENT})

#: They take up a whole period: less than this of the shorter one is no period for both.
PERIOD_SHARED_MIN = 0.5

CLOSED = frozenset({Status.FULFILLED, Status.WITHDRAWN, Status.EXPIRED})

#: For these a group comes as a whole: an offer without room for all of it is no answer.
KINDS_FOR_A_GROUP = frozenset({Kind.GUEST_LESSON, Kind.SITE_VISIT, Kind.MEETING})

LEVELS_APART_MAX = 1
KM_PER_DEGREE = 111.2


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
    participants: int | None = None
    """How many students or participants: for whom it is asked, or for how many there is room."""
    languages: tuple[Language, ...] = ()
    """In which languages it can be done; none: in any."""
    voice: float = 0.0
    """Who speaks, by the text: see `voices`."""
    node: str | None = None
    """The node whose it is; none: this one."""
    node_name: str | None = None
    escalated: bool = False
    """Whether an answer is sought in the whole country."""
    version: int = 0
    """Which version of it this is; another one may be another pair."""
    about_offer_id: str | None = None
    """Of a request: the offer that it is about."""

    def is_sought_here(self) -> bool:
        """Whether this node looks for what fits: what is its own, what it was asked to, and for any offer it knows."""
        return self.side is Side.OFFER or self.node is None or self.escalated

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
            node=self.node,
            node_name=self.node_name,
        )


@dataclass(frozen=True, slots=True)
class Pair:
    """A request beside an offer, and how alike their texts are."""

    request: Proposition
    offer: Proposition
    similarity: float | None
    """The cosine of the two texts' vectors; none when one of them has no vector."""
    words: tuple[str, ...] = ()
    """The words of the request that the offer has too, or has others of a kin for; those that tell most first."""
    in_common: float = 0.0
    """How much those words tell together: see `words.in_common`."""
    unwanted: float = 0.0
    """How much of what the offer is about the request says that it does not want."""
    offer_running: int = 0
    """How many matches run with this offer already."""
    terms: tuple[str, ...] = ()
    """What `words` come from. To find the words that were written for terms takes longer than all the rest, so only a
    pair that is proposed has them."""
    asked: str = ""
    """The text of the request."""

    @property
    def ids(self) -> tuple[str, str]:
        """Of the request and of the offer."""
        return self.request.id, self.offer.id


def can_match(request: Proposition, offer: Proposition, now: datetime) -> bool:
    """Whether the two may be proposed at all, however alike they are."""
    return (
        request.is_open(now)
        and offer.is_open(now)
        and request.member_id != offer.member_id
        and request.organisation_id != offer.organisation_id
        and is_ours_to_match(request, offer)
        and offer.kind in kinds_that_answer(request.kind)
        and _within_reach(request, offer)
        and _periods_overlap(request, offer)
        and _levels_fit(request, offer)
        and _languages_fit(request, offer)
        and _there_is_room(request, offer)
    )


def may_stay(request: Proposition, offer: Proposition, now: datetime) -> bool:
    """Whether a proposed match goes on after a change: the two can be matched, or the one is about the other."""
    return can_match(request, offer, now) or may_be_about(request, offer)


def may_be_about(request: Proposition, offer: Proposition) -> bool:
    """Whether a request is about an offer of somebody else, of another organisation."""
    return request.about_offer_id == offer.id and request.organisation_id != offer.organisation_id


def is_ours_to_match(request: Proposition, offer: Proposition) -> bool:
    """Whether no other node matches the two: what a region asks, it matches itself with its own and with ours."""
    if request.node is None:
        return True
    return request.escalated and offer.node is not None and offer.node != request.node


def kinds_that_answer(kind: Kind) -> frozenset[Kind]:
    """The kinds of offers that answer a request of a kind."""
    return frozenset({kind, *_ANSWERED_ALSO_BY[kind]})


def how_far_it_answers(asked: Kind, offered: Kind) -> float:
    """1 for the same kind, less for another one that helps, 0 for one that does not."""
    return 1.0 if asked is offered else _ANSWERED_ALSO_BY[asked].get(offered, 0.0)


def kinds_answered_by(kind: Kind) -> frozenset[Kind]:
    """The kinds of requests that an offer of a kind answers."""
    return frozenset(asked for asked in Kind if kind in kinds_that_answer(asked))


def kilometres_between(one: Proposition, other: Proposition) -> float:
    """The distance in a straight line; the store narrows with the same formula."""
    return km_between(one.latitude, one.longitude, other.latitude, other.longitude)


def box_around(latitude: float, longitude: float, km: float) -> dict[str, float]:
    """The corners, in degrees, of a box that has everything within so many kilometres; a little more than that."""
    north = (km + 1) / KM_PER_DEGREE
    east = north / max(0.1, math.cos(math.radians(abs(latitude) + north)))
    return {"west": longitude - east, "east": longitude + east, "south": latitude - north, "north": latitude + north}


def _within_reach(request: Proposition, offer: Proposition) -> bool:
    if offer.kind in KINDS_WITHOUT_DISTANCE:
        return True
    reaches = [reach for reach in (request.reach_km, offer.reach_km) if reach is not None]
    return not reaches or kilometres_between(request, offer) <= min(reaches)


def _periods_overlap(request: Proposition, offer: Proposition) -> bool:
    begin, end = shared_period(request, offer)
    return begin is None or end is None or begin <= end


def shared_period(request: Proposition, offer: Proposition) -> tuple[date | None, date | None]:
    """The first and the last day that suit both; none where neither says so."""
    begins = [day for day in (request.starts_on, offer.starts_on) if day]
    ends = [day for day in (request.ends_on, offer.ends_on) if day]
    return max(begins, default=None), min(ends, default=None)


def period_of_both(request: Proposition, offer: Proposition) -> tuple[date, date] | None:
    """The first and the last day that suit both, when each says something of a period and one says all of it.

    What takes up a whole period, as an internship does, needs half of the shorter one; none where less suits both.
    """
    begin, end = shared_period(request, offer)
    both = [one for one in (request, offer) if one.starts_on or one.ends_on]
    days = [_days(one.starts_on, one.ends_on) for one in both if one.starts_on and one.ends_on]
    if begin is None or end is None or begin > end or len(both) < 2 or not days:
        return None
    needs = PERIOD_SHARED_MIN if offer.kind in KINDS_OF_TWO_SIDES else 0.0
    return (begin, end) if _days(begin, end) >= needs * min(days) else None


def _days(first: date, last: date) -> int:
    return (last - first).days + 1


def _levels_fit(request: Proposition, offer: Proposition) -> bool:
    if request.mbo_level is None or offer.mbo_level is None:
        return True
    return abs(request.mbo_level - offer.mbo_level) <= LEVELS_APART_MAX


def _languages_fit(request: Proposition, offer: Proposition) -> bool:
    return not (request.languages and offer.languages) or not set(request.languages).isdisjoint(offer.languages)


def _there_is_room(request: Proposition, offer: Proposition) -> bool:
    if offer.kind not in KINDS_FOR_A_GROUP or request.participants is None or offer.participants is None:
        return True
    return request.participants <= offer.participants
