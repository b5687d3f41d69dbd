"""A service's database, kept as the rows of its tables, and put back into tables that its own migrations make.

COPY is PostgreSQL's own, so no program of a certain version has to be at hand, in whatever container this runs.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from pathlib import Path

import asyncpg
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import make_url

from chassis.database import RESTORING, alembic_config, engine_for, upgrade
from node.keeping.manifest import DatabaseKept, TableKept, Unusable, parts_of, written

#: What the service's own migrations and code made; what an extension brought stays what it is.
_OWN = "NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.deptype = 'e')"

_TABLES = f"""
    SELECT c.relname AS name, array_agg(a.attname ORDER BY a.attnum) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
        AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND {_OWN.format(oid="c.oid")}
    GROUP BY c.relname ORDER BY c.relname
    """

_REFERS_TO = """
    SELECT DISTINCT conrelid::regclass::text AS name, confrelid::regclass::text AS to_name FROM pg_constraint
    WHERE contype = 'f' AND conrelid <> confrelid
    """

_SEQUENCES = """
    SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public' AND last_value IS NOT NULL
    """

#: A service says its name when it connects: see `chassis.database.engine_for`.
_OPEN = """
    SELECT EXISTS (SELECT FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'om-de-hoek')
    """

_DROP = f"""
    SELECT format('DROP TABLE %I CASCADE', relname) FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND {_OWN.format(oid="c.oid")}
    UNION ALL
    SELECT format('DROP FUNCTION %s CASCADE', p.oid::regprocedure) FROM pg_proc p
    WHERE pronamespace = 'public'::regnamespace AND {_OWN.format(oid="p.oid")}
    UNION ALL
    SELECT format('DROP SEQUENCE IF EXISTS %I CASCADE', relname) FROM pg_class c
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'S' AND {_OWN.format(oid="c.oid")}
    """

#: Whom a restore has to erase when all else is put back. In a schema of its own, which is neither kept nor emptied: a
#: restore that broke off has overwritten where they stood, and the one after it must know them.
_TO_ERASE = f"{RESTORING}.to_erase"

#: Which service says what of which table's rows is so, by their version.
SAYS = {"members": ("member", "organisation"), "requests": ("proposition",), "matching": ("match",)}

#: Nothing changes so often between a backup and the loss of what came after it.
VERSIONS_SKIPPED = 1000

#: Nor is so much told to one reader in that time.
_NUMBERS_SKIPPED = 1_000_000

#: Who reads along goes on after the number that it read last, which may be of what is lost here: what comes has higher
#: ones. A partner that was told nothing yet has no row, and an inbox without an item no number.
_SKIP_NUMBERS = {
    "partners": f"""
        INSERT INTO feed (partner_id, ended, news)
        SELECT partner_id, {_NUMBERS_SKIPPED}, {_NUMBERS_SKIPPED} FROM partner
        ON CONFLICT (partner_id) DO UPDATE SET ended = feed.ended + excluded.ended, news = feed.news + excluded.news
        """,
    "notify": f"SELECT setval('inbox_position', nextval('inbox_position') + {_NUMBERS_SKIPPED})",
}


async def connect(url: str) -> asyncpg.Connection:
    """To the address of a database as a service has it, by TLS where the server takes it or the address says so."""
    where = make_url(url).set(drivername="postgresql")
    said = {"sslmode": where.query.get("ssl", "prefer")}  # the driver's own word for it
    where = where.difference_update_query(["ssl"]).update_query_dict(said)
    return await asyncpg.connect(where.render_as_string(hide_password=False), timeout=5)


async def keep(connection: asyncpg.Connection, folder: Path, name: str) -> DatabaseKept:
    """Every table, as the transaction of the connection sees it; raises `Unusable` where no service has been."""
    try:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
    except asyncpg.UndefinedTableError:
        raise Unusable(f"de database van {name} is leeg (its database is empty)") from None
    tables = []
    for table, columns in await connection.fetch(_TABLES):
        file = f"databases/{name}/{table}.copy.gz"
        listed = ", ".join(map(_quoted, columns))
        with written(folder / file) as take:
            told = await connection.copy_from_query(f"SELECT {listed} FROM {_quoted(table)}", output=take)
        tables.append(TableKept(name=table, columns=tuple(columns), rows=_count(told), file=file))
    sequences = {row["name"]: row["last_value"] for row in await connection.fetch(_SEQUENCES)}
    return DatabaseKept(revision=revision, tables=tuple(tables), sequences=sequences)


def check_known(service: str, kept: DatabaseKept) -> None:
    """Raises `Unusable` when this release does not know the migration that the tables are of."""
    try:
        ScriptDirectory.from_config(alembic_config(service)).get_revision(kept.revision)
    except CommandError:
        raise Unusable(f"{service}: gemaakt door een nieuwere uitgave (made by a newer release)") from None


async def has_rows(connection: asyncpg.Connection) -> bool:
    """Whether there is anything to lose."""
    for table, _ in await connection.fetch(_TABLES):
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {_quoted(table)})"):
            return True
    return False


async def in_use(connection: asyncpg.Connection) -> bool:
    """Whether a service has it open."""
    return bool(await connection.fetchval(_OPEN))


async def is_half_restored(url: str) -> bool:
    """Whether a restore began with it, and has not come to its end."""
    connection = await connect(url)
    try:
        return await connection.fetchval("SELECT to_regnamespace($1)", RESTORING) is not None
    finally:
        await connection.close()


async def erased_there(connection: asyncpg.Connection) -> list[str]:
    """Whom the database of members says were erased, or are to be by a restore that broke off."""
    found: list[str] = []
    for table in ("erasure", _TO_ERASE):
        if await connection.fetchval("SELECT to_regclass($1)", table) is not None:
            found += [row["member_id"] for row in await connection.fetch(f"SELECT member_id FROM {table}")]
    return found


async def begin(url: str) -> None:
    """From here until `end` no service opens the database."""
    connection = await connect(url)
    try:
        await connection.execute(f"CREATE SCHEMA IF NOT EXISTS {RESTORING}")
    finally:
        await connection.close()


async def note_to_erase(url: str, member_ids: Iterable[str]) -> None:
    """Keeps whom a restore that began has to erase in the database of members, until `end`."""
    connection = await connect(url)
    try:
        await connection.execute(f"CREATE TABLE IF NOT EXISTS {_TO_ERASE} (member_id text PRIMARY KEY)")
        insert = f"INSERT INTO {_TO_ERASE} SELECT unnest($1::text[]) ON CONFLICT DO NOTHING"
        await connection.execute(insert, list(member_ids))
    finally:
        await connection.close()


async def end(url: str) -> None:
    """All is put back, and whoever was to be erased is."""
    connection = await connect(url)
    try:
        await connection.execute(f"DROP SCHEMA IF EXISTS {RESTORING} CASCADE")
    finally:
        await connection.close()


async def put_back(url: str, folder: Path, service: str, kept: DatabaseKept) -> None:
    """Empties the database, lets the migrations make the tables as they were, and fills them."""
    connection = await connect(url)
    try:
        for (statement,) in await connection.fetch(_DROP):
            await connection.execute(statement)
        engine = engine_for(url, 4)
        async with engine.connect() as migrating:
            await migrating.run_sync(upgrade, service, kept.revision)
        await engine.dispose()
        async with connection.transaction():
            await _fill(connection, folder, kept)
            for table in SAYS.get(service, ()):
                # Another node may have heard versions that are lost here; what is said from now on must win from those.
                await connection.execute(f"UPDATE {_quoted(table)} SET version = version + {VERSIONS_SKIPPED}")
            if service in _SKIP_NUMBERS:
                await connection.execute(_SKIP_NUMBERS[service])
        await connection.execute("ANALYZE")
    finally:
        await connection.close()


async def _fill(connection: asyncpg.Connection, folder: Path, kept: DatabaseKept) -> None:
    refers = [(row["name"], row["to_name"]) for row in await connection.fetch(_REFERS_TO)]
    tables = _referred_first(kept.tables, refers)
    if tables:  # a migration may have put rows in
        await connection.execute(f"TRUNCATE {', '.join(_quoted(table.name) for table in tables)}")
    for table in tables:
        name = _quoted(table.name)
        await connection.execute(f"ALTER TABLE {name} DISABLE TRIGGER USER")  # what they would do was done once
        told = await connection.copy_to_table(
            table.name, source=_read(folder / table.file), columns=list(table.columns)
        )
        if _count(told) != table.rows:
            raise Unusable(f"{table.file}: {_count(told)} rijen, geen {table.rows} (rows are missing)")
        await connection.execute(f"ALTER TABLE {name} ENABLE TRIGGER USER")
    for sequence, last in kept.sequences.items():
        await connection.execute("SELECT setval($1::text::regclass, $2)", _quoted(sequence), last)


def _referred_first(tables: Sequence[TableKept], refers: Sequence[tuple[str, str]]) -> list[TableKept]:
    """The order in which no row refers to one that is not there yet."""
    left, ordered = {table.name: table for table in tables}, []
    while left:
        free = [name for name in left if not any(name == by and to in left for by, to in refers)]
        ordered += [left.pop(name) for name in free or list(left)]
    return ordered


async def _read(file: Path) -> AsyncIterator[bytes]:
    for part in parts_of(file):
        yield part


def _count(told: str) -> int:
    """What COPY says it did: `COPY 12`."""
    return int(told.split()[-1])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
