"""Who asks more than can be answered soon is told so at once, and what was let in is done."""

import asyncio
import json
import re

import pytest
import uvicorn
from sqlalchemy import text

from chassis.http import CarefulHttp
from chassis.limits import Waiting
from tests.chassis.conftest import lending_on
from tests.given import PATIENCE_SECONDS, eventually


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


@pytest.fixture
async def connection(lending):
    """One that is kept, to the service as a process serves it."""
    config = uvicorn.Config(lending.service.app, port=0, http=CarefulHttp, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())

    async def started():
        return server.started

    await eventually(started, saying="a server")
    reader, writer = await asyncio.open_connection(*server.servers[0].sockets[0].getsockname())
    yield Kept(reader, writer)
    writer.close()
    server.should_exit = True
    await serving


class Kept:
    """Asks over one connection, one thing after the other."""

    def __init__(self, reader, writer):
        self.reader, self.writer = reader, writer

    async def ask(self, method, path, body=b"", *more):
        head = [f"{method} {path} HTTP/1.1", "Host: x", "Content-Type: application/json", *more]
        self.writer.write("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        async with asyncio.timeout(PATIENCE_SECONDS):
            told = (await self.reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = 0 if method == "HEAD" else int(re.search(r"content-length: (\d+)", told)[1])
            return int(told[9:12]), told, await self.reader.readexactly(length)


async def test_what_is_refused_is_parsed_and_no_more_and_the_connection_goes_on(lending, connection):
    waiting = lending.service.app.state.waiting
    waiting.calls = waiting.calls_max  # as when so many wait

    status, head, problem = await connection.ask("POST", "/v1/tools", b'{"tool_id": "saw", "lent_to": "Noor"}')
    large = await connection.ask("POST", "/v1/tools", b"x" * 100_000)
    health = await connection.ask("GET", "/health/live")
    bare = await connection.ask("HEAD", "/v1/tools")
    waiting.calls = 0
    afterwards = await connection.ask("GET", "/v1/tools")
    waiting.calls = waiting.calls_max
    last = await connection.ask("GET", "/v1/tools", b"", "Connection: close")

    assert (status, json.loads(problem)["type"].rpartition("/")[2]) == (503, "busy")
    assert "retry-after: 1\r\n" in head
    assert [large[0], health[0], bare[0], afterwards[0], last[0]] == [503, 200, 503, 200, 503]
    assert json.loads(afterwards[2])["items"] == []
    assert await connection.reader.read() == b""


async def test_who_is_refused_and_sends_no_end_is_not_waited_for(lending, connection, monkeypatch):
    monkeypatch.setattr(CarefulHttp, "head_seconds_max", 0.2)
    await connection.ask("GET", "/health/live")  # until a first head, it waits as long as when the connection was made
    waiting = lending.service.app.state.waiting
    waiting.calls = waiting.calls_max

    connection.writer.write(b"POST /v1/tools HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n{")

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert (await connection.reader.read())[9:12] == b"408"


async def test_of_those_that_come_at_one_moment_no_more_are_let_in_than_may_wait():
    waiting = Waiting(calls_max=2)
    loop = asyncio.get_running_loop()

    let_in = 0
    while not waiting.is_full:
        waiting.one_comes(loop)
        let_in += 1
    await asyncio.sleep(0)

    assert let_in == 2
    assert not waiting.is_full
