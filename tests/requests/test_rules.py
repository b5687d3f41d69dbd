"""What requests decides: how a request or an offer lives, until when it stands, who sees it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Identity
from contracts.days import AMSTERDAM
from contracts.vocabulary import Kind, Role, Side, Status
from services.requests import rules
from services.requests.rules import LIFE, Step, StepNotPossible

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
TODAY = date(2026, 11, 2)

days = st.dates(date(2020, 1, 1), date(2040, 12, 31))
moments = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001  they get UTC


def days_from(today: date, least: int, most: int) -> st.SearchStrategy[date]:
    """Days around another, at most so many away."""
    return st.integers(least, most).map(lambda ahead: today + timedelta(days=ahead))


# How it lives.


@pytest.mark.parametrize(
    ("step", "possible_from", "leads_to"),
    [
        (Step.OPEN, {"draft"}, "open"),
        (Step.CONVERSE, {"open", "expired"}, "in-conversation"),
        (Step.FULFIL, {"open", "in-conversation", "expired"}, "fulfilled"),
        (Step.WITHDRAW, {"open", "in-conversation", "expired"}, "withdrawn"),
        (Step.EXPIRE, {"open"}, "expired"),
        (Step.REOPEN, {"in-conversation", "fulfilled", "withdrawn", "expired"}, "open"),
    ],
)
def test_a_step_starts_from_some_places_and_leads_to_one(step, possible_from, leads_to):
    for status in Status:
        assert rules.can_take(status, step) == (status in possible_from)
        if status in possible_from:
            assert rules.status_after(status, step) == leads_to
        else:
            with pytest.raises(StepNotPossible) as refused:
                rules.status_after(status, step)
            assert refused.value.facts == {"step": step, "standing": status}


def test_of_what_was_taken_up_only_a_meeting_is_withdrawn_because_people_still_come_to_it():
    can_be = {
        (side, kind) for side in Side for kind in Kind if rules.can_take(Status.FULFILLED, Step.WITHDRAW, side, kind)
    }

    assert can_be == {(Side.OFFER, Kind.MEETING)}


def test_nothing_becomes_a_draft_again():
    assert Status.DRAFT not in {leads_to for _, leads_to in LIFE.values()}


def test_every_status_can_end_and_every_end_but_a_draft_can_be_reopened():
    for status in set(Status) - {Status.DRAFT}:
        assert status is Status.OPEN or rules.can_take(status, Step.REOPEN)


@given(st.permutations([Step.CONVERSE, Step.EXPIRE]))
def test_an_introduction_at_the_moment_of_expiry_counts_whichever_is_heard_first(steps):
    status = Status.OPEN
    for step in steps:
        if rules.can_take(status, step):
            status = rules.status_after(status, step)

    assert status is Status.IN_CONVERSATION


@pytest.mark.parametrize("closing", [Step.WITHDRAW, Step.FULFIL])
def test_what_a_member_closed_is_not_opened_by_an_introduction_or_a_timer(closing):
    closed = rules.status_after(Status.OPEN, closing)

    assert not rules.can_take(closed, Step.CONVERSE)
    assert not rules.can_take(closed, Step.EXPIRE)


def test_a_request_is_taken_up_by_its_first_introduction_and_of_offers_what_goes_to_one_party():
    assert all(rules.is_taken_up(Side.REQUEST, kind) for kind in Kind)
    assert {kind for kind in Kind if rules.is_taken_up(Side.OFFER, kind)} == {
        Kind.INTERNSHIP,
        Kind.PRACTICE_ASSIGNMENT,
        Kind.EQUIPMENT,
    }


# Days.


@pytest.mark.parametrize(
    ("day", "end"),
    [
        (date(2026, 11, 2), datetime(2026, 11, 2, 23, tzinfo=UTC)),
        (date(2026, 7, 1), datetime(2026, 7, 1, 22, tzinfo=UTC)),
        (date(2027, 3, 28), datetime(2027, 3, 28, 22, tzinfo=UTC)),  # the day that summer time begins
        (date(2026, 10, 25), datetime(2026, 10, 25, 23, tzinfo=UTC)),  # and the day that it ends
        (date(2026, 12, 31), datetime(2026, 12, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_day_ends_at_midnight_in_the_netherlands(day, end):
    assert rules.end_of(day) == end


@given(days)
def test_until_the_end_of_a_day_it_is_that_day_and_then_the_next(day):
    end = rules.end_of(day)

    assert rules.day_of(end - timedelta(microseconds=1)) == day
    assert rules.day_of(end) == day + timedelta(days=1)


@given(moments)
def test_a_moment_lies_in_its_own_day(moment):
    day = rules.day_of(moment)

    assert rules.end_of(day - timedelta(days=1)) <= moment < rules.end_of(day)


def errors(starts=None, ends=None, expires=None, kind=Kind.INTERNSHIP) -> dict[str, str]:
    """What is wrong with days that are so far from today."""
    starts_on, ends_on, expires_on = (
        None if ahead is None else TODAY + timedelta(days=ahead) for ahead in (starts, ends, expires)
    )
    return rules.period_errors(starts_on, ends_on, expires_on, today=TODAY, kind=kind)


def test_a_period_may_have_begun_and_may_be_one_day_but_may_not_be_over():
    assert errors() == errors(starts=-400) == errors(starts=-30, ends=0) == errors(starts=0, ends=0) == {}
    assert errors(ends=-1) == errors(starts=-9, ends=-1) == {"ends_on": "must not be in the past"}
    assert errors(starts=5, ends=4) == {"ends_on": "must not be before starts_on"}


def test_a_period_lies_within_five_years():
    assert errors(starts=5 * 365, ends=5 * 365) == {}
    assert set(errors(starts=5 * 365 + 1, ends=5 * 365 + 2)) == {"starts_on", "ends_on"}
    assert errors(starts=-5 * 365) == {}
    assert errors(starts=-5 * 365 - 1, ends=1) == {"starts_on": "must be within five years"}


def test_a_meeting_of_one_day_is_still_to_come_and_one_of_several_may_have_begun():
    assert errors(starts=0, kind=Kind.MEETING) == errors(starts=-1, ends=0, kind=Kind.MEETING) == {}
    assert errors(starts=-1, kind=Kind.MEETING) == {"starts_on": "must not be in the past"}


def test_it_stands_from_today_to_a_year_from_now_and_not_longer_than_its_period():
    assert errors(expires=0) == errors(expires=365) == errors(ends=30, expires=30) == {}
    assert errors(expires=-1) == {"expires_on": "must not be in the past"}
    assert errors(expires=366) == {"expires_on": "must be within a year"}
    assert errors(ends=30, expires=31) == {"expires_on": "must not be after ends_on: the period is over by then"}


def test_every_wrong_day_is_told_at_once():
    assert set(errors(starts=2000, ends=-1, expires=-1)) == {"starts_on", "ends_on", "expires_on"}


def expires(ends: int | None = None, expires: int | None = None) -> int:
    """In how many days something stops standing."""
    ends_on, expires_on = (None if ahead is None else TODAY + timedelta(days=ahead) for ahead in (ends, expires))
    end = rules.expiry(ends_on, expires_on, today=TODAY, open_days=90)
    return (end.astimezone(AMSTERDAM).date() - TODAY).days - 1


def test_it_stands_as_its_member_chose_or_through_its_period_or_a_number_of_days():
    assert (expires(ends=30, expires=7), expires(ends=30), expires()) == (7, 30, 90)


def test_nothing_stands_longer_than_a_year():
    assert expires(ends=1000) == 365


@given(moments, st.data())
def test_what_is_placed_now_expires_later_and_within_a_year(now, data):
    today = rules.day_of(now)
    ends_on = data.draw(st.none() | days_from(today, 0, 5 * 365))
    expires_on = data.draw(st.none() | days_from(today, 0, 365))
    if rules.period_errors(None, ends_on, expires_on, today=today):
        return

    at = rules.expiry(ends_on, expires_on, today=today, open_days=data.draw(st.integers(1, 365)))

    assert now < at <= now + timedelta(days=367)
    assert at == rules.end_of(rules.day_of(at - timedelta(seconds=1)))


# For whom, and who sees it.


def test_who_belongs_to_one_organisation_need_not_say_which():
    assert rules.own_organisation(None, ("a",)) == rules.own_organisation("a", ("a",)) == "a"
    assert rules.own_organisation("b", ("a", "b")) == "b"


@pytest.mark.parametrize(
    ("organisation_id", "own", "says"),
    [
        (None, (), "no organisation yet"),
        ("a", (), "no organisation yet"),
        (None, ("a", "b"), "choose one"),
        ("c", ("a", "b"), "must be an organisation that you belong to"),
        (["a"], ("a", "b"), "must be an organisation that you belong to"),
    ],
)
def test_nobody_asks_for_an_organisation_that_is_not_theirs(organisation_id, own, says):
    with pytest.raises(ValueError, match=says):
        rules.own_organisation(organisation_id, own)


def somebody(*roles: Role) -> Identity:
    """Somebody who is not its member."""
    return Identity(member_id="somebody", roles=frozenset({Role.MEMBER, *roles}))


def test_a_member_sees_no_requests_of_others_and_their_open_offers():
    assert rules.seen_of_others(somebody(), Side.REQUEST) == frozenset()
    assert rules.seen_of_others(somebody(), Side.OFFER) == {Status.OPEN}


@pytest.mark.parametrize("role", [Role.AMBASSADOR, Role.NODE_TEAM])
@pytest.mark.parametrize("side", list(Side))
def test_ambassadors_and_the_team_see_everything_but_drafts(role, side):
    assert rules.seen_of_others(somebody(role), side) == set(Status) - {Status.DRAFT}


def test_whose_it_is_is_seen_by_its_member_ambassadors_and_the_team():
    assert not rules.may_see_whose(somebody(), "noor")
    assert rules.may_see_whose(somebody(), "somebody")
    assert rules.may_see_whose(somebody(Role.AMBASSADOR), "noor")
    assert rules.may_see_whose(somebody(Role.NODE_TEAM), "noor")
