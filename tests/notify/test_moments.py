"""When mail may go: pure rules, and the clock of Amsterdam."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.days import AMSTERDAM
from services.notify.moments import Habits, Wishes, day_of
from services.notify.templates import Category, Rhythm

HABITS = Habits(desk=Rhythm.AT_MOST_DAILY, digest_hour=8)
hours = st.none() | st.integers(0, 23)
moments = st.integers(0, 2 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)


def local(text: str) -> datetime:
    """A moment by the clock in Amsterdam, as 2026-11-26 09:30."""
    return datetime.fromisoformat(text).replace(tzinfo=AMSTERDAM)


def by_the_clock(moment: datetime) -> str:
    return moment.astimezone(AMSTERDAM).strftime("%a %Y-%m-%d %H:%M")


def test_who_never_chose_is_mailed_at_once_but_about_a_desk_once_a_day():
    assert Wishes().rhythm(Category.PROPOSALS, HABITS) is Rhythm.AT_ONCE
    assert Wishes().rhythm(Category.DESK, HABITS) is Rhythm.AT_MOST_DAILY
    assert Wishes(rhythms={"desk": "weekly"}).rhythm(Category.DESK, HABITS) is Rhythm.WEEKLY
    assert Wishes(muted=["desk"], rhythms={"desk": "weekly"}).rhythm(Category.DESK, HABITS) is Rhythm.NONE
    assert Wishes(muted=list(Category)).rhythm(None, HABITS) is Rhythm.AT_ONCE


@pytest.mark.parametrize(
    ("wishes", "now", "goes"),
    [
        (Wishes(), "2026-11-26 03:00", "Thu 2026-11-26 03:00"),
        (Wishes(quiet_from=22, quiet_until=7), "2026-11-26 21:59", "Thu 2026-11-26 21:59"),
        (Wishes(quiet_from=22, quiet_until=7), "2026-11-26 22:00", "Fri 2026-11-27 07:00"),
        (Wishes(quiet_from=22, quiet_until=7), "2026-11-26 06:59", "Thu 2026-11-26 07:00"),
        (Wishes(quiet_from=12, quiet_until=14), "2026-11-26 13:30", "Thu 2026-11-26 14:00"),
        (Wishes(quiet_from=9, quiet_until=9), "2026-11-26 09:30", "Thu 2026-11-26 09:30"),
        (Wishes(weekends=False), "2026-11-28 10:00", "Mon 2026-11-30 00:00"),
        (Wishes(quiet_from=22, quiet_until=7, weekends=False), "2026-11-27 23:00", "Mon 2026-11-30 07:00"),
        # The night in which the clock goes forward has no half past two, and the other has two of them.
        (Wishes(quiet_from=0, quiet_until=2), "2027-03-28 01:30", "Sun 2027-03-28 03:00"),
        (Wishes(quiet_from=22, quiet_until=7), "2027-10-31 02:30", "Sun 2027-10-31 07:00"),
    ],
)
def test_no_mail_comes_in_quiet_hours_or_an_unwanted_weekend(wishes, now, goes):
    assert by_the_clock(wishes.not_before(local(now))) == goes


@pytest.mark.parametrize(
    ("rhythm", "now", "goes"),
    [
        (Rhythm.DAILY, "2026-11-26 07:59", "Thu 2026-11-26 08:00"),
        (Rhythm.DAILY, "2026-11-26 08:00", "Fri 2026-11-27 08:00"),
        (Rhythm.AT_MOST_DAILY, "2026-11-26 07:59", "Fri 2026-11-27 08:00"),
        (Rhythm.WEEKLY, "2026-11-26 10:00", "Mon 2026-11-30 08:00"),
        (Rhythm.WEEKLY, "2026-11-30 07:00", "Mon 2026-11-30 08:00"),
        (Rhythm.WEEKLY, "2026-11-30 08:00", "Mon 2026-12-07 08:00"),
    ],
)
def test_what_is_gathered_goes_in_the_morning(rhythm, now, goes):
    assert by_the_clock(Wishes().digest_at(rhythm, HABITS, local(now))) == goes


@pytest.mark.parametrize(
    ("now", "goes"),
    [
        ("2026-11-26 10:00", "Fri 2026-11-27 08:00"),
        ("2026-11-26 23:00", "Fri 2026-11-27 08:00"),
        ("2026-11-27 06:30", "Fri 2026-11-27 08:00"),
        ("2026-11-27 10:00", "Mon 2026-11-30 08:00"),
        ("2026-11-28 10:00", "Mon 2026-11-30 08:00"),
        ("2026-11-29 23:00", "Mon 2026-11-30 08:00"),
    ],
)
def test_what_comes_for_a_desk_in_a_silence_goes_with_the_rest_on_the_morning_after_it(now, goes):
    wishes = Wishes(quiet_from=22, quiet_until=7, weekends=False)
    assert by_the_clock(wishes.digest_at(Rhythm.AT_MOST_DAILY, HABITS, local(now))) == goes


def test_what_is_gathered_for_a_quiet_morning_goes_after_it():
    wishes = Wishes(quiet_from=22, quiet_until=9, weekends=False)
    assert by_the_clock(wishes.digest_at(Rhythm.DAILY, HABITS, local("2026-11-27 10:00"))) == "Mon 2026-11-30 09:00"


@given(moments, hours, hours, st.booleans())
def test_a_mail_waits_for_less_than_four_days_and_then_may_go(now, quiet_from, quiet_until, weekends):
    wishes = Wishes(quiet_from=quiet_from, quiet_until=quiet_until, weekends=weekends)

    goes = wishes.not_before(now)

    assert now <= goes < now + timedelta(days=4)
    assert wishes.not_before(goes) == goes


@given(moments, st.sampled_from([Rhythm.DAILY, Rhythm.AT_MOST_DAILY, Rhythm.WEEKLY]), st.integers(0, 23))
def test_a_digest_is_always_later_and_within_eight_days(now, rhythm, hour):
    goes = Wishes().digest_at(rhythm, Habits(Rhythm.AT_ONCE, hour), now)

    assert now < goes < now + timedelta(days=8)
    assert rhythm is not Rhythm.AT_MOST_DAILY or day_of(goes) > day_of(now)
