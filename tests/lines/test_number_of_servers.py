"""What one server kept is put back on three, and what three kept on one: all of it, and each consumer where it was."""

from pathlib import Path

import pytest
from nats.js.api import AckPolicy, ConsumerConfig

from node.keeping import streams
from node.keeping.manifest import StreamKept
from node.links.accounts import SYSTEM_USER
from node.links.keeper import is_kept
from tests.given import eventually
from tests.lines.cluster import Hub
from tests.lines.country import Place, ids

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]

STREAM, CONSUMER = "odh-national-shared", "somebody"


async def kept(place: Place, folder: Path) -> dict[str, StreamKept]:
    """All streams of a node, as a backup has them."""
    (folder / "streams").mkdir(parents=True)
    async with streams.connected(place.server.url) as client:
        return {
            name: await streams.keep(client, name, folder, *await streams.where(client, name))
            for name in await streams.names(client, place.name)
        }


async def put_back(place: Place, folder: Path, was: dict[str, StreamKept]) -> int:
    """As a restore does, and only when nobody keeps the lines; what the consumer still has to hear."""

    async def lines_are_kept() -> bool:
        return await is_kept(place.server.url_of(SYSTEM_USER), place.name)

    await eventually(lines_are_kept, saying="somebody who keeps the lines")
    await place.keeper.stop()
    assert not await lines_are_kept()
    async with streams.connected(place.server.url) as client:
        for name in await streams.names(client, place.name):
            await streams.remove(client, name)
        for name, one in was.items():
            assert await streams.put_back(client, name, folder, one, place.replicas) == 0
        return int((await streams.ask(client, f"CONSUMER.INFO.{STREAM}.{CONSUMER}"))["num_pending"])


async def test_one_becomes_three_and_three_become_one(tmp_path):
    one, three, again = (
        Place(tmp_path / "1", "national"),
        Hub(tmp_path / "2", "national"),
        Place(tmp_path / "3", "national"),
    )
    await one.start()
    await one.says(*ids(20))
    js = one.streams.js
    await js.add_consumer(STREAM, ConsumerConfig(durable_name=CONSUMER, ack_policy=AckPolicy.EXPLICIT))
    for message in await (await js.pull_subscribe_bind(CONSUMER, STREAM)).fetch(7):
        await message.ack_sync()
    await js.add_consumer(STREAM, ConsumerConfig(ack_policy=AckPolicy.NONE, inactive_threshold=60))  # who reads a while
    was = await kept(one, tmp_path / "of one")
    await one.stop()

    await three.start()
    assert await put_back(three, tmp_path / "of one", was) == 13
    await eventually(three.is_whole, within=60, saying="three servers that all have it")
    was = await kept(three, tmp_path / "of three")
    assert {name: one.state["messages"] for name, one in was.items()}[STREAM] == 20
    await three.stop()

    await again.start()
    assert await put_back(again, tmp_path / "of three", was) == 13
    await again.stop()
