"""The disk of a node is full: nothing is acknowledged that is not kept, what is there can be read, and once there is
room everything goes on by itself."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.nats import NatsServer
from node.part import free_port
from tests.chassis.conftest import lending_on
from tests.given import eventually
from tests.story.conftest import running_node
from tests.story.halfway import UNANSWERED, Halfway
from tests.story.ledger import Ledger

pytestmark = [pytest.mark.whole_node, pytest.mark.long, pytest.mark.timeout(400)]

SETTINGS = {
    "ODH_EMBEDDING_MODEL": "none",
    "ODH_ACK_WAIT_SECONDS": "1",
    "ODH_RETRY_DELAY_SECONDS_FIRST": "0.05",
    "ODH_RETRY_DELAY_SECONDS_MAX": "0.5",
    "ODH_RELAY_POLL_SECONDS": "0.2",
    "ODH_MAIL_POLL_SECONDS": "0.2",
    "ODH_MEMBER_LIMIT": "100000/minute",
    "ODH_SIGN_IN_LIMIT": "1000/minute",
    "ODH_JOIN_LIMIT": "1000/minute",
}

MB = 1024 * 1024


class Disk:
    """One of its own, in memory, whose size can be changed."""

    def __init__(self, at: Path) -> None:
        self.at = at

    def mount(self) -> None:
        self.at.mkdir(exist_ok=True)
        self._mount("size=2g,mode=711")

    def fill(self) -> None:
        """Leaves hardly any room."""
        self._mount(f"remount,size={(shutil.disk_usage(self.at).used // MB + 2)}m")

    def enlarge(self) -> None:
        self._mount("remount,size=2g")

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", self.at], check=True)

    def _mount(self, options: str) -> None:
        subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", self.at], check=True, capture_output=True)


@pytest.fixture
async def disk(run_directory: Path) -> AsyncIterator[Disk]:
    disk = Disk(run_directory / "disk")
    try:
        disk.mount()
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("nobody may mount a disk here")
    yield disk
    disk.unmount()


@pytest.fixture
async def halfway(disk: Disk, run_directory: Path) -> AsyncIterator[Halfway]:
    async with running_node(disk.at / "node", **SETTINGS) as node:
        node.watch(print)
        story = Halfway(node, Ledger(run_directory / "ledger.jsonl"), run_directory / "unarmed")
        async with story.everybody():
            yield story


async def test_a_full_disk_costs_nothing_that_was_acknowledged_and_everything_goes_on_when_there_is_room(halfway, disk):
    before = await placed_before(halfway)
    disk.fill()
    asking = asyncio.create_task(burst(halfway))

    async def is_full() -> bool:
        return len(halfway.ledger.refusals) > 3

    await eventually(is_full, saying="a full disk")
    await eventually(lambda: can_be_read(halfway, before), saying="what can be read on a full disk")
    disk.enlarge()
    placed = await asking

    assert set(halfway.ledger.refusals) <= {"503"}
    await halfway.quiet()
    await halfway.then_each_was_placed_once(placed)
    await halfway.play()
    await halfway.then_it_ended_well(copies_max=1)


async def test_a_broker_that_could_not_write_takes_everything_when_it_is_started_anew(disk, postgres):
    """Commands do not notice; whoever looks after it sees when that helps."""
    server = NatsServer(disk.at / "nats", port=free_port(), monitor_port=free_port(), domain="own")
    await server.start()
    try:
        async with lending_on(postgres, server) as lending:
            disk.fill()
            tools = [f"tool-{number}" for number in range(40)]
            for tool in tools:
                await lending.lends(tool, note="Veel te vertellen. " * 100, copies=20)

            async def cannot_write() -> bool:
                return not await server.is_ready()

            await eventually(cannot_write, saying="a broker that cannot write")
            assert not await server.is_stuck()
            disk.enlarge()
            assert await server.is_stuck()
            await server.stop()
            await server.start()

            await lending.outbox_empty()
            assert len(await lending.lent()) == len(set(await lending.lent())) == 800
    finally:
        await server.stop()


async def placed_before(halfway: Halfway) -> str:
    return str((await halfway.ledger.send(halfway.owner, "/requests", UNANSWERED))["request_id"])


async def can_be_read(halfway: Halfway, request_id: str) -> bool:
    answer = await halfway.owner.http.get(f"/api/v1/requests/{request_id}")
    return answer.is_success


async def burst(halfway: Halfway, count: int = 400) -> list[str]:
    """As people who try again until they are answered: so many requests, a few at a time, that fill a few megabytes."""
    few = asyncio.Semaphore(6)

    async def asked(number: int) -> str:
        async with few:
            text = f"{UNANSWERED['text']} " + "Wij hebben veel kozijnen over. " * 50
            body = UNANSWERED | {"title": f"Vraag {number} van de stormloop", "text": text}
            return str((await halfway.ledger.send(halfway.owner, "/requests", body, within=180))["request_id"])

    return await asyncio.gather(*map(asked, range(count)))
