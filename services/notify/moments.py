"""When a mail may go: decisions, without database, mail server or clock.

Hours are those of the clock in Amsterdam, summer and winter.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from contracts.days import AMSTERDAM
from services.notify.templates import Category, Rhythm

_SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Habits:
    """What the node does for who never chose."""

    desk: Rhythm
    digest_hour: int

    def rhythm(self, category: Category | None) -> Rhythm:
        """How often a category is mailed to who never chose."""
        return self.desk if category is Category.DESK else Rhythm.AT_ONCE


@dataclass(frozen=True, slots=True)
class Wishes:
    """What a member chose: a rhythm by category, quiet hours, and whether mail may come in the weekend."""

    muted: Sequence[str] = ()
    rhythms: Mapping[str, str] = field(default_factory=dict)
    quiet_from: int | None = None
    quiet_until: int | None = None
    weekends: bool = True
    not_pushed: Sequence[str] = ()  # the categories that their devices are not told of

    def rhythm(self, category: Category | None, habits: Habits) -> Rhythm:
        """How often a category is mailed; what has none comes at once."""
        if category is None:
            return Rhythm.AT_ONCE
        if category.value in self.muted:
            return Rhythm.NONE
        chosen = self.rhythms.get(category.value)
        return Rhythm(chosen) if chosen else habits.rhythm(category)

    def is_pushed(self, category: Category | None) -> bool:
        """Whether their devices are told of it, too; how often it is mailed is another choice."""
        return category is None or category.value not in self.not_pushed

    def not_before(self, moment: datetime) -> datetime:
        """The same moment, or the first one after it that is neither in quiet hours nor in a weekend to be left out."""
        while (end := self._end_of_quiet(moment.astimezone(AMSTERDAM))) is not None:
            moment = end
        return moment.astimezone(UTC)

    def _end_of_quiet(self, local: datetime) -> datetime | None:
        if not self.weekends and local.weekday() >= _SATURDAY:
            return _at(local, 7 - local.weekday(), 0)
        if self.quiet_from is None or self.quiet_until is None or self.quiet_from == self.quiet_until:
            return None
        if self.quiet_from < self.quiet_until:
            return _at(local, 0, self.quiet_until) if self.quiet_from <= local.hour < self.quiet_until else None
        if local.hour >= self.quiet_from:
            return _at(local, 1, self.quiet_until)
        return _at(local, 0, self.quiet_until) if local.hour < self.quiet_until else None

    def digest_at(self, rhythm: Rhythm, habits: Habits, now: datetime) -> datetime:
        """When what comes in now is mailed together with the rest.

        Of what comes at most daily, all that comes in while mail is held is mailed on the morning after it.
        """
        if rhythm is Rhythm.AT_MOST_DAILY and (end := self.not_before(now)) > now:
            return self._morning(end, habits)
        local = now.astimezone(AMSTERDAM)
        days = 1 if rhythm is Rhythm.AT_MOST_DAILY or now >= _at(local, 0, habits.digest_hour) else 0
        if rhythm is Rhythm.WEEKLY:
            days += -(local.weekday() + days) % 7  # to the Monday that comes, or that it is
        return self._morning(_at(local, days, habits.digest_hour), habits)

    def _morning(self, moment: datetime, habits: Habits) -> datetime:
        """The first moment from then on at which mail may come, and the hour of that day at which digests go."""
        first = self.not_before(moment)
        return self.not_before(max(first, _at(first.astimezone(AMSTERDAM), 0, habits.digest_hour)))


def wishes_from(chosen: Mapping[str, Any] | None) -> Wishes:
    """What a member chose, from the row that has it; who never chose has none."""
    return Wishes(**{name: chosen[name] for name in Wishes.__dataclass_fields__}) if chosen else Wishes()


def day_of(moment: datetime) -> str:
    """The day on the calendar in Amsterdam, as 2026-11-26."""
    return moment.astimezone(AMSTERDAM).date().isoformat()


def _at(local: datetime, days: int, hour: int) -> datetime:
    """An hour on the clock, so many days on; in summer and winter time alike."""
    return datetime.combine(local.date() + timedelta(days=days), time(hour), AMSTERDAM).astimezone(UTC)
