"""Who asks more than can be answered soon is told so at once, and what was let in is done."""

import asyncio

import pytest
from sqlalchemy import text

from tests.chassis.conftest import lending_on
from tests.given import eventually


@pytest.fixture
async def lending(postgres, nats):
    """It lets two calls wait."""
    async with lending_on(postgres, nats, calls_waiting_max=2) as started:
        yield started


async def lend(lending, tool_id):
    return await lending.http.post("/v1/tools", json={"tool_id": tool_id, "lent_to": "Noor"})


async def lend_when_it_can_be(lending, tool_id):
    while (answer := await lend(lending, tool_id)).status_code == 503:
        await asyncio.sleep(0)
    return answer.status_code


async def test_a_call_too_many_is_refused_at_once_and_what_was_let_in_is_done(lending):
    async with lending.service.engine.connect() as holding:
        await holding.execute(text("LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE"))
        two = [asyncio.create_task(lend_when_it_can_be(lending, name)) for name in ("saw", "drill")]

        async def is_full():
            answer = await lending.http.get("/v1/tools")
            return answer if answer.status_code == 503 else None

        refused = await eventually(is_full, saying="a refusal")
        one_too_many = await lend(lending, "hammer")
        health = await lending.http.get("/health/ready")

    assert refused.headers["content-type"] == "application/problem+json"
    assert (refused.json()["type"].rpartition("/")[2], refused.headers["retry-after"]) == ("busy", "1")
    assert (one_too_many.status_code, health.status_code) == (503, 200)
    assert [await one for one in two] == [201, 201]
    assert (await lend(lending, "hammer")).status_code == 201
    known = (await lending.http.get("/v1/tools")).json()["items"]
    assert sorted(tool["tool_id"] for tool in known) == ["drill", "hammer", "saw"]


async def test_a_client_that_is_slow_to_send_keeps_nobody_out(lending):
    begun, over = asyncio.Semaphore(0), asyncio.Event()

    async def slowly():
        yield b'{"tool_id": "spade", '
        begun.release()
        await over.wait()
        yield b'"lent_to": "Noor"}'

    headers = {"Content-Type": "application/json"}
    slow = [asyncio.create_task(lending.http.post("/v1/tools", content=slowly(), headers=headers)) for _ in range(3)]
    for _ in slow:
        await begun.acquire()

    answer = await lending.http.get("/v1/tools")
    over.set()

    assert answer.status_code == 200
    assert 201 in [(await one).status_code for one in slow]
