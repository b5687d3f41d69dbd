"""A service that starts while its database is in trouble opens as soon as that is over, and by itself."""

import asyncio

import asyncpg
import pytest
from fastapi import APIRouter

from chassis import Service, Settings
from tests.chassis.lending import Table
from tests.faults.proxy import AtTheEndOf, Line
from tests.given import eventually, running

MIGRATION = """
from pathlib import Path

from alembic import op

revision, down_revision = "0001", None


def upgrade():
    if Path("{trouble}").exists():
        op.execute("{trouble_is}")
"""


@pytest.fixture
def trouble(tmp_path):
    """As long as this file is there, the only migration of `opening` is in trouble."""
    file = tmp_path / "trouble"
    file.touch()
    return file


def opening(trouble, trouble_is):
    """A service of which that is the only migration."""
    migrations = trouble.parent / "migrations"
    migrations.mkdir()
    text = MIGRATION.format(trouble=trouble, trouble_is=trouble_is)
    (migrations / "0001_first.py").write_text(text)

    def make(settings: Settings) -> Service:
        return Service("opening", settings, tables=Table, api=APIRouter(), migrations=migrations)

    return make


@pytest.fixture
async def server(postgres):
    """The database server, as who may see and end everything sees it."""
    connection = await asyncpg.connect(postgres.url(driver="postgresql"), ssl=False)
    yield connection
    await connection.close()


@pytest.fixture
def stumbled(capsys):
    """Waits until the migration has failed, as the log tells."""

    async def is_told():
        return "not migrated" in capsys.readouterr().out

    return lambda: eventually(is_told, saying="a migration that failed")


async def test_a_line_that_breaks_in_the_middle_of_a_migration_is_waited_for(postgres, nats, server, trouble, stumbled):
    async def under_way():
        return await server.fetchval("SELECT pid FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(3600)'")

    async def break_it(line):
        process = await eventually(under_way, saying="a migration that is under way")
        line.cut()
        trouble.unlink()
        await stumbled()
        await server.execute(f"SELECT pg_terminate_backend({process})")
        line.mend()

    async with Line(postgres.port) as line:
        breaking = asyncio.create_task(break_it(line))
        async with running(opening(trouble, "SELECT pg_sleep(3600)"), AtTheEndOf(postgres, line), nats) as opened:
            await breaking

            assert await opened.service.parts() == {"database": "ready", "broker": "ready"}


async def test_what_an_operator_mends_is_found_without_a_restart(own_postgres, nats, trouble, stumbled, monkeypatch):
    monkeypatch.setattr("chassis.service.MIGRATES_AGAIN_SECONDS", 0.1)

    async def mend():
        await stumbled()
        trouble.unlink()

    mending = asyncio.create_task(mend())
    async with running(opening(trouble, "SELECT 1 FROM nowhere"), own_postgres, nats) as opened:
        await mending

        assert await opened.service.parts() == {"database": "ready", "broker": "ready"}
