"""When nobody answers: a reminder, then somebody else or the end of the match, and a request that is unanswered.

`overdue` finds for whom it is time. Each looks whether it still applies: somebody may have answered meanwhile.
"""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.matching import AnswerOverdue, RequestUnanswered
from contracts.vocabulary import Side
from services.matching import escalating, matches, proposing, propositions, showing, steps
from services.matching.match import RUNNING
from services.matching.patience import answer_by, given_up_at, until_reminder
from services.matching.settings import MatchingSettings


def until_unanswered(settings: MatchingSettings) -> timedelta:
    """How long after it was opened a request should have led to an introduction."""
    return timedelta(days=settings.unanswered_after_days)


async def remind(session: AsyncSession, match_id: str, now: datetime, settings: MatchingSettings) -> None:
    """Whoever has not answered is reminded, once for each step, as long as both ends are open."""
    shown = await showing.find(session, match_id)
    if shown is None or shown.match.state not in RUNNING or shown.match.reminded_at:
        return
    match = shown.match
    if now >= match.waiting_since + until_reminder(settings) and match.waits_for() and shown.both_open(now):
        match = steps.remind(match, now)
        await matches.save(session, match)
        team = await proposing.team_for(session, match)
        then = {"answer_by": answer_by(match, settings), "then_the_team": steps.can_be_taken_over(match, team)}
        say(session, AnswerOverdue(**match.told(), waiting_for=match.waits_for(), **then))


async def end_patience(session: AsyncSession, match_id: str, now: datetime, settings: MatchingSettings) -> None:
    """What an ambassador left goes to the node's team; what the sides, or the team, left lapses.

    A request whose last match lapsed so is unanswered from then on, unless it was who asks that did not answer.
    """
    shown = await showing.find(session, match_id)
    if shown is None or shown.match.state not in RUNNING:
        return
    match = shown.match
    if now < given_up_at(match, settings):
        return
    team = await proposing.team_for(session, match)
    if steps.can_be_taken_over(match, team) and shown.both_open(now):
        await proposing.hand_over(session, match, team, now)
        return
    if match.owner:  # which ends it in its own time
        return
    await proposing.end(session, [match], "unanswered")
    asker_is_silent = Side.REQUEST.value in match.awaits()
    if not asker_is_silent and not await matches.running_of(session, match.request_id):
        await mark_unanswered(session, match.request_id, now, settings, opened_before=now)


async def end_asking(session: AsyncSession, request_id: str, now: datetime, settings: MatchingSettings) -> None:
    """A request that was opened so long ago should have been answered by now."""
    await mark_unanswered(session, request_id, now, settings, opened_before=now - until_unanswered(settings))


async def mark_unanswered(
    session: AsyncSession, request_id: str, now: datetime, settings: MatchingSettings, *, opened_before: datetime
) -> None:
    """A request that led to no introduction since it was opened is unanswered: that is said, once."""
    marked = await propositions.mark_unanswered(session, request_id, now, opened_before=opened_before)
    if marked:
        member_id, title, version = marked
        say(session, RequestUnanswered(request_id=request_id, version=version, member_id=member_id, title=title))
        if settings.escalate_unanswered:
            await escalating.escalate(session, request_id, now, settings)
