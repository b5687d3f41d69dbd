"""A match that another node owns, as it is kept here: what its owner told, and what our own people did since. Pure.

The owner alone takes its steps. What our ambassador and our member say is written down at once, so that they see it
and nobody is asked twice, and told to the owner; a line that is cut only makes the rest wait. In whatever order things
are heard, the newest that the owner told holds, and no yes of ours is taken back.
"""

from dataclasses import replace
from datetime import datetime

from chassis import Problem
from contracts.matching import (
    IntroductionMade,
    MatchAnswered,
    MatchDismissed,
    MatchEndorsed,
    MatchLapsed,
    MatchProposed,
    MatchTold,
    Party,
)
from contracts.vocabulary import Side
from services.matching.match import RUNNING, Match, State

News = MatchProposed | MatchEndorsed | MatchDismissed | MatchAnswered | IntroductionMade | MatchLapsed


class NotTheirMatch(Problem, slug="match-of-another-node", status=403, title="This match is not that node's to tell"):
    """Another node owns it, or none of its sides is ours."""


class NobodySaidYes(Problem, slug="introduction-without-yes", status=409, title="Our own member did not say yes"):
    """Another node says that two people are introduced, of whom one said nothing here: nobody learns who they are."""


def side_here(told: MatchTold, here: str) -> Side:
    """Which side of a match is ours; raises `NotTheirMatch` when it is not just one."""
    ours = [side for side, party in ((Side.REQUEST, told.asker), (Side.OFFER, told.offerer)) if party.node == here]
    if len(ours) != 1:
        raise NotTheirMatch
    return ours[0]


def other_party(told: MatchTold, ours: Side, owner: str) -> Party:
    """The side that is not ours, with its node."""
    party = told.offerer if ours is Side.REQUEST else told.asker
    return party.model_copy(update={"node": party.node or owner})


def copied(
    told: MatchTold, ours: Side, own: Party, owner: str, ambassador_ids: tuple[str, ...], now: datetime
) -> Match:
    """A match that was not known here; `own` is our side as it stands here."""
    if State(told.state) is State.INTRODUCED:
        raise NobodySaidYes
    other = other_party(told, ours, owner)
    asker, offerer = (own, other) if ours is Side.REQUEST else (other, own)
    state = State(told.state)
    return Match(
        match_id=told.match_id,
        version=1,
        request_id=told.request_id,
        offer_id=told.offer_id,
        asker=asker,
        offerer=offerer,
        request_kind=told.request_kind,
        offer_kind=told.offer_kind,
        score=told.score,
        reasons=told.reasons,
        ambassador_ids=ambassador_ids if state is State.PROPOSED and ours not in told.endorsed_for else (),
        state=state,
        waiting_since=now,
        endorsed_at=now if state is State.ENDORSED else None,
        asker_accepted=told.asker_accepted,
        offerer_accepted=told.offerer_accepted,
        dismissed_because=told.dismissed_because,
        declined_because=told.declined_because,
        lapsed_because=told.lapsed_because,
        endorsed_for=told.endorsed_for,
        owner=owner,
        told_version=told.version,
        asked_about=told.asked_about,
    )


def brought_up_to_date(copy: Match, told: MatchTold, ours: Side, owner: str, now: datetime) -> Match:
    """The copy after what its owner told; the same when that is not news.

    Raises `NotTheirMatch` when another node tells it, and `NobodySaidYes`. What we ended ourselves, by our own no,
    the owner cannot have gone on with.
    """
    if copy.owner != owner or {copy.request_id: Side.REQUEST, copy.offer_id: Side.OFFER} != {
        told.request_id: Side.REQUEST,
        told.offer_id: Side.OFFER,
    }:
        raise NotTheirMatch
    if told.version <= (copy.told_version or 0):
        return copy
    accepted = {Side.REQUEST: told.asker_accepted, Side.OFFER: told.offerer_accepted}
    accepted[ours] = copy.answer_of(ours)
    if State(told.state) is State.INTRODUCED and not accepted[ours]:
        raise NobodySaidYes
    state = State(told.state)
    if copy.state not in RUNNING and state in RUNNING:
        state = copy.state
    is_asked_now = state is State.ENDORSED and copy.endorsed_at is None
    return replace(
        copy,
        version=copy.version + 1,
        told_version=told.version,
        state=state,
        endorsed_for=tuple(side for side in Side if side in told.endorsed_for or side in copy.endorsed_for),
        endorsed_at=now if is_asked_now else copy.endorsed_at,
        waiting_since=now if is_asked_now or state is not copy.state else copy.waiting_since,
        reminded_at=None if is_asked_now else copy.reminded_at,
        asker_accepted=accepted[Side.REQUEST],
        offerer_accepted=accepted[Side.OFFER],
        dismissed_because=copy.dismissed_because or told.dismissed_because,
        declined_because=copy.declined_because or told.declined_because,
        lapsed_because=copy.lapsed_because or told.lapsed_because,
    )


def news(before: Match | None, after: Match, ours: Side) -> list[News]:
    """What our own people hear of it, as of any match."""
    if before is None:
        return [one for one in [as_it_is(after)] if after.state in RUNNING and one]
    if before.state not in RUNNING:
        return []
    theirs = Side.OFFER if ours is Side.REQUEST else Side.REQUEST
    answer, heard = after.answer_of(theirs), list[News]()
    if answer is not None and before.answer_of(theirs) is None:
        heard.append(MatchAnswered(**after.told(), side=theirs, accepted=answer))
    if after.state is not before.state:
        heard.append(as_it_is(after))
    return heard


def as_it_is(match: Match, answer_by: datetime | None = None) -> News:
    """The event that tells where a match is, with until when can be answered what it waits for."""
    match match.state:
        case State.PROPOSED:
            return MatchProposed(**match.told())
        case State.ENDORSED:
            return MatchEndorsed(**match.told(), answer_by=answer_by)
        case State.DISMISSED:
            return MatchDismissed(**match.told(), dismissed_because=match.dismissed_because or "")
        case State.INTRODUCED:
            return IntroductionMade(**match.told())
        case State.LAPSED:
            return MatchLapsed(**match.told_of_lapse())
