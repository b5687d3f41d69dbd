"""For a while the last release runs beside the new one on the same tables: a migration leaves it all that it uses.

What is not needed any more is dropped a release later. Looked at in the database itself, after each migration, so that
it does not matter in which words a migration says it. And no index is made while a table is shut.
"""

import re

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import event, text

from chassis.database import alembic_config, engine_for, upgrade
from tests.chassis.test_migrations import HOMES
from tests.given import fresh_name

#: From before there was a release that could run beside another.
BEFORE_THE_FIRST_RELEASE = {("matching", "0003"): {"proposition.meaning is gone", "proposition.meaning_model is gone"}}

SHUT = "an index is made while a table is shut"
RELEASED_BEFORE_THIS_WAS_LOOKED_AT = {
    (home, revision): {SHUT}
    for home, revisions in {
        "matching": ("0006", "0008"),
        "members": ("0003", "0004"),
        "notify": ("0003",),
        "partners": ("0003", "0007", "0008"),
        "requests": ("0003",),
    }.items()
    for revision in revisions
}
OF_A_TABLE_THAT_IS_SMALL = {("members", "0014"): {SHUT}}  # links of a day

_COLUMNS = """
    SELECT table_name || '.' || column_name AS name, udt_name AS type, is_nullable = 'NO' AS is_required,
        column_default IS NOT NULL OR is_identity = 'YES' OR is_generated = 'ALWAYS' AS is_filled
    FROM information_schema.columns WHERE table_schema = 'public'
    """
_RULES = """
    SELECT conrelid::regclass || ' ' || pg_get_constraintdef(oid) AS name, conrelid::regclass::text AS table_name
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
    """


async def form(connection):
    """The columns of all tables, and what their rows must keep to."""
    columns = {row.name: row for row in await connection.execute(text(_COLUMNS))}
    rules = {row.name: row.table_name.strip('"') for row in await connection.execute(text(_RULES))}
    await connection.commit()
    return columns, rules


def in_the_way(before, after):
    """What a process of the release before could not go on with."""
    (columns, rules), (new_columns, new_rules) = before, after
    tables = {name.partition(".")[0] for name in columns}
    found = {f"{name} is gone" for name in columns.keys() - new_columns.keys()}
    for name, new in new_columns.items():
        old = columns.get(name)
        if old and old.type != new.type:
            found.add(f"{name} was {old.type} and is {new.type}")
        was_free = old is None or not old.is_required or old.is_filled
        if name.partition(".")[0] in tables and was_free and new.is_required and not new.is_filled:
            found.add(f"{name} must be filled in")
    return found | {name for name in new_rules.keys() - rules.keys() if new_rules[name] in tables}


def shut_meanwhile(statements):
    """Whoever drops an index or alters a table shuts it, for reading too, until the commit: what takes long is done
    before, or in a migration of its own.
    """
    shut, made, indexed, dropped = set(), set(), [], False
    for one in (" ".join(statement.split()) for statement in statements):
        if found := re.match(r"CREATE TABLE (\w+)", one):
            made.add(found[1])
        elif found := re.match(r"ALTER TABLE (\w+)", one):
            shut.add(found[1])
        elif one.startswith("DROP INDEX"):
            dropped = True
        elif found := re.match(r"CREATE (?:UNIQUE )?INDEX \w+ ON (\w+)", one):
            indexed.append(found[1] not in made and (dropped or found[1] in shut))
    return {SHUT} if any(indexed) else set()


@pytest.mark.parametrize("home", HOMES[1:], ids=lambda home: home.name)
async def test_a_migration_leaves_the_release_before_all_that_it_uses(postgres, home):
    name = fresh_name("test").replace("-", "_")
    await postgres.create_database(name)
    engine = engine_for(postgres.url(name), 2)
    script = ScriptDirectory.from_config(alembic_config(home / "migrations"))
    found = {}
    async with engine.connect() as connection:
        before, statements = None, []
        event.listen(
            connection.sync_connection,
            "before_cursor_execute",
            lambda _c, _u, statement, *_: statements.append(statement),
        )
        for step in reversed(list(script.walk_revisions())):
            statements.clear()
            await connection.run_sync(upgrade, home / "migrations", step.revision)
            shut = shut_meanwhile(statements)
            after = await form(connection)
            if before:
                found[home.name, step.revision] = in_the_way(before, after) | shut
            before = after
    await engine.dispose()
    await postgres.drop_database(name)

    known = BEFORE_THE_FIRST_RELEASE | RELEASED_BEFORE_THIS_WAS_LOOKED_AT | OF_A_TABLE_THAT_IS_SMALL
    expected = {step: known.get(step, set()) for step in found}
    assert found == expected


def test_what_is_made_before_an_index_is_dropped_shuts_nothing():
    drop, make = "\nDROP INDEX old", "CREATE UNIQUE INDEX new ON match (request_id)"

    assert shut_meanwhile([drop, "ALTER INDEX new RENAME TO old", make]) == {SHUT}
    assert shut_meanwhile([make, drop, "ALTER INDEX new RENAME TO old"]) == set()
    assert shut_meanwhile(["ALTER TABLE match ADD COLUMN x text", make]) == {SHUT}
    assert shut_meanwhile(["CREATE TABLE match (a text)", "ALTER TABLE match ADD COLUMN x text", make]) == set()


async def test_what_would_be_in_the_way_is_seen(postgres):
    """Or the test above could say nothing for good."""
    name = fresh_name("test").replace("-", "_")
    await postgres.create_database(name)
    engine = engine_for(postgres.url(name), 2)
    async with engine.connect() as connection:
        await connection.execute(text("CREATE TABLE t (a text, b int, c text, d text)"))
        before = await form(connection)
        for change in (
            "RENAME a TO a_new",
            "ALTER b TYPE bigint",
            "ALTER c SET NOT NULL",
            "ADD UNIQUE (d)",
            "ADD required int NOT NULL",
            "ADD filled int NOT NULL DEFAULT 1",
            "ADD empty int",
        ):
            await connection.execute(text(f"ALTER TABLE t {change}"))
        after = await form(connection)
    await engine.dispose()
    await postgres.drop_database(name)

    assert in_the_way(before, after) == {
        "t.a is gone",
        "t.b was int4 and is int8",
        "t.c must be filled in",
        "t.required must be filled in",
        "t UNIQUE (d)",
    }
