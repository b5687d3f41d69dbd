"""What stands expires in time: by a timer that always looks whether it still applies."""

from datetime import UTC, datetime, timedelta

import pytest
from nats.js.errors import NotFoundError

from contracts.event import decode, new_id
from contracts.requests import (
    OfferClosed,
    OfferExpiryDue,
    RequestChanged,
    RequestClosed,
    RequestExpiryDue,
)
from services.requests import rules
from tests.given import eventually
from tests.requests.conftest import an_introduction


def due(placed: dict, version: int = 1) -> RequestExpiryDue | OfferExpiryDue:
    """The timer of a request or an offer, as it comes."""
    if "request_id" in placed:
        return RequestExpiryDue(request_id=placed["id"], version=version)
    return OfferExpiryDue(offer_id=placed["id"], version=version)


async def waiting_timers(requests) -> list[tuple[str, int, datetime]]:
    """What waits to be looked at: which, in which version, and when."""
    await requests.quiet()
    found = []
    name = requests.service.streams.name("local")
    info = await requests.service.streams.js.stream_info(name)
    for seq in range(1, info.state.last_seq + 1):
        try:
            message = await requests.service.streams.js.get_msg(name, seq)
        except NotFoundError:  # replaced by a newer one
            continue
        if message.subject.split(".")[2] == "timer":
            _, event = decode(message.data)
            at = message.headers["Nats-Schedule"].removeprefix("@at ")
            found.append((event.entity_id, event.version, datetime.fromisoformat(at)))
    return found


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_what_nobody_closed_expires_when_its_time_has_come(requests, side):
    placed = await requests.placed(side)
    ((entity_id, version, at),) = await waiting_timers(requests)
    assert (entity_id, version, at) == (placed["id"], 1, datetime.fromisoformat(placed["expires_at"]))
    await requests.given()
    requests.clock.move(days=92)

    await requests.when(due(placed), delivered_times=3)

    (closed,) = await requests.then_told({"request": RequestClosed, "offer": OfferClosed}[side])
    assert (closed.status, closed.version, closed.title) == ("expired", 2, placed["title"])


async def test_it_stands_through_the_last_day_in_the_netherlands(requests):
    today = rules.day_of(requests.clock())
    placed = await requests.placed(expires_on=today.isoformat())
    left = rules.end_of(today) - requests.clock()
    await requests.given()

    requests.clock.move(seconds=left.total_seconds() - 5)
    await requests.when(due(placed))
    assert await requests.status(placed) == "open"

    requests.clock.move(seconds=10)
    await requests.when(due(placed))
    assert await requests.status(placed) == "expired"


async def test_a_timer_that_comes_too_early_comes_again(requests):
    placed = await requests.placed()
    await requests.given()
    expires_at = datetime.fromisoformat(placed["expires_at"])

    await requests.when(due(placed))

    await requests.then_told()
    ((entity_id, version, at),) = await waiting_timers(requests)
    assert (entity_id, version) == (placed["id"], 1)
    assert at > expires_at


async def test_a_later_expiry_replaces_the_timer_and_an_old_one_only_sets_it_again(requests):
    placed = await requests.placed()
    expires_on = rules.day_of(requests.clock()) + timedelta(days=200)
    change = {"expires_on": expires_on.isoformat()}
    await requests.noor.patch(placed["path"], json=change, headers={"If-Match": '"1"'})
    await requests.given()

    assert await waiting_timers(requests) == [(placed["id"], 2, rules.end_of(expires_on))]
    requests.clock.move(days=100)
    await requests.when(due(placed, version=1))
    await requests.then_told()
    assert await waiting_timers(requests) == [(placed["id"], 2, rules.end_of(expires_on))]
    requests.clock.move(days=101)
    await requests.when(due(placed, version=1), due(placed, version=2))
    await requests.then_told(RequestClosed)


async def test_a_timer_leaves_what_is_closed_talked_about_or_unknown_as_it_is(requests):
    withdrawn, talking = await requests.placed(), await requests.placed()
    await requests.step(withdrawn, "withdraw")
    await requests.given(an_introduction(talking))
    requests.clock.move(days=400)

    unknown = OfferExpiryDue(offer_id=new_id(), version=1)
    await requests.when(due(withdrawn, 2), due(talking, 2), due(withdrawn, 9), due(talking, 9), unknown)

    assert [await requests.status(thing) for thing in (withdrawn, talking)] == ["withdrawn", "in-conversation"]
    await requests.then_told()


async def test_two_who_are_introduced_as_it_expires_are_in_conversation_whichever_comes_first(requests):
    first, second = await requests.placed(), await requests.placed()
    await requests.given()
    requests.clock.move(days=92)

    await requests.when(due(first))
    await requests.when(an_introduction(first))
    await requests.when(an_introduction(second))
    await requests.when(due(second))

    assert [await requests.status(thing) for thing in (first, second)] == ["in-conversation"] * 2
    await requests.then_told(RequestClosed, RequestChanged, RequestChanged)


async def test_what_expired_can_be_reopened_and_then_stands_again(requests):
    placed = await requests.placed()
    await requests.given()
    requests.clock.move(days=92)
    await requests.when(due(placed))

    reopened = await requests.step(placed, "reopen")

    assert reopened["status"] == "open"
    assert datetime.fromisoformat(reopened["expires_at"]) > requests.clock() + timedelta(days=89)


async def test_the_broker_itself_brings_the_timer(requests):
    """The service lives two days ago, so that the broker's time has come as soon as it is told of the timer."""
    requests.clock.move(days=-2)
    placed = await requests.placed("offer", expires_on=rules.day_of(requests.clock()).isoformat())
    assert datetime.fromisoformat(placed["expires_at"]) < datetime.now(UTC)
    requests.clock.move(days=2)

    async def expired() -> bool:
        return await requests.status(placed) == "expired"

    await eventually(expired, saying="an offer that expired")
    (closed,) = await requests.said(OfferClosed)
    assert closed.status == "expired"
