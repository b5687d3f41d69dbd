"""What stands open expires when its time has come: it is looked for, by all replicas beside each other."""

import asyncio
from datetime import datetime, timedelta

import pytest

from contracts.requests import OfferClosed, RequestChanged, RequestClosed
from services.requests import expiring, rules
from services.requests.app import service
from tests.given import eventually, running
from tests.requests.conftest import Requests, an_introduction

LOOKED_FOR_AT_ONCE = {"expiry_seconds": 0.05}


async def look(requests) -> int:
    """The service looks for what has expired; returns how many of what it saw."""
    return await expiring.expire_some(requests.service)


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_what_nobody_closed_expires_when_its_time_has_come(requests, side):
    placed = await requests.placed(side)
    await requests.given()
    requests.clock.move(days=92)

    assert [await look(requests) for _ in range(3)] == [1, 0, 0]

    (closed,) = await requests.then_said({"request": RequestClosed, "offer": OfferClosed}[side])
    assert (closed.status, closed.version, closed.title) == ("expired", 2, placed["title"])


async def test_it_stands_through_the_last_day_in_the_netherlands(requests):
    today = rules.day_of(requests.clock())
    placed = await requests.placed(expires_on=today.isoformat())
    left = rules.end_of(today) - requests.clock()

    requests.clock.move(seconds=left.total_seconds() - 5)
    await look(requests)
    assert await requests.status(placed) == "open"

    requests.clock.move(seconds=10)
    await look(requests)
    assert await requests.status(placed) == "expired"


async def test_a_later_day_lets_it_stand_until_then(requests):
    placed = await requests.placed()
    expires_on = rules.day_of(requests.clock()) + timedelta(days=200)
    change = {"expires_on": expires_on.isoformat()}
    await requests.noor.patch(placed["path"], json=change, headers={"If-Match": '"1"'})
    await requests.given()

    requests.clock.move(days=100)
    assert await look(requests) == 0
    requests.clock.move(days=101)
    assert await look(requests) == 1
    await requests.then_said(RequestClosed)


async def test_what_is_a_draft_closed_or_talked_about_stays_as_it_is(requests):
    draft = await requests.placed(draft=True)
    withdrawn, talking = await requests.placed(), await requests.placed()
    await requests.step(withdrawn, "withdraw")
    await requests.given(an_introduction(talking))
    requests.clock.move(days=400)

    assert await look(requests) == 0

    standing = [await requests.status(thing) for thing in (draft, withdrawn, talking)]
    assert standing == ["draft", "withdrawn", "in-conversation"]
    await requests.then_nothing_said()


async def test_two_who_are_introduced_as_it_expires_are_in_conversation_whichever_comes_first(requests):
    first, second = await requests.placed(), await requests.placed()
    await requests.given()
    requests.clock.move(days=92)

    await requests.when(an_introduction(second))
    await look(requests)
    await requests.when(an_introduction(first))
    await look(requests)

    assert [await requests.status(thing) for thing in (first, second)] == ["in-conversation"] * 2
    await requests.then_said(RequestClosed, RequestChanged, RequestChanged)


async def test_what_expired_can_be_reopened_and_then_stands_again(requests):
    placed = await requests.placed()
    requests.clock.move(days=92)
    await look(requests)

    reopened = await requests.step(placed, "reopen")

    assert reopened["status"] == "open"
    assert datetime.fromisoformat(reopened["expires_at"]) > requests.clock() + timedelta(days=89)
    assert await look(requests) == 0


async def test_however_much_expires_at_once_each_is_told_once(requests, monkeypatch):
    monkeypatch.setattr(expiring, "TOGETHER", 4)
    placed = [await requests.placed() for _ in range(10)]
    await requests.given()
    requests.clock.move(days=92)

    found = sum(await asyncio.gather(*(look(requests) for _ in range(6))))  # as replicas do, at the same time

    assert found == 10
    closed = await requests.said(RequestClosed)
    assert sorted(one.request_id for one in closed) == sorted(one["id"] for one in placed)


async def test_the_service_looks_for_it_by_itself(postgres, nats):
    async with running(service, postgres, nats, **LOOKED_FOR_AT_ONCE) as started:
        requests = Requests(started)
        placed = await requests.placed("offer")
        requests.clock.move(days=92)

        async def expired() -> bool:
            return await requests.status(placed) == "expired"

        await eventually(expired, saying="an offer that expired")
        (closed,) = await requests.said(OfferClosed)
        assert closed.status == "expired"
