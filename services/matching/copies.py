"""Matches of other nodes that our people are a side of, and what our own matches hear from the nodes of their sides."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_heard, say, say_later
from contracts.matching import AnswerGiven, JudgementGiven, MatchDismissed, MatchLapsed, MatchTold, TellAgainDue
from contracts.vocabulary import Side
from services.matching import (
    answering,
    copying,
    judging,
    matches,
    one_person,
    people,
    propositions,
    routing,
    showing,
    steps,
    telling,
)
from services.matching.copying import NotTheirMatch
from services.matching.match import RUNNING, Match, State
from services.matching.settings import MatchingSettings


async def keep(
    session: AsyncSession, told: MatchTold, owner: str, now: datetime, settings: MatchingSettings, streams: Streams
) -> None:
    """Keeps where a match of another node is, and tells our own people what is news to them.

    Nothing is kept of a request or an offer that we do not have (any more), nor of somebody who was erased. What we
    may not have heard yet, such as behind others that are being read, is asked for again as long as the match runs.
    """
    if not settings.is_national and owner != settings.national_node:  # no region owns a match with another
        raise NotTheirMatch
    ours = copying.side_here(told, settings.node)
    known = await showing.find(session, told.match_id)
    before = known.match if known else None
    if before is None:
        after = await _copied(session, told, ours, owner, now, settings)
        if after is None:
            other = copying.other_party(told, ours, owner)
            if await people.is_forgotten(session, other.member_id, other.node):  # told by who had not heard it yet
                await forget_heard(streams, owner, speaker="matching", entity_ids=[told.match_id], keep=[MatchLapsed])
            return
        if after.state in RUNNING and await matches.are_introduced(session, after):
            _say_no(session, after, ours)
            return
        await matches.add(session, [after], [], elsewhere=_elsewhere(told, ours))
    else:
        after = copying.brought_up_to_date(before, told, ours, owner, now)
        if after == before:
            return
        await matches.save(session, after)
        await matches.keep_elsewhere(session, after.match_id, _elsewhere(told, ours))
    shown = await showing.show(session, told.match_id)  # with what the other node is called
    for event in copying.news(before, shown.match, ours):
        say(session, event)
    _say_again(session, after, told, ours)


def _say_again(session: AsyncSession, copy: Match, told: MatchTold, ours: Side) -> None:
    """What our own people said, when the owner tells a running match without it: a node that was put back lost it."""
    owner, heard = copy.owner, told.asker_accepted if ours is Side.REQUEST else told.offerer_accepted
    answer = copy.answer_of(ours)
    if State(told.state) is State.PROPOSED and ours in copy.endorsed_for and ours not in told.endorsed_for:
        say(session, JudgementGiven(match_id=copy.match_id, side=ours, endorsed=True), to=owner)
    elif State(told.state) is State.ENDORSED and heard is None and answer is not None:
        because = None if answer else copy.declined_because
        say(session, AnswerGiven(match_id=copy.match_id, side=ours, accepted=answer, because=because), to=owner)


def _say_no(session: AsyncSession, copy: Match, ours: Side) -> None:
    """The two met by a match that its owner lost in a restore, and now proposes anew: nobody is asked a second time."""
    if copy.state is State.PROPOSED:
        no = JudgementGiven(match_id=copy.match_id, side=ours, endorsed=False, because="other")
        say(session, no, to=copy.owner)
    else:
        say(session, AnswerGiven(match_id=copy.match_id, side=ours, accepted=False, because="other"), to=copy.owner)


async def _copied(
    session: AsyncSession, told: MatchTold, ours: Side, owner: str, now: datetime, settings: MatchingSettings
) -> Match | None:
    own_id = told.request_id if ours is Side.REQUEST else told.offer_id
    own = (await propositions.find(session, [own_id])).get(own_id)
    other = copying.other_party(told, ours, owner)
    if own is None:
        us = told.asker if ours is Side.REQUEST else told.offerer
        if State(told.state) in RUNNING and not await people.is_forgotten(session, us.member_id, None):
            again = TellAgainDue(match_id=told.match_id, node=owner)
            say_later(session, again, at=now + timedelta(seconds=settings.tell_back_after_seconds))
        return None
    if (own.side, own.node) != (ours, None):
        return None
    if await people.is_forgotten(session, other.member_id, other.node):
        return None
    ambassadors, team = await people.who_may_look(session, [own], now)
    known_as = await one_person.known_as(session, [own.member_id])
    chosen = routing.choose_ambassador(own, own, ambassadors, team, known_as)
    return copying.copied(told, ours, own.party(), owner, chosen, now)


def _elsewhere(told: MatchTold, ours: Side) -> dict[str, Any]:
    """The side that is not ours, as it is kept beside the match: its request or offer is not known here by itself."""
    party = told.offerer if ours is Side.REQUEST else told.asker
    return {"party": party.model_dump(mode="json"), "wording": told.theirs.model_dump(mode="json")}


async def take_judgement(
    session: AsyncSession, given: JudgementGiven, said_by: str, now: datetime, settings: MatchingSettings
) -> None:
    """The ambassador of a side in another node saw a fit in our match, or none."""
    match = await _own(session, given.match_id, given.side, said_by)
    if match is None:
        return
    if match.state not in RUNNING or (given.endorsed and given.side in match.endorsed_for):
        await telling.tell_other_nodes(session, [match], only=said_by)  # who says it again did not hear that we know
    elif given.endorsed:
        await judging.go_on(session, steps.endorse(match, now, given.side), settings)
    else:
        match = steps.dismiss_for_other(match, given.because or "other")
        await matches.save(session, match)
        say(session, MatchDismissed(**match.told(), dismissed_because=match.dismissed_because or ""))


async def take_answer(session: AsyncSession, given: AnswerGiven, said_by: str, now: datetime) -> None:
    """A side in another node answered our match."""
    match = await _own(session, given.match_id, given.side, said_by)
    if match is None:
        return
    if match.state not in RUNNING or match.answer_of(given.side) is given.accepted:
        await telling.tell_other_nodes(session, [match], only=said_by)  # who says it again did not hear that we know
    else:
        # Only who was asked again, since their node lost their yes in a restore, says no after it: the no holds.
        match = steps.unanswered(match, given.side)
        await answering.give(session, match, given.side, accepted=given.accepted, because=given.because, now=now)


async def _own(session: AsyncSession, match_id: str, side: Side, said_by: str) -> Match | None:
    """Our match, which the node of one of its sides may say something of; none when it is gone by an erasure."""
    shown = await showing.find(session, match_id)
    if shown is None:
        return None
    if shown.match.owner or shown.match.party(side).node != said_by:
        raise NotTheirMatch
    return shown.match
