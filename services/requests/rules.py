"""What requests decides: how a request or an offer lives, until when it stands, who sees it.

Pure: data in, data out; time is an argument. Both sides live by the same rules but for what an introduction does.
"""

import hashlib
import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from chassis.identity import Identity
from chassis.problems import Problem
from contracts.days import AMSTERDAM
from contracts.vocabulary import TAKEN_UP_BY_ONE, Kind, Role, Side, Status

#: Nothing stands longer than this without being looked at again.
STANDS_DAYS_MAX = 365

#: So long before it expires its member is told: in the morning, not at the midnight at which it will expire.
WARNED_BEFORE = timedelta(days=6, hours=16)

#: Who placed it or chose its day shorter than this before that knows.
WARNED_AFTER = timedelta(days=14)

#: A period further away is a slip of the keyboard.
AWAY_DAYS_MAX = 5 * 365

#: What everybody can read, whoever they are.
LISTED = frozenset({Kind.TIP, Kind.MEETING})

#: What belongs together when it is checked whether a meeting is told well.
WHEN_AND_WHERE = ("kind", "starts_on", "ends_on", "from_time", "until_time", "venue", "sign_up_url")

#: What others read of it, by which it is seen whether its member changed what was taken down.
WORDS = ("kind", "title", "text", "venue", "sign_up_url")

#: Where somebody who left has to be withdrawn from.
STANDING = frozenset({Status.OPEN, Status.IN_CONVERSATION})

#: Where a meeting is that closed before it was held, and that people still come to.
AWAITED = frozenset({Status.EXPIRED, Status.FULFILLED})


class Step(StrEnum):
    """What can happen in the life of a request or an offer."""

    OPEN = "open"
    CONVERSE = "converse"
    FULFIL = "fulfil"
    WITHDRAW = "withdraw"
    EXPIRE = "expire"
    REOPEN = "reopen"


#: From where a step can be taken, and where it leads. That two are introduced at the moment of expiry still counts;
#: what a member closed themselves stays closed. What expired can be withdrawn: people may have a place at it.
LIFE: dict[Step, tuple[frozenset[Status], Status]] = {
    Step.OPEN: (frozenset({Status.DRAFT}), Status.OPEN),
    Step.CONVERSE: (frozenset({Status.OPEN, Status.EXPIRED}), Status.IN_CONVERSATION),
    Step.FULFIL: (frozenset({Status.OPEN, Status.IN_CONVERSATION, Status.EXPIRED}), Status.FULFILLED),
    Step.WITHDRAW: (STANDING | {Status.EXPIRED}, Status.WITHDRAWN),
    Step.EXPIRE: (frozenset({Status.OPEN}), Status.EXPIRED),
    Step.REOPEN: (
        frozenset({Status.IN_CONVERSATION, Status.FULFILLED, Status.WITHDRAWN, Status.EXPIRED}),
        Status.OPEN,
    ),
}


class RequestNotFound(Problem, slug="request-not-found", status=404, title="This request does not exist"):
    """No such request, or none that the caller may see: the two are not told apart."""


class OfferNotFound(Problem, slug="offer-not-found", status=404, title="This offer does not exist"):
    """No such offer, or none that the caller may see: the two are not told apart."""


NOT_FOUND: dict[Side, type[Problem]] = {Side.REQUEST: RequestNotFound, Side.OFFER: OfferNotFound}


class PersonLeft(Problem, slug="person-left", status=409, title="This person stopped taking part themselves"):
    """Only they can come back, by joining again: until then a partner network asks and offers nothing for them."""


class StepNotPossible(Problem, slug="step-not-possible", status=409, title="This cannot be done as things stand"):
    """The step does not start from where the request or offer is now; `standing` tells where that is."""


class StillTakenDown(
    Problem, slug="still-taken-down", status=409, title="The node's team took this down: change what it says first"
):
    """As it was nobody is to read it; with other words its member may place it again."""


class NotADraft(Problem, slug="not-a-draft", status=409, title="Only a draft is removed: withdraw what was opened"):
    """Others have heard of it, so that it ends where they can see it."""


def can_take(status: Status, step: Step, side: Side | None = None, kind: Kind | None = None) -> bool:
    """Whether a step starts from here; what people still come to can be withdrawn, however it closed."""
    return status in LIFE[step][0] or (step == Step.WITHDRAW and is_awaited(side, kind, status))


def status_after(status: Status, step: Step, side: Side | None = None, kind: Kind | None = None) -> Status:
    """Where a step leads; raises `StepNotPossible` when it does not start from here."""
    if not can_take(status, step, side, kind):
        raise StepNotPossible(step=step.value, standing=str(status))
    return LIFE[step][1]


def words_of(told: Mapping[str, Any]) -> str:
    """A mark of what others read of it: another one once that says something else, not with a space or a dot more."""
    words = "\n".join(re.sub(r"\W+", "", str(told.get(name) or "").casefold()) for name in WORDS)
    return hashlib.sha256(words.encode()).hexdigest()


def may_stand_again(told: Mapping[str, Any]) -> bool:
    """Whether nobody took it down, or its member changed what it says since."""
    taken_down = told.get("taken_down")
    return not taken_down or taken_down["words"] != words_of(told)


def is_taken_up(side: Side, kind: Kind) -> bool:
    """Whether an introduction brings somebody to the table for the whole of it."""
    return side == Side.REQUEST or kind in TAKEN_UP_BY_ONE


def is_awaited(side: Side | None, kind: Kind | None, status: Status) -> bool:
    """Whether it is a meeting that people may come to while nobody can sign up for it any more."""
    return side == Side.OFFER and kind == Kind.MEETING and status in AWAITED


def keeps_kind(side: Side, kind: Kind, status: Status) -> bool:
    """Whether it stays what it is: a tip while everybody can read it, a meeting until nobody comes to it any more."""
    return (side == Side.OFFER and kind in LISTED and status in STANDING) or is_awaited(side, kind, status)


def day_of(now: datetime) -> date:
    """Which day it is in the Netherlands."""
    return now.astimezone(AMSTERDAM).date()


def end_of(day: date) -> datetime:
    """The moment at which a day ends in the Netherlands, in UTC."""
    return datetime.combine(day + timedelta(days=1), time(), AMSTERDAM).astimezone(UTC)


def period_errors(
    starts_on: date | None, ends_on: date | None, expires_on: date | None, *, today: date, kind: Kind | None = None
) -> dict[str, str]:
    """What is wrong with the days of a request or an offer, by field; without its kind, with those of any."""
    errors = {}
    if starts_on and abs(starts_on - today) > timedelta(days=AWAY_DAYS_MAX):
        errors["starts_on"] = "must be within five years"
    elif starts_on and starts_on < today and not ends_on and kind == Kind.MEETING:
        errors["starts_on"] = "must not be in the past"
    if ends_on:
        if ends_on > today + timedelta(days=AWAY_DAYS_MAX):
            errors["ends_on"] = "must be within five years"
        elif starts_on and ends_on < starts_on:
            errors["ends_on"] = "must not be before starts_on"
        elif ends_on < today:
            errors["ends_on"] = "must not be in the past"
    if expires_on:
        if expires_on < today:
            errors["expires_on"] = "must not be in the past"
        elif expires_on > today + timedelta(days=STANDS_DAYS_MAX):
            errors["expires_on"] = "must be within a year"
        elif ends_on and expires_on > ends_on:
            errors["expires_on"] = "must not be after ends_on: the period is over by then"
    return errors


def expiry(ends_on: date | None, expires_on: date | None, *, today: date, open_days: int) -> datetime:
    """Until when it stands: through the day that its member chose, or the last of its period, or a number of days."""
    day = expires_on or ends_on or today + timedelta(days=open_days)
    return end_of(min(day, today + timedelta(days=STANDS_DAYS_MAX)))


def warning(expires_at: datetime, kind: Kind, last: date | None, *, now: datetime) -> datetime | None:
    """When its member is told that it expires soon; never where it does not count as such."""
    at = _soon_at(expires_at, kind, last)
    return None if at is None or at - now < WARNED_AFTER else at


def expires_soon(expires_at: datetime, kind: Kind, last: date | None, *, now: datetime) -> bool:
    """Whether what stands open expires soon, also when its member is not told because they knew."""
    at = _soon_at(expires_at, kind, last)
    return at is not None and at <= now


def _soon_at(expires_at: datetime, kind: Kind, last: date | None) -> datetime | None:
    """From when on it expires soon; a tip or a meeting of which the last day is known never does."""
    return None if kind in LISTED and last else expires_at - WARNED_BEFORE


def last_day(kind: Kind, starts_on: date | None, ends_on: date | None) -> date | None:
    """The last day of a period, if it has one: a meeting of which nobody said when it ends is over in a day."""
    return ends_on or (starts_on if kind == Kind.MEETING else None)


def meeting_errors(
    *,
    kind: Kind | None,
    starts_on: date | None,
    ends_on: date | None,
    from_time: time | None,
    until_time: time | None,
    venue: str | None,
    sign_up_url: str | None,
) -> dict[str, str]:
    """What is wrong with what only a meeting has, by field."""
    told = {"from_time": from_time, "until_time": until_time, "venue": venue, "sign_up_url": sign_up_url}
    if kind != Kind.MEETING:
        return {name: "only a meeting has this" for name, value in told.items() if value is not None}
    errors = {}
    if from_time and not starts_on:
        errors["from_time"] = "say on which day: starts_on"
    if until_time and not from_time:
        errors["until_time"] = "say when it begins: from_time"
    elif until_time and from_time and ends_on in (None, starts_on) and until_time <= from_time:
        errors["until_time"] = "must be after from_time"
    return errors


def own_organisation(organisation_id: str | None, own: Collection[str]) -> str:
    """The organisation that somebody asks or offers for; who has just one need not say which."""
    if organisation_id is None and len(own) == 1:
        return next(iter(own))
    if not own:
        raise ValueError("you belong to no organisation yet: add one to your profile first")
    if organisation_id is None:
        raise ValueError("you belong to several organisations: choose one")
    if organisation_id not in own:
        raise ValueError("must be an organisation that you belong to")
    return organisation_id


def seen_of_others(who: Identity, side: Side) -> frozenset[Status]:
    """Where what others ask or offer has to be for somebody to see it. A draft is its own member's alone."""
    if who.has(Role.AMBASSADOR) or who.has(Role.NODE_TEAM):
        return frozenset(Status) - {Status.DRAFT}
    return frozenset({Status.OPEN}) if side == Side.OFFER else frozenset()


def may_see_whose(who: Identity, member_id: str) -> bool:
    """Whether somebody sees which member asks or offers: a reference, never a name."""
    return member_id in who.references or who.has(Role.AMBASSADOR) or who.has(Role.NODE_TEAM)
