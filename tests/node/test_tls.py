"""A node whose servers speak TLS: NATS with a certificate of the lines, and a PostgreSQL that demands it."""

import asyncio
import ssl
import struct
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from contracts.event import new_id
from node.keeping import databases
from node.links import certificates
from node.node import Node
from node.part import PartFailed, free_port
from tests.node.commands import odh
from tests.story.conftest import COMPILED

#: How a client of PostgreSQL asks for TLS, before it says anything else.
ASKS_FOR_TLS = struct.pack("!ii", 8, 80877103)


async def test_a_node_does_not_start_with_a_certificate_that_its_services_cannot_trust(run_directory):
    data = run_directory / new_id()
    certificates.make(data / "keys" / "lines", ["hub.example.org"])

    with pytest.raises(PartFailed, match=r"server.pem is niet ook voor 127\.0\.0\.1"):
        await Node(data, gateway_port=free_port(), services=()).start()


@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(300)
async def test_a_node_whose_nats_speaks_tls_is_kept_put_back_looked_at_and_counted_anew(run_directory, tmp_path):
    data, kept = run_directory / new_id(), tmp_path / "kept"
    certificates.make(data / "keys" / "lines", ["127.0.0.1"])
    services = ("members", "notify", "partners", "insight")
    node = Node(data, gateway_port=free_port(), services=services, settings=COMPILED)
    await node.start()
    try:
        letters = await odh("dead-letters", f"--data={data}")
        counted = await odh("insight", "rebuild", f"--data={data}")
        backup = await odh("backup", str(kept), f"--data={data}", "--patience=0")
    finally:
        await node.stop()
    restore = await odh("restore", str(kept), f"--data={data}", "--overwrite")

    assert (letters.code, letters.out) == (0, "0 dead letters stand here.\n"), letters.err
    assert [done.code for done in (counted, backup, restore)] == [0, 0, 0], counted.err + backup.err + restore.err


@pytest.fixture
async def demands_tls(postgres: Any, tmp_path: Path) -> AsyncIterator[int]:
    """The port of a PostgreSQL that hangs up on who does not ask for TLS."""
    certificates.make(tmp_path, ["127.0.0.1"])
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")

    async def pass_on(reader: StreamReader, writer: StreamWriter) -> None:
        while part := await reader.read(65536):
            writer.write(part)
        writer.close()

    async def on_call(reader: StreamReader, writer: StreamWriter) -> None:
        if await reader.readexactly(len(ASKS_FOR_TLS)) != ASKS_FOR_TLS:
            writer.close()
            return
        writer.write(b"S")
        await writer.start_tls(context)
        from_server, to_server = await asyncio.open_connection("127.0.0.1", postgres.port)
        await asyncio.gather(pass_on(reader, to_server), pass_on(from_server, writer))

    async with await asyncio.start_server(on_call, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize("more", ["", "?ssl=require"])
async def test_a_backup_reads_a_database_that_demands_tls_as_a_service_does(postgres, demands_tls, more):
    url = postgres.url().replace(f":{postgres.port}/", f":{demands_tls}/") + more

    connection = await databases.connect(url)

    assert await connection.fetchval("SELECT 1") == 1
    await connection.close()
