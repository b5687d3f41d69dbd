"""Matches of other nodes that our people are a side of, and what our own matches hear from the nodes of their sides."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.matching import AnswerGiven, JudgementGiven, MatchDismissed, MatchTold
from contracts.vocabulary import Side
from services.matching import (
    answering,
    copying,
    judging,
    matches,
    people,
    propositions,
    routing,
    showing,
    steps,
    timers,
)
from services.matching.copying import NotTheirMatch
from services.matching.match import RUNNING, Match
from services.matching.settings import MatchingSettings


async def keep(session: AsyncSession, told: MatchTold, owner: str, now: datetime, settings: MatchingSettings) -> None:
    """Keeps where a match of another node is, and tells our own people what is news to them.

    Nothing is kept of a request or an offer that we do not have (any more), nor of somebody who was erased.
    """
    if not settings.is_national and owner != settings.national_node:  # no region owns a match with another
        raise NotTheirMatch
    ours = copying.side_here(told, settings.node)
    known = await showing.find(session, told.match_id)
    before = known.match if known else None
    if before is None:
        after = await _copied(session, told, ours, owner, now)
        if after is None:
            return
        await matches.add(session, [after], [], elsewhere=_elsewhere(told, ours))
    else:
        after = copying.brought_up_to_date(before, told, ours, owner, now)
        if after == before:
            return
        await matches.save(session, after)
    shown = await showing.show(session, told.match_id)  # with what the other node is called
    for event in copying.news(before, shown.match, ours):
        say(session, event)
    if after.state in RUNNING and (before is None or before.state is not after.state):
        timers.remind_later(session, after, settings)


async def _copied(session: AsyncSession, told: MatchTold, ours: Side, owner: str, now: datetime) -> Match | None:
    own_id = told.request_id if ours is Side.REQUEST else told.offer_id
    own = (await propositions.find(session, [own_id])).get(own_id)
    other = copying.other_party(told, ours, owner)
    if own is None or (own.side, own.node) != (ours, None):
        return None
    if await people.is_forgotten(session, other.member_id, other.node):
        return None
    ambassadors, team = await people.who_may_look(session, [own])
    chosen = routing.choose_ambassador(own, own, ambassadors, team)
    return copying.copied(told, ours, own.party(), owner, chosen, now)


def _elsewhere(told: MatchTold, ours: Side) -> dict[str, object]:
    """The side that is not ours, as it is kept beside the match: its request or offer is not known here by itself."""
    party = told.offerer if ours is Side.REQUEST else told.asker
    return {"party": party.model_dump(mode="json"), "wording": told.theirs.model_dump(mode="json")}


async def take_judgement(
    session: AsyncSession, given: JudgementGiven, said_by: str, now: datetime, settings: MatchingSettings
) -> None:
    """The ambassador of a side in another node saw a fit in our match, or none; heard again it changes nothing."""
    match = await _own(session, given.match_id, given.side, said_by)
    if match is None or match.state not in RUNNING:  # it ended here before this came: that is on its way to them
        return
    if given.endorsed and given.side not in match.endorsed_for:
        await judging.go_on(session, steps.endorse(match, now, given.side), settings)
    elif not given.endorsed:
        match = steps.dismiss_for(match, given.side, given.because or "other")
        await matches.save(session, match)
        say(session, MatchDismissed(**match.told(), dismissed_because=match.dismissed_because or ""))


async def take_answer(session: AsyncSession, given: AnswerGiven, said_by: str, now: datetime) -> None:
    """A side in another node answered our match; heard again it changes nothing."""
    match = await _own(session, given.match_id, given.side, said_by)
    if match and match.state in RUNNING and match.answer_of(given.side) is not given.accepted:
        await answering.give(session, match, given.side, accepted=given.accepted, because=given.because, now=now)


async def _own(session: AsyncSession, match_id: str, side: Side, said_by: str) -> Match | None:
    """Our match, which the node of one of its sides may say something of; none when it is gone by an erasure."""
    shown = await showing.find(session, match_id)
    if shown is None:
        return None
    if shown.match.owner or shown.match.party(side).node != said_by:
        raise NotTheirMatch
    return shown.match
