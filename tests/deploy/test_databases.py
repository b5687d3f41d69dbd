"""What makes the databases in compose, on a real PostgreSQL: whatever was there of it, afterwards it is whole."""

import os
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from node import ROOT, SERVICES
from node.part import free_port
from node.postgres import BINARIES, PostgresServer
from tests.given import fresh_name

SCRIPT = ROOT / "deploy" / "postgres" / "databases.sh"

#: The script asks over a socket and reads passwords from a volume; this server is on loopback, and has neither.
PSQL = """#!/bin/sh
for word; do
  [ "$word" != /var/run/postgresql ] || word=127.0.0.1
  set -- "$@" "$word"; shift
done
exec {psql} --port {port} "$@"
"""
CAT = """#!/bin/sh
echo "password of $1"
"""


@pytest.fixture(scope="module")
async def server(run_directory: Path) -> AsyncIterator[PostgresServer]:
    """One of its own: it gets databases that are called as the services are."""
    server = PostgresServer(run_directory / fresh_name("databases"), port=free_port())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def empty(server: PostgresServer) -> AsyncIterator[asyncpg.Connection]:
    """A connection to the server, with nothing of a node in it."""
    connection = await asyncpg.connect(server.url(driver="postgresql"), ssl=False)
    for service in SERVICES:
        await connection.execute(f"DROP DATABASE IF EXISTS {service}")
        await connection.execute(f"DROP ROLE IF EXISTS {service}")
    yield connection
    await connection.close()


def databases(server: PostgresServer, programs: Path) -> None:
    """Runs the script."""
    for name, text in {"psql": PSQL.format(psql=BINARIES / "psql", port=server.port), "cat": CAT}.items():
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{os.environ['PATH']}"}
    subprocess.run(["sh", str(SCRIPT)], env=environment, check=True)


BROKEN_OFF = {
    "nothing is there": (),
    "a user is there without its database": ("CREATE ROLE members LOGIN",),
    "a database is there that everybody may enter": (
        "CREATE ROLE members LOGIN",
        "CREATE DATABASE members OWNER members",
    ),
}


@pytest.mark.parametrize("broken_off", BROKEN_OFF)
async def test_each_service_has_a_database_that_nobody_else_enters(server, empty, tmp_path, broken_off):
    for statement in BROKEN_OFF[broken_off]:
        await empty.execute(statement)

    databases(server, tmp_path)
    databases(server, tmp_path)

    owned = "SELECT datname, pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = ANY($1)"
    assert {tuple(row) for row in await empty.fetch(owned, list(SERVICES))} == {(name, name) for name in SERVICES}
    others = """
        SELECT rolname, datname FROM pg_database, pg_roles
        WHERE rolname = ANY($1) AND rolname <> datname AND datallowconn
            AND has_database_privilege(rolname, datname, 'CONNECT')
        """
    assert await empty.fetch(others, list(SERVICES)) == []
