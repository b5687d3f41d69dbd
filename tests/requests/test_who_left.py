"""Who left, or was kept out, asks and offers nothing any more, also in the seconds that a session is remembered."""

import asyncio

import pytest
from sqlalchemy import text

from contracts.members import MemberJoined, MemberLeft
from services.requests import store
from tests.given import eventually
from tests.requests.conftest import a_request, an_offer, slug
from tests.requests.test_sign_ups import meet

JOINED, LEFT = MemberJoined(member_id="noor"), MemberLeft(member_id="noor", version=2)


@pytest.fixture
def requests(region):
    """In a region, which has meetings of the nation too."""
    return region


async def test_who_left_places_opens_reopens_and_visits_nothing(requests):
    draft, closed = await requests.placed(draft=True), await requests.placed()
    await requests.step(closed, "withdraw")
    meeting = await meet(requests)
    await requests.given(JOINED, LEFT)

    answers = [
        await requests.noor.post("/v1/requests", json=a_request()),
        await requests.noor.post("/v1/offers", json=an_offer(draft=True)),
        await requests.noor.post(f"{draft['path']}/open"),
        await requests.noor.post(f"{closed['path']}/reopen"),
        await requests.noor.put(f"/v1/meetings/{meeting['id']}/sign-up", json={}),
    ]

    assert [(answer.status_code, slug(answer)) for answer in answers] == [(401, "not-signed-in")] * 5
    assert sorted(row.status for row in await requests.rows()) == ["draft", "open", "withdrawn"]
    await requests.then_nothing_said()


async def test_who_left_can_still_take_away_what_is_theirs(requests):
    draft, closed = await requests.placed(draft=True), await requests.placed()
    await requests.step(closed, "withdraw")
    await requests.given(JOINED, LEFT)

    changed = await requests.noor.delete(draft["path"])

    assert changed.status_code == 204
    assert [row.status for row in await requests.rows()] == ["withdrawn"]


async def test_who_came_back_asks_and_reopens_again(requests):
    closed = await requests.placed()
    await requests.given(JOINED, LEFT)
    await requests.given(MemberJoined(member_id="noor", version=3))

    await requests.step(closed, "reopen")
    await requests.placed()

    assert [row.status for row in await requests.rows()] == ["open", "open"]


async def test_a_leaving_that_is_heard_after_the_return_withdraws_nothing(requests):
    """As one that was put aside, and that the team has handled again."""
    await requests.given(MemberJoined(member_id="noor", version=3))
    await requests.placed()

    await requests.when(LEFT)
    await requests.placed("offer")

    assert [row.status for row in await requests.rows()] == ["open", "open"]


async def test_who_asks_while_it_is_heard_that_they_left_keeps_nothing(requests):
    """The leaving has not committed yet when the command comes in."""
    await requests.given(JOINED)
    async with requests.session() as leaving:
        assert await store.note_left(leaving, "noor", 2)
        asking = asyncio.create_task(requests.noor.post("/v1/requests", json=a_request()))
        await eventually(lambda: so_many_wait(requests, 1), saying="a command that waits")
        await leaving.commit()

    assert (await asking).status_code == 401
    assert await requests.rows() == []


async def test_what_was_asked_just_before_it_is_heard_that_they_left_is_withdrawn(requests):
    """The command has not committed yet when the leaving comes in."""
    await requests.given(JOINED)
    async with requests.service.engine.connect() as outbox:
        await outbox.execute(text("LOCK TABLE outbox IN EXCLUSIVE MODE"))
        asking = asyncio.create_task(requests.noor.post("/v1/requests", json=a_request()))
        await eventually(lambda: so_many_wait(requests, 1), saying="a command that waits")
        await requests.publish(LEFT)
        await eventually(lambda: so_many_wait(requests, 2), saying="a leaving that waits")
        await outbox.commit()
    await requests.quiet()

    assert (await asking).status_code == 201
    assert [row.status for row in await requests.rows()] == ["withdrawn"]


@pytest.mark.parametrize("looks", [store.has_left, lambda session, who: store.note_left(session, who, 2)])
async def test_who_leaves_or_opens_while_they_are_erased_goes_first(requests, looks):
    await requests.given(JOINED)
    async with requests.session() as first, requests.session() as erasing:
        await looks(first, "noor")
        erased = asyncio.create_task(store.note_erased(erasing, "noor", 3))
        await eventually(lambda: so_many_wait(requests, 1), saying="an erasure that waits")

        assert await store.standing_of(first, "noor") == []
        await first.commit()
        assert await erased


async def so_many_wait(requests, count: int) -> bool:
    """Whether so many wait for what another transaction holds."""
    async with requests.service.engine.connect() as connection:
        waiting = await connection.execute(
            text(
                "SELECT count(DISTINCT pid) FROM pg_locks JOIN pg_stat_activity USING (pid)"
                " WHERE NOT granted AND datname = current_database()"
            )
        )
        return int(waiting.scalar_one()) >= count
