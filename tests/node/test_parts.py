"""The parts of a node: started, watched, killed, started again, and never left behind."""

import asyncio
import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import AsyncMock

import asyncpg
import psutil
import pytest

from node import ROOT, addresses
from node.node import Node
from node.part import LOG_BYTES_MAX, Part, PartFailed, free_port
from node.postgres import PostgresServer
from tests.given import eventually


class Shell(Part):
    """A part that is a line of shell, ready when it has written a file."""

    def __init__(self, folder: Path, line: str) -> None:
        super().__init__("shell", folder / "shell.log")
        self.folder, self.line = folder, line

    def command(self) -> list[str]:
        return ["sh", "-c", self.line]

    def environment(self) -> dict[str, str]:
        return dict(os.environ, FOLDER=str(self.folder))

    async def is_ready(self) -> bool:
        return (self.folder / "ready").exists()


async def test_a_part_that_stops_while_starting_tells_its_last_words(tmp_path):
    with pytest.raises(PartFailed, match=r"stopte bij het starten.*\n.*geen schijf meer"):
        await Shell(tmp_path, "echo geen schijf meer; exit 3").start()


async def test_a_part_that_is_never_ready_is_given_up(tmp_path, monkeypatch):
    part = Shell(tmp_path, "echo ik wacht; sleep 60")

    async def has_spoken() -> bool:
        return bool(part.tail())

    async def is_ready() -> bool:
        await eventually(has_spoken, saying="what it writes")
        return False

    monkeypatch.setattr(part, "is_ready", is_ready)
    with pytest.raises(PartFailed, match=r"na [\d.]+ s niet klaar.*\n.*ik wacht"):
        await part.start(timeout=0.2)
    await part.stop()


async def test_a_part_that_does_not_listen_is_killed_in_the_end(tmp_path):
    part = Shell(tmp_path, "trap '' TERM; touch $FOLDER/ready; while :; do sleep 0.05; done")
    await part.start()

    await part.stop(patience=0.2)

    assert part.exit_code == -signal.SIGKILL


async def test_a_log_is_set_aside_when_it_grows_large(tmp_path):
    part = Shell(tmp_path, "touch $FOLDER/ready; while :; do echo regel; sleep 0.05; done")
    part.log.write_bytes(b"x" * (LOG_BYTES_MAX + 1))
    await part.start()
    try:
        part.keep_log_small()

        async def is_written_again() -> bool:
            return part.log.read_text().startswith("regel")

        await eventually(is_written_again)
        assert (tmp_path / "shell.log.1").stat().st_size > LOG_BYTES_MAX
    finally:
        await part.stop()


async def test_a_part_does_not_outlive_who_started_it(tmp_path):
    starter = f"""
import asyncio, time
from pathlib import Path
from tests.node.test_parts import Shell
part = Shell(Path({str(tmp_path)!r}), "touch $FOLDER/ready; exec sleep 60")
asyncio.run(part.start())
print(part.pid, flush=True)
time.sleep(60)
"""
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", starter, cwd=ROOT, stdout=subprocess.PIPE)
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert psutil.pid_exists(child)

    parent.kill()
    await parent.wait()

    async def is_gone() -> bool:
        return not psutil.pid_exists(child) or psutil.Process(child).status() == psutil.STATUS_ZOMBIE

    await eventually(is_gone, saying="the end of the part")


async def test_half_a_database_directory_is_never_taken_for_whole(run_directory):
    server = PostgresServer(run_directory / "half", port=free_port())
    broken_off = run_directory / "half.new"
    broken_off.mkdir()
    (broken_off / "PG_VERSION").write_text("18\n")

    await server.start()
    await server.create_database("whole")
    await server.stop()

    assert not broken_off.exists()


async def test_postgres_starts_again_also_when_a_statement_lives_on_that_its_server_does_not(run_directory):
    server = PostgresServer(run_directory / "counting", port=free_port())
    await server.start()
    connection = await asyncpg.connect(server.url(driver="postgresql"), ssl=False)
    backend = psutil.Process(await connection.fetchval("SELECT pg_backend_pid()"))
    counting = asyncio.create_task(connection.execute("DO $$ BEGIN LOOP END LOOP; END $$"))

    async def counts() -> bool:
        return backend.cpu_times().user > 0.3

    try:
        await eventually(counts, saying="a statement that waits for nothing")
        server.kill()
        await server.start()

        assert not backend.is_running() or backend.status() == psutil.STATUS_ZOMBIE
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
        await server.stop()


async def test_a_lock_of_another_program_does_not_keep_postgres_from_starting(run_directory):
    """After a power cut the number in postmaster.pid may be that of anything that runs."""
    server = PostgresServer(run_directory / "locked", port=free_port())
    await server.start()
    left_behind = (server.data / "postmaster.pid").read_text().splitlines()
    server.kill()
    other = await asyncio.create_subprocess_exec("sleep", "60", user=server.system_user)
    (server.data / "postmaster.pid").write_text("\n".join([str(other.pid), *left_behind[1:]]) + "\n")

    await server.start()

    await server.stop()
    other.kill()
    await other.wait()


async def test_a_port_that_somebody_takes_just_after_it_was_chosen_is_chosen_again(run_directory, monkeypatch):
    node = Node(run_directory / "late", gateway_port=free_port(), services=())
    compose, chosen = node._compose, []

    def compose_and_lose_a_port() -> None:
        compose()
        chosen.append(node.nats.port)
        if len(chosen) == 1:
            somebody.bind(("127.0.0.1", node.nats.port))
            somebody.listen()

    monkeypatch.setattr(node, "_compose", compose_and_lose_a_port)
    with socket.socket() as somebody:
        await node.start()
        await node.stop()

    assert len(set(chosen)) == 2


@pytest.mark.parametrize("full", [OSError(errno.ENOSPC, "No space left on device"), asyncpg.DiskFullError("no space")])
async def test_a_disk_that_fills_while_a_node_starts_is_told_and_nothing_is_left(full, run_directory, monkeypatch):
    node = Node(run_directory / f"full-{type(full).__name__}", gateway_port=free_port(), services=())
    monkeypatch.setattr(Node, "_open_databases", AsyncMock(side_effect=full))

    with pytest.raises(PartFailed, match=r"(?i)no space"):
        await node.start()

    assert [part.name for part in node.parts.values() if part.is_alive] == []


@pytest.fixture(scope="module")
async def watched(run_directory: Path) -> AsyncIterator[tuple[Node, list[str]]]:
    """A node with one service, watched over as `./odh up` does, and what it tells."""
    told: list[str] = []
    node = Node(run_directory / "watched", gateway_port=free_port(), services=("members",))
    await node.start()
    node.watch(told.append)
    yield node, told
    await node.stop()


@pytest.mark.kill
@pytest.mark.parametrize("name", ["members", "nats", "postgres", "mail"])
async def test_a_part_that_dies_is_started_again(watched, name):
    node, told = watched
    before = node.parts[name].pid

    node.kill(name)

    async def is_back() -> bool:
        part = node.parts[name]
        return part.pid not in (None, before) and await part.is_ready() and await node.parts["members"].is_ready()

    await eventually(is_back, saying=f"{name} again")

    async def is_told() -> bool:
        return bool(told) and told[-1].startswith(f"{name} draait weer")

    await eventually(is_told)
    assert f"{name} is gestopt (exit -9)" in " ".join(told)
    running = addresses.read(node.data)
    assert running is not None
    assert running.pids[name] == node.parts[name].pid


async def test_one_node_at_a_time_runs_on_the_same_data(watched):
    node, _ = watched
    second = Node(node.data, gateway_port=free_port(), services=("members",))

    with pytest.raises(PartFailed, match=f"er draait al een node.*{node.url('gateway')}"):
        await second.start()
    await second.stop()

    await eventually(node.parts["members"].is_ready, saying="a node that runs on")


async def test_only_the_gateway_listens_where_the_operator_says(watched, monkeypatch):
    node, _ = watched
    monkeypatch.setenv("ODH_HOST", "0.0.0.0")
    monkeypatch.setenv("ODH_TRACE_RATIO", "1")

    assert (node.env("members")["ODH_HOST"], node.env("gateway")["ODH_HOST"]) == ("127.0.0.1", "0.0.0.0")
    assert node.env("members")["ODH_TRACE_RATIO"] == "1"
    assert "ODH_IDENTITY_PRIVATE_KEY_FILE" not in node.env("members")


async def test_a_setting_that_an_operator_has_in_a_file_is_said_by_nobody_else(watched, monkeypatch, tmp_path):
    node, _ = watched
    for variable, text in {"SMTP_URL": "smtps://mail.example", "NODE_TEAM_ADDRESSES": "kim@school.example"}.items():
        (tmp_path / variable).write_text(text)
        monkeypatch.setenv(f"ODH_{variable}_FILE", str(tmp_path / variable))

    told = node.env("notify")

    assert told["ODH_SMTP_URL_FILE"] == str(tmp_path / "SMTP_URL")
    assert not {"ODH_SMTP_URL", "ODH_SIGN_IN_LINKS_PER_HOUR_MAX"} & set(told)
    assert node.addresses().team == ["kim@school.example"]


async def test_what_is_one_services_own_an_operator_cannot_say_in_a_file_either(watched, monkeypatch):
    node, _ = watched
    monkeypatch.setenv("ODH_DATABASE_URL_FILE", "/secrets/database_url")

    assert "ODH_DATABASE_URL_FILE" not in node.env("members")


async def test_the_servers_let_nobody_in_without_the_password(watched):
    node, _ = watched
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(f"postgresql://postgres:wrong@127.0.0.1:{node.postgres.port}/members", ssl=False)
