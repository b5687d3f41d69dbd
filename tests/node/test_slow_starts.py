"""A part with much in its store takes long to start: it is waited for, and that is told."""

import os

import nats

from node.nats import NatsServer
from node.node import Node
from node.part import fetch, free_port
from node.postgres import SETTINGS, PostgresServer
from tests.given import eventually, fresh_name
from tests.node.test_parts import Shell


async def test_a_part_that_is_busy_with_what_it_has_stored_is_waited_for(tmp_path, monkeypatch):
    part, asked = Shell(tmp_path, "sleep 60"), []

    async def is_busy() -> bool:
        asked.append(part.pid)
        if len(asked) == 3:
            (tmp_path / "ready").touch()
        return True

    monkeypatch.setattr(part, "is_busy", is_busy)

    await part.start(timeout=0)

    assert len(asked) == 3
    await part.stop()


async def test_postgres_is_busy_as_long_as_it_tells_everybody_to_come_back(run_directory, monkeypatch):
    server = PostgresServer(run_directory / "recovering", port=free_port())
    await server.start()
    assert not await server.is_busy()
    await server.stop()
    (server.data / "standby.signal").touch()  # it then reads what it had written and goes on waiting for more
    monkeypatch.setitem(SETTINGS, "hot_standby", "off")

    server.launch()

    await eventually(server.is_busy, saying="a server that is starting up")
    assert not await server.is_ready()
    await server.stop()


async def test_nats_is_busy_as_long_as_it_reads_its_streams(run_directory):
    server = NatsServer(
        run_directory / "reading", port=free_port(), monitor_port=free_port(), domain=fresh_name("node")
    )
    await server.start()
    assert not await server.is_busy()
    client = await nats.connect(server.url)
    await client.jetstream().add_stream(name="said", subjects=["said"])
    await client.jetstream().publish("said", b"something")
    await client.close()
    await server.stop()
    (block,) = server.data.glob("store/jetstream/*/streams/said/msgs/1.blk")
    block.unlink()
    os.mkfifo(block)  # there is never anything to read

    await server.prepare()
    server.launch()

    async def is_open_and_busy() -> bool:
        return (await fetch(server.monitor_port, "/healthz"))[0] == 500 and await server.is_busy()

    await eventually(is_open_and_busy, saying="a server that reads")
    assert not await server.is_ready()
    server.kill()


async def test_what_takes_long_to_start_is_told_every_while(tmp_path, monkeypatch):
    monkeypatch.setattr("node.node.STILL_BUSY_SECONDS", 0.01)
    told: list[tuple[str, str]] = []
    node = Node(
        tmp_path,
        say=lambda what, _: told.append((what, "is there")),
        say_busy=lambda what, _: told.append((what, "is busy")),
    )

    async def was_told() -> bool:
        return len(told) > 1

    await node._timed("NATS JetStream", eventually(was_told))

    assert told[-1] == ("NATS JetStream", "is there")
    assert set(told[:-1]) == {("NATS JetStream", "is busy")}
