"""How long whoever a match waits for is waited for: decisions alone, for who waits and for who says until when."""

from datetime import datetime, timedelta

from services.matching.match import Match
from services.matching.settings import MatchingSettings


def until_reminder(settings: MatchingSettings) -> timedelta:
    """How long after a step began whoever has not answered is reminded."""
    return timedelta(hours=settings.reminder_after_hours)


def until_given_up(settings: MatchingSettings) -> timedelta:
    """How long after a step began it is given up."""
    return timedelta(hours=settings.patience_hours)


def given_up_at(match: Match, settings: MatchingSettings) -> datetime:
    """When patience with a match is over: twice as late where another node first has its own team look.

    Who was reminded late, because nobody looked for days, has as long after that as ever.
    """
    after = until_given_up(settings) * (2 if match.owner is None and match.other_nodes() else 1)
    return max(match.waiting_since, (match.reminded_at or match.waiting_since) - until_reminder(settings)) + after


def answer_by(match: Match, settings: MatchingSettings) -> datetime | None:
    """Until when can be done what a match waits for; none where its owner, another node, has a patience of its own."""
    return given_up_at(match, settings) if match.awaits() and match.owner is None else None
