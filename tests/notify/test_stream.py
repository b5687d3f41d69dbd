"""The inbox as it comes in: at once, in order, nothing missed and nothing twice, over a real connection."""

import asyncio
import json
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext
from typing import Any

import httpx
import pytest
import uvicorn
from sqlalchemy import text

from chassis.sql import run
from contracts.event import new_id
from contracts.matching import IntroductionMade, MatchEndorsed, MatchProposed
from node.part import free_port
from services.notify.streaming import ITEMS_AT_ONCE, as_event
from services.notify.views import InboxItemView
from tests.given import eventually
from tests.members.conftest import slug
from tests.notify.conftest import a_match, a_notify, a_person


class _Quiet(uvicorn.Server):
    def capture_signals(self) -> Any:  # those are pytest's
        return nullcontext()


@asynccontextmanager
async def listening(notify) -> AsyncIterator[str]:
    """The service at a port of its own: a stream cannot be read from inside."""
    port = free_port()
    config = uvicorn.Config(notify.service.app, "127.0.0.1", port, lifespan="off", log_level="critical")
    server = _Quiet(config)
    serving = asyncio.create_task(server.serve())

    async def started():
        return server.started

    await eventually(started)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await serving


class Reader:
    """Somebody who reads their inbox along."""

    def __init__(self, response):
        self.response, self._lines = response, response.aiter_lines()
        self.heartbeats = 0

    async def fields(self):
        """The next fields that come together; None when the stream ends."""
        fields = {}
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line.startswith(":"):
                    self.heartbeats += 1
                elif line:
                    name, _, value = line.partition(": ")
                    fields[name] = value
                elif fields:
                    return fields
        return None

    async def event(self):
        """The next event, with its fields; None when the stream ends."""
        while (fields := await self.fields()) is not None and "data" not in fields:
            pass
        return fields

    async def items(self, count):
        """The next items."""
        return [json.loads((await self.event())["data"]) for _ in range(count)]


@pytest.fixture
async def open_stream(notify):
    """Opens streams of somebody's inbox; they are closed after the test."""
    async with AsyncExitStack() as stack:
        address = await stack.enter_async_context(listening(notify))
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=address, timeout=10))

        async def open_(person, *, after=None, **headers):
            authorization = notify.http_as(person.member_id).headers["authorization"]
            response = await stack.enter_async_context(
                client.stream(
                    "GET",
                    "/v1/inbox/stream",
                    params={} if after is None else {"after": after},
                    headers={"Authorization": authorization} | headers,
                )
            )
            return Reader(response)

        yield open_


async def told(notify, person, count=1):
    """Somebody is told so many things; returns the matches they are about, in that order."""
    matches = [a_match(person, a_person("Vera Vreemd")) for _ in range(count)]
    for match in matches:
        await notify.running.when(MatchEndorsed(**match))
    return [match["match_id"] for match in matches]


async def insert(session, person, title="x"):
    """Something that somebody is told, in a transaction that is still open; returns its id."""
    item_id, values = new_id(), "CAST(:id AS text), CAST(:member AS text), 'request-unanswered', CAST(:id AS text), ''"
    statement = text(
        "INSERT INTO inbox_item (item_id, member_id, template, matter_id, occurrence, facts, about, created_at) "
        f"VALUES ({values}, jsonb_build_object('title', CAST(:title AS text)), ARRAY[CAST(:member AS text)], now())"
    )
    await run(session, statement, {"id": item_id, "member": person.member_id, "title": title})
    return item_id


async def test_what_somebody_is_told_appears_while_they_read(notify, open_stream):
    person = a_person()
    reader = await open_stream(person)
    assert reader.response.headers["content-type"].startswith("text/event-stream")
    assert reader.response.headers["cache-control"] == "no-store"

    (matter,) = await told(notify, person)

    event = await reader.event()
    item = json.loads(event["data"])
    assert event["event"] == "inbox-item"
    assert event["id"] == str(item["position"])
    assert item["matter_id"] == matter
    assert item == (await notify.inbox(person))[0]


async def test_only_what_is_new_appears_and_only_to_whom_it_was_told(notify, open_stream):
    person, other = a_person("Noor Jansen"), a_person("Wim Ander")
    await told(notify, person, 2)
    mine, theirs = await open_stream(person), await open_stream(other)

    (new,) = await told(notify, person)
    (for_other,) = await told(notify, other)

    assert [item["matter_id"] for item in await mine.items(1)] == [new]
    assert [item["matter_id"] for item in await theirs.items(1)] == [for_other]


async def test_whoever_comes_back_with_the_last_id_misses_nothing_and_sees_nothing_twice(notify, open_stream):
    person = a_person()
    reader = await open_stream(person)
    first = await told(notify, person)
    last = (await reader.event())["id"]
    await reader.response.aclose()

    meanwhile = await told(notify, person, 3)
    back = await open_stream(person, **{"Last-Event-ID": last})
    later = await told(notify, person)

    assert [item["matter_id"] for item in await back.items(4)] == meanwhile + later
    everything = await open_stream(person, after=0)
    assert [item["matter_id"] for item in await everything.items(5)] == first + meanwhile + later


async def test_whoever_comes_back_before_anything_came_in_misses_nothing(notify, open_stream):
    person = a_person()
    await told(notify, person)
    reader = await open_stream(person)
    begun = await reader.fields()
    await reader.response.aclose()

    meanwhile = await told(notify, person)
    back = await open_stream(person, **{"Last-Event-ID": begun["id"]})

    assert [item["matter_id"] for item in await back.items(1)] == meanwhile


async def test_a_long_absence_is_made_up_for(notify, open_stream):
    person = a_person()
    stranger = a_person("Vera Vreemd")
    matches = [a_match(person, stranger) for _ in range(120)]
    await notify.running.when(*(MatchEndorsed(**match) for match in matches))

    items = await (await open_stream(person, after=0)).items(120)

    assert {item["matter_id"] for item in items} == {match["match_id"] for match in matches}
    positions = [item["position"] for item in items]
    assert positions == sorted(set(positions))


async def test_what_has_no_words_holds_up_nothing_after_it(notify, open_stream):
    person = a_person()
    await told(notify, person, ITEMS_AT_ONCE)
    async with notify.running.session() as session:
        nothing = "UPDATE inbox_item SET facts = '{}' WHERE member_id = :member_id"
        await run(session, text(nothing), {"member_id": person.member_id})
        await session.commit()
    (new,) = await told(notify, person)

    reader = await open_stream(person, after=0)

    assert [item["matter_id"] for item in await reader.items(1)] == [new]


async def test_nothing_is_missed_when_transactions_overlap(notify, open_stream):
    """The one that began first commits last: a reader who has seen the other must still get it."""
    person = a_person()
    reader = await open_stream(person)
    async with notify.running.session() as slow, notify.running.session() as quick:
        first, second = await insert(slow, person), await insert(quick, person)
        await quick.commit()
        (seen,) = await reader.items(1)
        await slow.commit()
    (then,) = await reader.items(1)

    assert (seen["item_id"], then["item_id"]) == (second, first)
    assert seen["position"] < then["position"]


async def test_the_same_told_again_does_not_appear_again(notify, open_stream):
    person, match = a_person(), a_match(a_person(), a_person())
    match["asker"] = match["asker"].model_copy(update={"member_id": person.member_id})
    reader = await open_stream(person)

    for _ in range(3):
        await notify.running.when(MatchEndorsed(**match), delivered_times=2)
    (new,) = await told(notify, person)

    assert [item["matter_id"] for item in await reader.items(2)] == [match["match_id"], new]


async def test_a_stream_that_is_silent_shows_life_and_ends_after_a_while(postgres, nats, mail_catcher):
    limits = {"stream_heartbeat_seconds": 0.1, "stream_seconds_max": 3.0}
    async with a_notify(postgres, nats, mail_catcher, **limits) as notify, listening(notify) as address:
        headers = notify.http_as("somebody").headers
        async with (
            httpx.AsyncClient(base_url=address) as client,
            client.stream("GET", "/v1/inbox/stream", headers=headers) as response,
        ):
            reader = Reader(response)
            assert await reader.event() is None
            assert reader.heartbeats >= 2


async def test_a_reader_who_takes_nothing_is_let_go_and_finds_everything_when_they_come_back(
    postgres, nats, mail_catcher
):
    limits = {"stream_send_seconds_max": 3.0, "streams_per_member_max": 1}
    async with a_notify(postgres, nats, mail_catcher, **limits) as notify, listening(notify) as address:
        person = a_person()
        headers = notify.http_as(person.member_id).headers
        authorization = headers["authorization"]
        with socket.create_connection(("127.0.0.1", int(address.rpartition(":")[2]))) as stuck:
            stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            stuck.sendall(
                f"GET /v1/inbox/stream HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n\r\n".encode()
            )
            async with notify.running.session() as session:
                told = {await insert(session, person, "x" * 150_000) for _ in range(60)}
                await session.commit()

            readers = notify.service.app.state.readers

            async def let_go():
                return person.member_id not in readers._woken_by

            await eventually(let_go, saying="a reader who was let go")

        async with (
            httpx.AsyncClient(base_url=address, timeout=20) as client,
            client.stream("GET", "/v1/inbox/stream", params={"after": 0}, headers=headers) as response,
        ):
            assert response.status_code == 200
            assert {item["item_id"] for item in await Reader(response).items(60)} == told


async def test_a_member_has_a_few_streams_at_a_time(postgres, nats, mail_catcher):
    async with a_notify(postgres, nats, mail_catcher, streams_per_member_max=2) as notify, listening(notify) as address:
        person, other = notify.http_as("noor").headers, notify.http_as("wim").headers
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(httpx.AsyncClient(base_url=address))
            for _ in range(2):
                opened = await stack.enter_async_context(client.stream("GET", "/v1/inbox/stream", headers=person))
                assert opened.status_code == 200
            refused = await client.get("/v1/inbox/stream", headers=person)
            assert (refused.status_code, slug(refused)) == (429, "too-many-streams")
            assert refused.headers["retry-after"] == "30"
            others = await stack.enter_async_context(client.stream("GET", "/v1/inbox/stream", headers=other))
            assert others.status_code == 200

        async def closed():
            return not notify.service.app.state.readers._woken_by

        await eventually(closed, saying="readers that are gone")


async def test_an_id_that_is_none_of_ours_is_a_wrong_field(notify):
    client = notify.http_as("somebody")
    for wrong in ("x", "-1", "1.5", "9" * 19, "1; DROP"):
        answer = await client.get("/v1/inbox/stream", headers={"Last-Event-ID": wrong})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == "Last-Event-ID"


async def test_a_position_that_no_item_can_have_is_a_wrong_field(notify):
    answer = await notify.http_as("somebody").get("/v1/inbox/stream", params={"after": "1" + "0" * 20})

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "after")


def test_no_text_can_make_another_event(notify):
    forged = "x\n\nid: 1\r\rdata: {}\u2028\u2029"
    item = InboxItemView(
        item_id="1",
        position=7,
        template="introduced",
        matter_id=forged,
        title=forged,
        text=forged,
        language="nl",
        url=None,
        created_at="2026-03-02T09:00:00Z",
        read_at=None,
        is_over=False,
    )
    event = as_event(item).decode()
    assert event.endswith("\n\n")
    assert "\r" not in event
    assert [line.split(": ")[0] for line in event.split("\n")] == ["id", "event", "data", "", ""]


async def test_the_details_in_an_introduction_appear_in_the_stream_of_the_two_sides_alone(notify, open_stream):
    asker, offerer, ambassador = a_person("Noor Jansen"), a_person("Fatima de Wit"), a_person("Amir Bos")
    await notify.given(asker, offerer, ambassador)
    mine, watching = await open_stream(asker), await open_stream(ambassador)

    match = a_match(asker, offerer, ambassador)
    await notify.running.when(MatchProposed(**match), IntroductionMade(**match))

    assert offerer.email in (await mine.items(1))[0]["text"]
    assert offerer.email not in repr(await watching.items(2))
