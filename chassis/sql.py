"""Statements of SQL, where those say best what happens: run as they stand, on the session's own connection.

SQLAlchemy connects, pools and keeps the tables; for a statement that is written out already it would do several times
the work of the driver.
"""

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import asyncpg
from sqlalchemy import PoolProxiedConnection, TextClause
from sqlalchemy.dialects.postgresql.asyncpg import dialect
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

Values = Mapping[str, Any]

_postgresql = dialect()


class Row(asyncpg.Record):
    """A row: a mapping, whose columns can also be read as attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Answer:
    """What a statement gave: its rows, and how many it returned or changed."""

    __slots__ = ("_rows", "rowcount")

    def __init__(self, rows: list[Any], rowcount: int) -> None:
        self._rows, self.rowcount = rows, rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows)

    def all(self) -> list[Any]:
        """Every row."""
        return self._rows

    def mappings(self) -> "Answer":
        """The rows as mappings, which they are."""
        return self

    def scalars(self) -> Iterator[Any]:
        """The first value of each row."""
        return (row[0] for row in self._rows)

    def one_or_none(self) -> Any:
        """The only row, or none."""
        if len(self._rows) > 1:
            raise ValueError("more than one row")
        return self._rows[0] if self._rows else None

    def scalar_one_or_none(self) -> Any:
        """The first value of the only row, or none."""
        row = self.one_or_none()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        return self.one_or_none()[0]


async def run(session: AsyncSession, statement: TextClause, values: Values | None = None) -> Answer:
    """Runs a statement in the session's transaction, after what it was asked to write before.

    Values go to the driver as they are. JSON is to be given as text; it comes back read.
    """
    await write_now(session)
    return await _run(await _connection(session), statement, values or {})


async def run_alone(engine: AsyncEngine, statement: TextClause, values: Values | None = None) -> Answer:
    """Runs a statement that stands for itself, such as a look now and then, without a transaction around it."""
    async with engine.connect() as connection:
        return await _run(await connection.get_raw_connection(), statement, values or {})


async def _run(connection: PoolProxiedConnection, statement: TextClause, values: Values) -> Answer:
    sql, names, fixed = _compiled(statement)
    prepared = await _prepared(connection, sql)
    try:
        rows = await prepared.fetch(*_arguments(names, fixed, values))
    except asyncpg.InvalidCachedStatementError:  # the tables were changed meanwhile; the next time it is prepared anew
        connection.info.clear()
        raise
    return Answer(rows, _count(prepared.get_statusmsg()))


def write(session: AsyncSession, statement: TextClause, values: Values) -> None:
    """Has a statement run, whose outcome nobody looks at, at the latest before the commit.

    The same statement of several events that are handled together then goes to the database as one. What is asked
    with `run` afterwards sees what was written.
    """
    waiting: list[tuple[TextClause, list[Values]]] = session.info.setdefault("writes", [])
    if waiting and waiting[-1][0] is statement:
        waiting[-1][1].append(values)
    else:
        waiting.append((statement, [values]))


def gather(session: AsyncSession, row: Any, then: Callable[[AsyncSession, list[Any]], Awaitable[None]]) -> None:
    """Keeps a row for a function that writes all of them at once, when those of `write` are, and sees the outcome."""
    session.info.setdefault("gathered", {}).setdefault(then, []).append(row)


async def write_now(session: AsyncSession) -> None:
    """Runs what waits to be written."""
    for then, rows in session.info.pop("gathered", {}).items():
        await then(session, rows)
    if not (waiting := session.info.pop("writes", None)):
        return
    connection = await _connection(session)
    for statement, every in waiting:
        sql, names, fixed = _compiled(statement)
        prepared = await _prepared(connection, sql)
        if len(every) == 1:
            await prepared.fetch(*_arguments(names, fixed, every[0]))
        else:
            await prepared.executemany([_arguments(names, fixed, values) for values in every])


class _Begun:
    """A transaction that was begun with our own words; SQLAlchemy ends it."""

    def __init__(self, connection: asyncpg.Connection) -> None:
        self._connection = connection

    async def commit(self) -> None:
        await self._connection.execute("COMMIT")

    async def rollback(self) -> None:
        await self._connection.execute("ROLLBACK")


async def begin(session: AsyncSession, *statements: str) -> int:
    """Begins the session's transaction with statements that stand for themselves, all in one message to the server.

    Returns how many rows the last one returned or changed. Values are put into the statements with `literal`.
    """
    plain = session.sync_session
    await session.connection()
    connection = plain.connection().connection
    driver, adapter = cast(asyncpg.Connection, connection.driver_connection), cast(Any, connection.dbapi_connection)
    assert adapter._transaction is None
    session.info["begun with"] = frozenset(statements)
    adapter._transaction = _Begun(driver)  # also when it fails halfway: there is something to roll back then
    return _count(await driver.execute("; ".join(("BEGIN", *statements))))


async def commit_and_begin(session: AsyncSession, *statements: str) -> None:
    """Commits what the session wrote, and begins anew on the same connection: one message to the server for both.

    For who says nothing and waits for no commit: nobody is told of this one.
    """
    await write_now(session)
    connection = await _connection(session)
    session.info["begun with"] = frozenset(statements)
    await cast(Any, connection.driver_connection).execute("; ".join(("COMMIT", "BEGIN", *statements)))


def was_begun_with(session: AsyncSession, statement: str) -> bool:
    """Whether the session's transaction began with a statement."""
    return statement in session.info.get("begun with", ())


def literal(text: str) -> str:
    """A text as it stands in a statement (SQL's standard strings, which are PostgreSQL's default)."""
    return "'" + text.replace("'", "''") + "'"


async def _connection(session: AsyncSession) -> PoolProxiedConnection:
    plain = session.sync_session
    transaction = plain.get_transaction()
    if transaction is None or not transaction._connections:  # `session.begin()` alone connects to nothing yet
        await session.connection()
    connection: PoolProxiedConnection = plain.connection().connection
    adapter: Any = connection.dbapi_connection
    if adapter._transaction is None:  # SQLAlchemy begins when the first statement goes through it, and none may
        await adapter._start_transaction()
    return connection


async def _prepared(connection: PoolProxiedConnection, sql: str) -> Any:
    prepared = connection.info.get(sql)
    if prepared is None:
        driver_connection: Any = connection.driver_connection
        prepared = connection.info[sql] = await driver_connection.prepare(sql, record_class=Row)
    return prepared


def _arguments(names: Sequence[str], fixed: Values, values: Values) -> list[Any]:
    return [values[name] if name in values else fixed[name] for name in names]


@lru_cache(maxsize=2000)  # more than there are; one that is made for a single call must not stay
def _compiled(statement: TextClause) -> tuple[str, tuple[str, ...], Values]:
    """The statement as the driver takes it, the names of its values in their order, and those that stand in it."""
    compiled = statement.compile(dialect=_postgresql)
    names = tuple(compiled.positiontup or ())
    return str(compiled), names, {name: value for name, value in compiled.params.items() if value is not None}


def _count(status: str) -> int:
    """How many rows, from the server's own words: `INSERT 0 5`."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdigit() else 0
