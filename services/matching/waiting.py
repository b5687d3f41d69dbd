"""When nobody answers: a reminder, then somebody else or the end of the match, and a request that is unanswered.

The timers are events (`contracts.matching`); each looks whether it still applies, because a timer is never taken back.
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.matching import AnswerOverdue, RequestUnanswered
from services.matching import escalating, matches, people, proposing, propositions, routing, showing, steps, timers
from services.matching.match import RUNNING
from services.matching.settings import MatchingSettings
from services.matching.steps import EARLY_PART_MAX


async def remind(session: AsyncSession, match_id: str, now: datetime, settings: MatchingSettings) -> None:
    """Whoever has not answered is reminded, once for each step, as long as both ends are open; then patience begins."""
    shown = await showing.find(session, match_id)
    if shown is None or shown.match.state not in RUNNING or shown.match.reminded_at:
        return
    match = shown.match
    if not steps.is_due(match, timers.until_reminder(settings), now):
        timers.remind_later(session, match, settings)
        return
    if match.waits_for() and shown.both_open(now):
        match = steps.remind(match, now)
        await matches.save(session, match)
        say(session, AnswerOverdue(**match.told(), waiting_for=match.waits_for()))
    timers.end_patience_later(session, match, settings)


async def end_patience(session: AsyncSession, match_id: str, now: datetime, settings: MatchingSettings) -> None:
    """What an ambassador left goes to the node's team; what the sides, or the team, left lapses.

    A request whose last match lapsed so is unanswered from then on.
    """
    shown = await showing.find(session, match_id)
    if shown is None or shown.match.state not in RUNNING:
        return
    match = shown.match
    if not steps.is_due(match, timers.patience(settings, match), now):
        timers.end_patience_later(session, match, settings)
        return
    team = routing.choose_team(await people.node_team(session), match.sides())
    if steps.can_be_taken_over(match, team) and shown.both_open(now):
        await proposing.hand_over(session, match, team, now, settings)
        return
    if match.owner:  # which ends it in its own time
        return
    await proposing.end(session, [match], "unanswered")
    if not await matches.running_of(session, match.request_id):
        await mark_unanswered(session, match.request_id, now, settings, opened_before=now)


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


def asked_long_ago(now: datetime, settings: MatchingSettings) -> datetime:
    """A request that was opened before this should have been answered by now."""
    return now - timers.until_unanswered(settings) * (1 - EARLY_PART_MAX)
