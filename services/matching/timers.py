"""The timers of matching: events that are said for later, one of a type for each match or request."""

from datetime import datetime, timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say_later
from contracts.matching import AnswerAwaited, PatienceEnded, ReminderDue
from services.matching.settings import MatchingSettings
from services.matching.steps import Match


def remind_later(session: AsyncSession, match: Match, settings: MatchingSettings) -> None:
    """Whoever has to answer now is reminded if they have not by then."""
    say_later(session, ReminderDue(match_id=match.match_id), at=match.waiting_since + until_reminder(settings))


def end_patience_later(session: AsyncSession, match: Match, settings: MatchingSettings) -> None:
    """After the reminder there is this much patience."""
    say_later(session, PatienceEnded(match_id=match.match_id), at=match.waiting_since + patience(settings, match))


def await_answer(session: AsyncSession, request_id: str, now: datetime, settings: MatchingSettings) -> None:
    """A request was opened: by then it should have led to an introduction."""
    say_later(session, AnswerAwaited(request_id=request_id), at=now + until_unanswered(settings))


def until_reminder(settings: MatchingSettings) -> timedelta:
    """How long after a step began whoever has not answered is reminded."""
    return timedelta(hours=settings.reminder_after_hours)


def patience(settings: MatchingSettings, match: Match) -> timedelta:
    """How long after a step began it is given up; twice as long where another node first has its own team look."""
    return timedelta(hours=settings.patience_hours) * (2 if match.owner is None and match.other_nodes() else 1)


def until_unanswered(settings: MatchingSettings) -> timedelta:
    """How long after it was opened a request should have led to an introduction."""
    return timedelta(days=settings.unanswered_after_days)
