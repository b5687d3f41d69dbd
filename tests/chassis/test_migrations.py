"""Every database comes to the newest form by itself: from nothing, from each earlier form, under a lock, and back."""

import asyncio
import importlib
import importlib.util
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.database import alembic_config, engine_for, migrate, upgrade
from chassis.locks import lock_number
from tests.chassis import lending
from tests.chassis.conftest import TINY
from tests.given import fresh_name, migration_matches

ROOT = Path(__file__).parent.parent.parent
HOMES = [TINY, *sorted(folder.parent for folder in (ROOT / "services").glob("*/migrations"))]


def earlier_revisions():
    """Each form that a database may be in, before the newest, of each service."""
    for home in HOMES:
        script = ScriptDirectory.from_config(alembic_config(home / "migrations"))
        for revision in script.walk_revisions():
            if revision.revision not in script.get_heads():
                yield pytest.param(home, revision.revision, id=f"{home.name}-{revision.revision}")


def tables_of(home: Path) -> Any:
    """The tables as the models of a service describe them."""
    if home is TINY:
        return lending.Table
    modules = [f"services.{home.name}.{file}" for file in ("tables", "store")]
    found = next(module for module in modules if importlib.util.find_spec(module))
    importlib.import_module(f"services.{home.name}.app")  # a table may stand beside the questions that are asked of it
    return importlib.import_module(found).Table


async def differences(engine: AsyncEngine, home: Path) -> list[Any]:
    """What the models have that the database has not, and the other way round."""
    return await migration_matches(SimpleNamespace(engine=engine, tables=tables_of(home)))


@asynccontextmanager
async def engine_on(postgres: Any) -> AsyncIterator[AsyncEngine]:
    """An empty database, gone afterwards."""
    name = fresh_name("test").replace("-", "_")
    await postgres.create_database(name)
    engine = engine_for(postgres.url(name), 6)
    yield engine
    await engine.dispose()
    await postgres.drop_database(name)


async def tables(connection: AsyncConnection) -> set[str]:
    return set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names()))


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
async def test_from_nothing_the_migrations_make_what_the_models_say(postgres, home):
    async with engine_on(postgres) as engine:
        await migrate(engine, home / "migrations")

        assert await differences(engine, home) == []


@pytest.mark.parametrize("home", HOMES, ids=lambda home: home.name)
async def test_the_migrations_can_be_undone_and_done_again(postgres, home):
    async with engine_on(postgres) as engine:
        for _ in range(2):
            await migrate(engine, home / "migrations")
            async with engine.connect() as connection:
                await connection.run_sync(undo, home)
                assert await tables(connection) == {"alembic_version"}
                assert (await connection.execute(_ELSE)).scalars().all() == []


#: Sequences and functions of our own, which no table takes along.
_ELSE = text(
    """
    SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'S'
    UNION ALL
    SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
    """
)


def undo(connection: sa.Connection, home: Path) -> None:
    config = alembic_config(home / "migrations")
    config.attributes["connection"] = connection
    command.downgrade(config, "base")
    connection.commit()


@pytest.mark.parametrize(("home", "revision"), list(earlier_revisions()))
async def test_from_each_earlier_form_with_rows_in_it(postgres, home, revision):
    async with engine_on(postgres) as engine:
        async with engine.connect() as connection:
            await connection.run_sync(upgrade, home / "migrations", revision)
            filled = await connection.run_sync(put_a_row_in_each_table)
            await connection.commit()

        await migrate(engine, home / "migrations")

        assert await differences(engine, home) == []
        async with engine.connect() as connection:
            kept = await tables(connection)
            for table in filled & kept:
                count = await connection.execute(sa.select(sa.func.count()).select_from(sa.table(table)))
                assert count.scalar_one() >= 1, table


def put_a_row_in_each_table(connection: sa.Connection) -> set[str]:
    """A row with something in every column that must hold something; a table may have one already."""
    found = sa.MetaData()
    found.reflect(connection)
    for table in found.sorted_tables:
        if not connection.execute(sa.select(table).limit(1)).first():
            connection.execute(table.insert().values({column.name: anything(column) for column in needed(table)}))
    return {table.name for table in found.sorted_tables} - {"alembic_version"}


def needed(table: sa.Table) -> list[sa.Column[Any]]:
    return [c for c in table.columns if not c.nullable and c.server_default is None and c.identity is None]


def anything(column: sa.Column[Any]) -> Any:
    """A value of the column's type; the same everywhere, so that references hold."""
    kind = column.type
    if isinstance(kind, sa.ARRAY):
        return []
    if isinstance(kind, sa.JSON):
        return {}
    if isinstance(kind, pg.TSVECTOR):
        return ""
    values = {str: "a", int: 1, float: 1.0, bool: False, bytes: b"a", date: date(2026, 1, 1)}
    return datetime(2026, 1, 1, tzinfo=UTC) if kind.python_type is datetime else values[kind.python_type]


async def test_replicas_that_start_together_migrate_once(postgres):
    async with engine_on(postgres) as engine:
        await asyncio.gather(*(migrate(engine, TINY / "migrations") for _ in range(4)))

        async with engine.connect() as connection:
            assert "tool" in await tables(connection)


async def test_a_replica_waits_for_the_one_that_migrates(postgres):
    async with engine_on(postgres) as engine, engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(:n)"), {"n": lock_number("migrate")})
        await other.commit()
        migrating = asyncio.create_task(migrate(engine, TINY / "migrations"))
        done, _ = await asyncio.wait({migrating}, timeout=0.3)
        assert not done

        await other.execute(text("SELECT pg_advisory_unlock_all()"))
        await other.commit()
        await asyncio.wait_for(migrating, 60)


FAILING = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "0001", None


def upgrade():
    op.create_table("half", sa.Column("id", sa.Integer, primary_key=True))
    op.execute("SELECT nothing FROM nowhere")
"""


async def test_a_migration_that_fails_leaves_nothing_and_keeps_nobody_out(postgres, tmp_path):
    broken = tmp_path / "migrations"
    broken.mkdir()
    (broken / "0001_first.py").write_text(FAILING)
    async with engine_on(postgres) as engine:
        with pytest.raises(ProgrammingError):
            await migrate(engine, broken)

        async with engine.connect() as connection:
            assert "half" not in await tables(connection)
        other = engine_for(engine.url.render_as_string(hide_password=False), 4)  # a replica with a mended release
        await asyncio.wait_for(migrate(other, TINY / "migrations"), 60)
        await other.dispose()
