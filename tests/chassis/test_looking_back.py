"""What the broker lost of what it had acknowledged is said again, once, and has one effect."""

import os
import random
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import text

from chassis.looking_back import forget_said, say_again
from contracts.event import EventRejected
from node.nats import NatsServer
from tests.chassis.conftest import lending_on, wanted
from tests.chassis.lending import AlreadyLent
from tests.chassis.test_forgetting import forget
from tests.chassis.test_hearing import kill_consumers, start_consumers
from tests.given import eventually


async def said_rows(lending):
    async with lending.service.engine.connect() as connection:
        return [
            tuple(row) for row in await connection.execute(text("SELECT event_id, stream_seq FROM said ORDER BY seq"))
        ]


@pytest.mark.parametrize("count", [1, 40], ids=["alone", "in a batch"])
async def test_what_left_the_outbox_is_kept_with_its_number_in_the_stream(lending, count):
    await lending.lends("tool", copies=count)
    await lending.outbox_empty()

    rows = await said_rows(lending)
    assert [event_id for event_id, _ in rows] == [event_id for event_id, _ in await lending.stored()]
    assert all(later == one + 1 for (_, one), (_, later) in pairwise(rows))
    assert await say_again(lending.service) == 0


async def test_a_timer_that_went_off_is_not_missed(lending, tool_id):
    await lending.lends(tool_id, returned_after_seconds=0)
    await lending.handled(tool_id)
    await lending.outbox_empty()

    assert len(await said_rows(lending)) == 2
    assert await say_again(lending.service) == 0


def blocks(store: Path) -> list[Path]:
    return [block for block in sorted(store.rglob("msgs/*.blk")) if block.stat().st_size]


def is_put_back(store: Path) -> None:
    """To what it was, as a power cut does where the broker does not wait for the disk."""
    shutil.rmtree(store)
    shutil.copytree(store.with_name("kept"), store)


def is_lost(store: Path) -> None:
    shutil.rmtree(store)


def rots(store: Path) -> None:
    """A byte of what the streams hold is another one."""
    for block in blocks(store):
        with block.open("r+b") as file:
            file.seek(random.Random(7).randrange(block.stat().st_size // 2, block.stat().st_size))
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 0x55]))


def is_cut_short(store: Path) -> None:
    for block in blocks(store):
        os.truncate(block, block.stat().st_size * 7 // 10)


@pytest.mark.long
@pytest.mark.parametrize(
    ("damage", "is_killed"),
    [(is_put_back, True), (is_lost, True), (rots, True), (rots, False), (is_cut_short, True), (is_cut_short, False)],
)
async def test_whatever_happens_to_the_store_nothing_is_lost_and_nothing_has_two_effects(
    postgres, own_nats: NatsServer, damage: Callable[[Path], None], is_killed: bool
):
    """What was heard, what was not heard yet, what is under way as a timer, and what waits for its time."""
    store = own_nats.data / "store"
    async with lending_on(postgres, own_nats) as lending:
        await lending.lends("heard", returned_after_seconds=0)
        await lending.handled("heard")
        await lending.outbox_empty()
        await own_nats.stop()
        shutil.copytree(store, store.with_name("kept"))
        await own_nats.start()
        await lending.lends("after", copies=30)
        await kill_consumers(lending)
        for number in range(20):
            await lending.lends(f"unheard-{number}", returned_after_seconds=0)
        await lending.lends("waits", returned_after_seconds=6)
        await lending.outbox_empty()

        if is_killed:
            own_nats.kill()
        else:
            await own_nats.stop()
        damage(store)
        await own_nats.start()
        start_consumers(lending)

        returned = ["heard", *(f"unheard-{number}" for number in range(20)), "waits"]
        for tool in returned:
            await lending.handled(tool)
        said = [*returned, "after", *(f"after-{number}" for number in range(1, 30))]

        async def all_there_once():
            return sorted(await lending.lent()) == sorted(said)

        await eventually(all_there_once, saying="every event in the stream, once")
        await lending.lends("later", returned_after_seconds=0)
        await lending.handled("later")
        assert sorted(tool for tool, _, _ in await lending.handlings()) == sorted([*returned, "later"])
        assert await lending.dead_letters() == []


@pytest.mark.long
async def test_a_timer_goes_off_again_when_the_disk_lost_that_it_went_off(postgres, own_nats: NatsServer):
    """The server noted that the first is not due any more when the second was."""
    async with lending_on(postgres, own_nats) as lending:
        await kill_consumers(lending)
        await lending.lends("tool", returned_after_seconds=4)
        await lending.lends("second", returned_after_seconds=5)
        await lending.outbox_empty()
        kept = {block: block.read_bytes() for block in blocks(own_nats.data / "store")}
        assert await lending.stored("local") == []

        async def both_went_off():
            return len(await lending.stored("local")) == 2

        await eventually(both_went_off, saying="what both timers say")

        await own_nats.stop()
        for block, held in kept.items():
            block.write_bytes(held)
        await own_nats.start()
        start_consumers(lending)

        await lending.handled("tool")


async def test_a_rejection_that_the_broker_lost_is_missed(lending, tool_id, trouble):
    """Its sender waits for it, and the event is never handled anew."""

    async def refuse(*_):
        raise AlreadyLent

    trouble[tool_id] = refuse
    await lending.publish(wanted(tool_id))
    await lending.then_said(EventRejected)
    await lending.outbox_empty()
    assert await say_again(lending.service) == 0
    streams = lending.service.streams
    await streams.js.purge_stream(streams.name("local"))

    assert await say_again(lending.service) == 1


async def test_what_was_forgotten_is_not_said_again(lending, tool_id):
    await lending.lends(tool_id)
    await lending.lends(f"{tool_id}-other")
    await lending.outbox_empty()
    await forget(lending, tool_id)

    assert await say_again(lending.service) == 0
    assert len(await said_rows(lending)) == 1


async def test_what_may_not_stay_in_its_stream_is_not_kept_either(lending, tool_id):
    await lending.lends(tool_id, key_code="1234")
    await lending.outbox_empty()

    assert len(await said_rows(lending)) == 1


async def test_what_was_said_long_ago_is_not_kept_but_for_the_newest_timer_that_waits(lending):
    for number in range(2):
        await lending.lends(f"tool-{number}", returned_after_seconds=3600)
    await lending.outbox_empty()
    await lending.execute("UPDATE said SET said_at = said_at - interval '2 days'")
    await lending.execute("UPDATE said SET due_at = due_at - interval '2 days' WHERE entity_id = 'tool-1'")

    await forget_said(lending.service)

    async with lending.service.engine.connect() as connection:
        assert [row[0] for row in await connection.execute(text("SELECT entity_id FROM said"))] == ["tool-0"]
