"""A week before something expires its member is told, once for each time until which it stands."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from contracts.days import AMSTERDAM
from contracts.expiry import ExpiryNear
from contracts.requests import RequestClosed
from contracts.vocabulary import Kind
from services.requests import expiring, rules
from services.requests.app import service
from tests.given import eventually, running
from tests.requests.conftest import Requests, an_introduction
from tests.requests.test_expiry import LOOKED_FOR_AT_ONCE

NOW = datetime(2026, 3, 2, 13, 20, tzinfo=UTC)


async def look(requests) -> list[ExpiryNear]:
    """The service looks for what expires soon; returns all that it ever told of it."""
    await expiring.warn_some(requests.service)
    return await requests.said(ExpiryNear)


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_of_what_stands_open_it_is_told_once_in_the_morning_a_week_before(requests, side):
    placed = await requests.placed(side)
    expires_at = datetime.fromisoformat(placed["expires_at"])
    requests.clock.move(seconds=(expires_at - timedelta(days=6, hours=17) - requests.clock()).total_seconds())
    assert await look(requests) == []

    requests.clock.move(seconds=2 * 60 * 60)
    (near,) = await look(requests)

    assert (near.proposition_id, near.side, near.member_id) == (placed["id"], side, "noor")
    assert (near.title, near.expires_at, near.version) == (placed["title"], expires_at, 1)
    requests.clock.move(days=2)
    assert await look(requests) == [near]
    assert (await requests.rows())[0].version == 1  # who has its page open can still take a step


async def soon(requests, placed) -> bool:
    """Whether it expires soon, as its member reads it."""
    return bool((await requests.noor.get(placed["path"])).json()["expires_soon"])


async def test_that_it_expires_soon_is_read_from_when_its_member_is_told(requests):
    last = (rules.day_of(requests.clock()) + timedelta(days=90)).isoformat()
    placed, tip = await requests.placed(), await requests.placed("offer", kind="tip", ends_on=last)
    short = await requests.placed(expires_on=(rules.day_of(requests.clock()) + timedelta(days=10)).isoformat())
    expires_at = datetime.fromisoformat(placed["expires_at"])

    requests.clock.move(days=9)
    assert (await soon(requests, short), await look(requests)) == (True, [])  # who chose a day that is near sees it
    requests.clock.move(seconds=(expires_at - timedelta(days=6, hours=17) - requests.clock()).total_seconds())
    assert (await soon(requests, placed), await look(requests)) == (False, [])
    requests.clock.move(seconds=2 * 60 * 60)
    assert (await soon(requests, placed), len(await look(requests))) == (True, 1)
    await requests.step(placed, "withdraw")
    assert await soon(requests, placed) is False
    assert await soon(requests, tip) is False


async def test_who_lets_it_stand_on_is_told_again_a_week_before_it_expires_then(requests):
    placed = await requests.placed()
    requests.clock.move(days=86)
    assert len(await look(requests)) == 1

    longer = {"expires_on": None}
    answer = await requests.noor.patch(placed["path"], json=longer, headers={"If-Match": '"1"'})

    later = rules.end_of(rules.day_of(requests.clock()) + timedelta(days=90))
    assert datetime.fromisoformat(answer.json()["expires_at"]) == later
    requests.clock.move(days=20)
    assert len(await look(requests)) == 1
    requests.clock.move(days=66)
    assert [near.expires_at for near in await look(requests)][1:] == [later]


async def test_what_is_closed_talked_about_or_over_is_told_of_no_more(requests):
    withdrawn, talking = await requests.placed(), await requests.placed()
    await requests.given(an_introduction(talking))
    requests.clock.move(days=86)
    await requests.step(withdrawn, "withdraw")
    assert await look(requests) == []

    requests.clock.move(days=90)
    await requests.placed()
    requests.clock.move(days=92)
    await expiring.expire_some(requests.service)
    assert await look(requests) == []


async def test_what_was_placed_or_opened_again_shortly_before_is_not_told_of(requests):
    today = rules.day_of(requests.clock())
    await requests.placed(expires_on=(today + timedelta(days=19)).isoformat())
    again = await requests.placed("offer", ends_on=(today + timedelta(days=40)).isoformat())
    await requests.step(again, "withdraw")
    requests.clock.move(days=25)
    await requests.step(again, "reopen")

    requests.clock.move(days=12)
    assert await look(requests) == []


async def test_a_day_that_a_release_before_this_one_changed_counts(requests):
    placed = await requests.placed()
    async with requests.running.session() as session:
        row = (await requests.rows())[0]
        session.add(row)
        row.expires_at += timedelta(days=30)
        await session.commit()

    requests.clock.move(days=86)
    assert await look(requests) == []
    requests.clock.move(days=29)
    assert [near.proposition_id for near in await look(requests)] == [placed["id"]]


async def test_however_many_look_each_is_told_of_once(requests, monkeypatch):
    monkeypatch.setattr(expiring, "TOGETHER", 4)
    placed = [await requests.placed() for _ in range(10)]
    requests.clock.move(days=86)

    found = sum(await asyncio.gather(*(expiring.warn_some(requests.service) for _ in range(6))))  # as replicas do

    assert found == 10
    assert sorted(one.proposition_id for one in await requests.said(ExpiryNear)) == sorted(one["id"] for one in placed)


async def test_the_service_tells_it_by_itself_and_of_what_is_over_only_that(postgres, nats):
    async with running(service, postgres, nats, **LOOKED_FOR_AT_ONCE) as started:
        requests = Requests(started)
        await requests.placed()
        requests.clock.move(days=86)

        async def told() -> bool:
            return len(await requests.said(ExpiryNear)) == 1

        await eventually(told, saying="that it expires soon")
        requests.clock.move(days=92)
        late = await requests.placed()
        requests.clock.move(days=92)

        async def expired() -> bool:
            return await requests.status(late) == "expired"

        await eventually(expired, saying="a request that expired")
        assert (len(await requests.said(RequestClosed)), len(await requests.said(ExpiryNear))) == (2, 1)


async def test_of_what_is_over_and_not_closed_yet_nothing_is_told(requests):
    placed = await requests.placed()
    requests.clock.move(days=92)

    assert await look(requests) == []
    await expiring.expire_some(requests.service)
    assert await requests.status(placed) == "expired"


@pytest.mark.parametrize(
    ("kind", "is_day_known", "is_told"),
    [
        (Kind.TIP, True, False),
        (Kind.MEETING, True, False),
        (Kind.TIP, False, True),
        (Kind.MEETING, False, True),
        (Kind.INTERNSHIP, True, True),
    ],
)
def test_of_a_tip_or_a_meeting_with_a_day_its_member_is_told_nothing(kind, is_day_known, is_told):
    day = datetime.now(AMSTERDAM).date() + timedelta(days=60)

    at = rules.warning(
        rules.end_of(day), kind, day if is_day_known else None, now=rules.end_of(day) - timedelta(days=60)
    )

    assert (at is not None) == is_told


@pytest.mark.parametrize(("days", "is_told"), [(20, False), (21, True)])
def test_it_has_stood_for_two_weeks_by_then(days, is_told):
    at = rules.warning(NOW + timedelta(days=days), Kind.INTERNSHIP, None, now=NOW)

    assert (at is not None) == is_told
