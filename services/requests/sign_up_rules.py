"""Who comes to a meeting: decisions, without database or clock.

Who asks first has a place first; who waits longest is the first to get one that is freed. A place that somebody has is
never taken away again, also when there is less room than was thought.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from chassis.problems import Problem
from contracts.calendar import span
from contracts.days import AMSTERDAM
from contracts.meetings import Meeting, Standing
from contracts.vocabulary import Kind
from services.requests.rules import end_of, last_day

#: When who comes to a meeting is reminded, on the Dutch clock of the day before.
REMINDED_AT = time(9)

#: Who has asked for a place, whether or not they have one.
WANTED = frozenset({Standing.ASKED, Standing.PLACE, Standing.WAITING})

#: What somebody has who signed up twice, as under two references that turned out to be of one person.
_COUNTS_FIRST = (Standing.PLACE, Standing.WAITING, Standing.ASKED)

#: What of a meeting, when it changes, is told to who comes.
_TOLD = ("title", "place", "venue", "starts_on", "ends_on", "from_time", "until_time")


class TipNotFound(Problem, slug="tip-not-found", status=404, title="This tip does not exist (any more)"):
    """No such tip stands."""


class MeetingNotFound(Problem, slug="meeting-not-found", status=404, title="This meeting does not exist (any more)"):
    """No such meeting stands."""


class MeetingOver(Problem, slug="meeting-over", status=409, title="This meeting has begun, or is over"):
    """Nobody can sign up for it any more."""


class OwnMeeting(Problem, slug="own-meeting", status=409, title="This meeting is your own: you are expected"):
    """Its organiser takes no place."""


class SignUpElsewhere(Problem, slug="sign-up-elsewhere", status=409, title="Sign up with the organiser themselves"):
    """The meeting names an address for that: `sign_up_url`."""


class NotSignedUp(Problem, slug="not-signed-up", status=404, title="You are not signed up for this meeting"):
    """There is nothing to cancel."""


class NoDayKnown(Problem, slug="no-day-known", status=409, title="Nobody said yet when this meeting is"):
    """Without a day there is nothing to write in a calendar."""


@dataclass(frozen=True, slots=True)
class InLine:
    """Somebody who has a place or waits for one."""

    sign_up_id: str
    standing: Standing


def standing_of_new(line: Sequence[InLine], places: int | None) -> Standing:
    """What who asks now gets; `places` is how many there are, none when there is no limit."""
    has_room = places is None or _taken(line) < places
    return (
        Standing.PLACE if has_room and not any(one.standing is Standing.WAITING for one in line) else Standing.WAITING
    )


def rank(standing: Standing) -> int:
    """Of what one person signed up for the same meeting, the lowest is how they stand."""
    return _COUNTS_FIRST.index(standing) if standing in WANTED else len(_COUNTS_FIRST)


def who_moves_up(line: Sequence[InLine], places: int | None) -> list[str]:
    """Who waits, the longest first, and has a place from now on; `line` is in the order in which they asked."""
    waiting = [one.sign_up_id for one in line if one.standing is Standing.WAITING]
    return waiting if places is None else waiting[: max(0, places - _taken(line))]


def is_over(meeting: Meeting, now: datetime) -> bool:
    """Whether a meeting has begun. One of which the day is not known has not; one without an hour lasts its day."""
    if meeting.starts_on is None:
        return False
    begin, _ = span(meeting.starts_on, meeting.ends_on, meeting.from_time, meeting.until_time)
    return now >= (begin if isinstance(begin, datetime) else end_of(meeting.starts_on))


def has_been(meeting: Meeting, now: datetime) -> bool:
    """Whether the last day of a meeting is past; one of which the day is not known is still to come."""
    day = last_day(Kind.MEETING, meeting.starts_on, meeting.ends_on)
    return day is not None and end_of(day) <= now


def reminder_at(meeting: Meeting) -> datetime | None:
    """When who comes is reminded: on the morning of the day before; none while the day is not known."""
    day = meeting.starts_on and meeting.starts_on - timedelta(days=1)
    return datetime.combine(day, REMINDED_AT, AMSTERDAM).astimezone(UTC) if day else None


def reminder_to_come(meeting: Meeting, now: datetime) -> datetime | None:
    """The same, as long as that morning has not come."""
    at = reminder_at(meeting)
    return at if at is not None and at > now else None


def is_time_to_remind(meeting: Meeting, now: datetime) -> bool:
    """Whether that morning has come, and the meeting has not begun."""
    at = reminder_at(meeting)
    return at is not None and at <= now and not is_over(meeting, now)


def has_moved(before: Meeting, after: Meeting) -> bool:
    """Whether something changed that who comes has to know."""
    return any(getattr(before, name) != getattr(after, name) for name in _TOLD)


def _taken(line: Sequence[InLine]) -> int:
    return sum(one.standing is Standing.PLACE for one in line)
