"""A node of real processes, through its public door: the day of all four networks, and partners that dies meanwhile.

A simulator plays each network: out of order, twice, late, withdrawn and wrong. It takes a minute: `-m long`.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from nats.aio.client import Client
from nats.js.errors import NotFoundError
from sqlalchemy import text

from chassis.database import engine_for, sessions_of
from contracts.envelope import decode
from contracts.partners import EventAccepted, EventRefused
from contracts.vocabulary import Network
from node.node import Node
from node.part import free_port
from node.partner_day import day
from node.partner_door import Door
from node.partner_simulate import played
from node.program import Program
from services.partners import keys
from tests.given import eventually
from tests.story.conftest import COMPILED

pytestmark = [pytest.mark.long, pytest.mark.whole_node, pytest.mark.timeout(600)]

SERVICES = ("members", "requests", "partners", "gateway")


@pytest.fixture(scope="module")
async def node(run_directory: Path) -> AsyncIterator[Node]:
    """A node with what partners needs; what is not acknowledged soon comes again soon."""
    soon = {"ODH_ACK_WAIT_SECONDS": "2", "ODH_RELAY_POLL_SECONDS": "0.2"}
    made = Node(
        run_directory / "day", name="test", gateway_port=free_port(), services=SERVICES, settings=COMPILED | soon
    )
    await made.start()
    try:
        yield made
    finally:
        await made.stop()


async def test_a_day_of_all_four_networks_ends_as_it_should(node):
    """All four at the same time."""
    doors = {network: await a_partner(node, f"day-{network}", network) for network in Network}
    days = {network: day(network, source_of(f"day-{network}"), 40, seed=3) for network in Network}

    playing = [asyncio.to_thread(played, doors[network], planned) for network, planned in days.items()]

    assert await asyncio.gather(*playing) == [[], [], [], []]
    await then_nothing_is_under_way(node)


async def test_partners_dies_in_the_middle_of_its_turns_and_so_does_the_other_one_of_two(node):
    """By SIGKILL: every event still ends once, as it should, and its partner is told of that once."""
    door = await a_partner(node, "dying", Network.KATAPULT)
    planned = day(Network.KATAPULT, source_of("dying"), 300, seed=5)
    beside = another(node)
    await beside.start(60)
    try:
        playing = asyncio.create_task(asyncio.to_thread(played, door, planned))
        for dies, so_many in ((node.parts["partners"], 10), (beside, 40), (node.parts["partners"], 70)):
            in_its_turns = partial(has_ended_and_has_more, node, "dying", so_many)
            await eventually(in_its_turns, within=60, saying=f"{so_many} that ended, and others under way")
            dies.kill()
            await dies.start(60)
        assert await playing == []
    finally:
        await beside.stop()

    await then_nothing_is_under_way(node)
    receipts = await rows(node, "SELECT receipt_id FROM receipt WHERE partner_id = 'dying'")
    once = dict.fromkeys((row[0] for row in receipts), 1)
    assert len(once) == len({one.event["id"] for one in planned})
    news = await rows(node, "SELECT data->>'receipt_id' FROM news WHERE partner_id = 'dying' AND kind LIKE 'event-%'")
    assert Counter(row[0] for row in news) == once
    assert Counter(await eventually(partial(told_of, node, "dying", len(once)), saying="news in the stream")) == once


def source_of(name: str) -> str:
    return f"https://{name}.example"


def another(node: Node) -> Program:
    """A second process of partners, on the same database and streams."""
    port = free_port()
    return Program(
        "partners-2",
        ["chassis", "services.partners"],
        port=port,
        log=node.data / "logs" / "partners-2.log",
        environment=lambda: node.env("partners") | {"ODH_PORT": str(port)},
    )


async def a_partner(node: Node, name: str, network: Network) -> Door:
    """A partner of a network, at the public door."""
    engine = engine_for(node.postgres.url("partners"), 2)
    async with sessions_of(engine)() as session:
        key = await keys.add(session, name, network, source_of(name), datetime.now(UTC))
        await session.commit()
    await engine.dispose()
    return Door(node.url("gateway"), {"client_id": key.client_id, "client_secret": str(key.client_secret)})


async def then_nothing_is_under_way(node: Node) -> None:
    assert await count(node, "receipt WHERE ended_at IS NULL") == 0
    assert await count(node, "record WHERE under_way IS NOT NULL") == 0


async def has_ended_and_has_more(node: Node, name: str, so_many: int) -> bool:
    ended = await count(node, f"receipt WHERE partner_id = '{name}' AND ended_at IS NOT NULL")
    more = await count(node, f"receipt WHERE partner_id = '{name}' AND status IN ('received', 'told')")
    return ended >= so_many and more > 0


async def told_of(node: Node, name: str, at_least: int) -> list[str] | None:
    """The receipts of which the stream for partners tells one how they ended, once there are so many."""
    client = Client()
    await client.connect(node.nats.url)
    try:
        js, found = client.jetstream(), []
        stream = f"odh-{node.name}-to-partner"
        for seq in range(1, (await js.stream_info(stream)).state.last_seq + 1):
            try:
                message = await js.get_msg(stream, seq)
            except NotFoundError:
                continue
            event = decode(message.data or b"")[1]
            if isinstance(event, EventAccepted | EventRefused) and event.partner_id == name:
                found.append(event.receipt_id)
        return found if len(found) >= at_least else None
    finally:
        await client.close()


async def count(node: Node, of: str) -> int:
    return int((await rows(node, f"SELECT count(*) FROM {of}"))[0][0])


async def rows(node: Node, query: str) -> list[Any]:
    """What the database of partners answers."""
    engine = engine_for(node.postgres.url("partners"), 1)
    try:
        async with engine.connect() as connection:
            return list((await connection.execute(text(query))).all())
    finally:
        await engine.dispose()
