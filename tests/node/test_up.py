"""`./odh up`, `./odh story` and the demo data, as somebody would use them in an evening."""

import os
import re
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from node import addresses
from node.addresses import Addresses
from node.demo import DEMO
from node.part import free_port
from tests.given import eventually
from tests.node.commands import Finished, Up, odh, readable_by

pytestmark = [pytest.mark.whole_node, pytest.mark.long, pytest.mark.timeout(300)]  # whole nodes, on whatever machine

STEPS = [
    "PostgreSQL",
    "NATS JetStream",
    "mailvanger",
    "members",
    "requests",
    "matching",
    "notify",
    "partners",
    "insight",
    "gateway",
]


@dataclass
class Look:
    """Where a node is, and what is in it."""

    where: Addresses
    counts: dict[str, int]
    states: set[str]
    health: str


@dataclass
class Evening:
    """What was seen, in the order in which it happened."""

    data: Path
    ups: list[Up] = field(default_factory=list)
    looks: list[Look] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    left_running: list[list[str]] = field(default_factory=list)
    commands: dict[str, Finished] = field(default_factory=dict)

    async def begin(self, port: int, *more: str) -> None:
        self.ups.append(await (await Up.start(self.data, port, *more)).open())
        self.looks.append(await self.look())

    async def end(self, number: signal.Signals) -> None:
        where = self.looks[-1].where
        self.codes.append(await self.ups[-1].end(number))
        self.left_running.append(await left_running(where))

    async def look(self) -> Look:
        where = addresses.read(self.data)
        assert where is not None
        async with httpx.AsyncClient() as client:
            health = (await client.get(f"{where.gateway}/health/ready")).json()["status"]
        tables = {"members": "member", "requests": "proposition", "matching": "match", "partners": "partner"}
        counts = {table: (await rows(where, service, f"SELECT 1 FROM {table}")) for service, table in tables.items()}
        states = await rows(where, "matching", "SELECT DISTINCT state FROM match")
        number = {name: len(found) for name, found in counts.items()}
        return Look(where, number, {row["state"] for row in states}, health)


@pytest.fixture(scope="module")
async def evening(run_directory: Path) -> Evening:
    """Up with demo data, two stories and Ctrl-C; up with demo data again, and killed; up once more, and stopped."""
    evening, port = Evening(run_directory / "evening"), free_port()
    on_data = f"--data={evening.data}"
    await evening.begin(port, "--demo")
    evening.commands["up"] = await odh("up", on_data, f"--port={free_port()}")
    evening.commands["story"] = await odh("story", on_data)
    evening.commands["story in English"] = await odh("story", on_data, "--language=en")
    evening.looks.append(await evening.look())
    await evening.end(signal.SIGINT)
    await evening.begin(port, "--demo")
    await evening.end(signal.SIGKILL)
    await evening.begin(port)
    await evening.end(signal.SIGTERM)
    return evening


async def rows(where: Addresses, service: str, statement: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(where.databases[service].replace("+asyncpg", ""), ssl=False)
    try:
        return list(await connection.fetch(statement))
    finally:
        await connection.close()


async def left_running(where: Addresses) -> list[str]:
    """The parts that still run after a few seconds."""

    def running() -> list[str]:
        return [name for name, pid in where.pids.items() if pid and runs(pid)]

    async def none() -> bool:
        return not running()

    with suppress(AssertionError):
        await eventually(none)
    return running()


def runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


async def test_a_start_shows_each_step_and_then_where_to_go(evening):
    screen, where = evening.ups[0].screen, evening.looks[0].where

    assert [step for step in STEPS if not re.search(rf"✓ {step}.* \d+,\d s", screen)] == []
    for shown in (where.gateway, where.mail, where.team[0], "Ctrl-C", "./odh story"):
        assert shown in screen


async def test_what_says_that_it_is_open_is_whole(evening):
    assert [look.health for look in evening.looks] == ["ready"] * 4


async def test_a_second_start_is_told_where_the_first_one_runs(evening):
    second = evening.commands["up"]

    assert second.code == 1
    assert f"er draait al een node op {evening.data}: {evening.looks[0].where.gateway}" in second.err
    assert "Traceback" not in second.err


async def test_the_demo_data_are_of_every_stage(evening):
    look = evening.looks[0]

    assert look.counts["member"] == len(DEMO["people"]) + 1  # and the node's team
    assert look.counts["proposition"] == len(DEMO["requests"]) + len(DEMO["offers"])
    assert look.counts["match"] >= 8
    assert look.counts["partner"] == 1
    assert {"proposed", "endorsed", "introduced"} <= look.states


async def test_the_story_can_be_watched_again_and_again(evening):
    told, in_english = evening.commands["story"], evening.commands["story in English"]

    assert (told.code, in_english.code) == (0, 0), told.err + in_english.err
    assert "Maak kennis met ROC Lindebeek" in told.out
    assert "Nadia Bouzidi" in told.out.rpartition("Maak kennis met ROC Lindebeek")[2]
    assert "Meet ROC Lindebeek" in in_english.out
    assert evening.looks[1].counts["member"] == evening.looks[0].counts["member"] + 8


async def test_ctrl_c_stops_everything(evening):
    assert evening.codes[0] == 0
    assert "Gestopt in" in evening.ups[0].screen
    assert evening.left_running[0] == []


async def test_a_second_start_goes_on_with_the_same_data_and_adds_no_demo_twice(evening):
    before, after = evening.looks[1], evening.looks[2]

    assert after.counts == before.counts
    assert (after.where.gateway, after.where.mail, after.where.nats) == (
        before.where.gateway,
        before.where.mail,
        before.where.nats,
    )


async def test_a_killed_up_leaves_no_orphan_and_the_next_one_starts(evening):
    assert evening.codes[1:] == [-signal.SIGKILL, 0]
    assert evening.left_running[1:] == [[], []]
    assert evening.looks[3].counts == evening.looks[2].counts
    assert addresses.read(evening.data) is None


@pytest.mark.skipif(os.geteuid() != 0 or not readable_by("nobody"), reason="only root can become somebody else")
async def test_it_runs_for_another_user_too_and_stops_when_the_terminal_goes(run_directory):
    data = run_directory / "somebody-else"
    data.mkdir()
    os.chown(data, *Up.ids("nobody"))

    up = await (await Up.start(data, free_port(), user="nobody")).open()

    where = addresses.read(data)
    assert where is not None
    assert {psutil.Process(pid).username() for pid in where.pids.values() if pid} == {"nobody"}
    assert await up.end(signal.SIGHUP) == 0
    assert await left_running(where) == []


async def test_a_taken_port_is_told_before_anything_starts(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        refused = await odh("up", f"--data={tmp_path}", f"--port={port}")

    assert refused.code == 1
    assert f"poort {port} is bezet; kies een andere met --port" in refused.err
    assert not (tmp_path / "postgres").exists()


async def test_a_story_without_a_node_says_so(tmp_path):
    refused = await odh("story", f"--data={tmp_path}")

    assert (refused.code, refused.out) == (1, "")
    assert "start er een met ./odh up" in refused.err
