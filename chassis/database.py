"""The service's own PostgreSQL database: engine, sessions, tables, migrations."""

import asyncio
import socket
from pathlib import Path
from typing import Any, cast

import asyncpg
from alembic import command
from alembic.config import Config
from pydantic_core import from_json, to_json
from sqlalchemy import Connection, MetaData, event, text
from sqlalchemy.exc import DBAPIError, DisconnectionError, StatementError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.orm import registry
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.locks import lock_number
from chassis.mailboxes import define_mailboxes
from chassis.telemetry import log

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


def own_tables() -> type[SQLModel]:
    """A base class for a service's tables, with metadata of its own that holds the mailboxes too.

    SQLModel's metadata is global by default: two services in one process (the tests) would share their tables.
    """
    own = registry(metadata=MetaData(naming_convention=NAMES))
    define_mailboxes(own.metadata)

    class Table(SQLModel, registry=own):
        metadata = own.metadata

    return Table


#: After a silence of 5 s it is asked every 2 s, three times; what is sent must have come over within 10 s. Each by the
#: name of the option of a socket, and of the server's setting.
_SIGNS_OF_LIFE = (
    ("TCP_KEEPIDLE", "tcp_keepalives_idle", 5),
    ("TCP_KEEPINTVL", "tcp_keepalives_interval", 2),
    ("TCP_KEEPCNT", "tcp_keepalives_count", 3),
    ("TCP_USER_TIMEOUT", "tcp_user_timeout", 10_000),
)

#: The server asks the same of us, and looks while it works whether we are still there: what a machine that vanished or
#: a line that broke left locked is free within seconds, where it would be two hours, or as long as a statement lasts.
LETS_GO_WHEN_WE_VANISH = {
    **{setting: str(value) for _, setting, value in _SIGNS_OF_LIFE},
    "client_connection_check_interval": "2000",
}


class DatabaseAway(Exception):
    """No connection could be made: an error of our own, because a handler may meet an `OSError` for other reasons."""


async def connect(*arguments: Any, **options: Any) -> asyncpg.Connection:
    """A connection of the driver's own; raises `DatabaseAway` when none can be made."""
    try:
        connection = await asyncpg.connect(*arguments, **options)
    except (OSError, TimeoutError) as error:
        raise DatabaseAway from error
    notice_when_it_vanishes(connection)
    return connection


def notice_when_it_vanishes(connection: asyncpg.Connection) -> None:
    """A server whose machine or line is gone without a word is asked for a sign of life, and then given up.

    Otherwise whoever waits for its answer would do so for a quarter of an hour, or for ever.
    """
    transport = getattr(connection, "_transport", None)
    found = transport and transport.get_extra_info("socket")
    if found and found.family in (socket.AF_INET, socket.AF_INET6):
        found.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, _, value in _SIGNS_OF_LIFE:
            if hasattr(socket, option):
                found.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)


def engine_for(url: str, connections_max: int) -> AsyncEngine:
    """An engine whose errors never show the values of a statement: they may be personal data."""
    engine = create_async_engine(
        url,
        pool_size=connections_max,
        pool_use_lifo=True,  # the connection that worked last has its statements and its caches warm
        max_overflow=0,
        pool_timeout=5,
        pool_pre_ping=False,
        hide_parameters=True,
        json_serializer=lambda value: to_json(value).decode(),
        json_deserializer=from_json,
        connect_args={
            "async_creator_fn": connect,
            "timeout": 5,
            "server_settings": {"application_name": "om-de-hoek", "timezone": "UTC"} | LETS_GO_WHEN_WE_VANISH,
        },
    )
    event.listen(engine.sync_engine, "checkout", _still_there)
    return engine


def _still_there(connection: Any, *_: Any) -> None:
    """A connection that was lost meanwhile is not lent out; the pool makes another."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def sessions_of(engine: AsyncEngine) -> async_sessionmaker[AsyncSession]:
    """Makes sessions whose objects stay readable after the commit."""
    return async_sessionmaker(engine, class_=AsyncSession, expire_on_commit=False)


def is_away(error: BaseException) -> bool:
    """Whether an error says that the database cannot be used now, rather than that a statement or our code is wrong."""
    if isinstance(error, DatabaseAway | NoConnectionFree):
        return True
    if isinstance(error, DBAPIError):
        if error.connection_invalidated:
            return True
        error = error.driver_exception
    elif isinstance(error, StatementError) and error.orig:  # before a statement it was to be connected to anew
        return is_away(error.orig)
    if isinstance(error, asyncpg.InterfaceError):  # asyncpg says it of a value that does not fit its column too
        return not isinstance(error, asyncpg.DataError) and "closed" in str(error)
    state = getattr(error, "sqlstate", None) or ""
    # 08: connection, 53: resources, 57P: shut down or starting up, 58: system error
    return state[:2] in {"08", "53", "58"} or state[:3] == "57P" or _lets_nobody_in(error)


def _lets_nobody_in(error: BaseException) -> bool:
    """Not this user, not with this password, or not to a database of this name, as while it is put back."""
    return _state(error)[:2] in {"28", "3D"}


def lost_a_race(error: BaseException) -> bool:
    """Whether a transaction failed on what another did at the same time: done again it sees what that left."""
    return _state(error) in {"40001", "40P01", "23505"}  # serialization, deadlock, what is unique


def _state(error: BaseException) -> str:
    error = error.driver_exception if isinstance(error, DBAPIError) else error
    return getattr(error, "sqlstate", None) or ""


#: The schema that a restore has in every database of the node from its first step to its last.
RESTORING = "restore"


class HalfRestored(Exception):
    """A restore began with the databases of the node, and has not come to its end."""


async def migrate(engine: AsyncEngine, service: str | Path) -> None:
    """Brings the database to the service's newest migration; replicas that start together wait for each other.

    Raises `HalfRestored`.
    """
    async with engine.connect() as connection:
        broke_off = text("SELECT to_regnamespace(:schema) IS NOT NULL")
        if (await connection.execute(broke_off, {"schema": RESTORING})).scalar_one():
            raise HalfRestored
        await connection.execute(text("SELECT pg_advisory_lock(:n)"), {"n": lock_number("migrate")})
        await connection.commit()
        try:
            await connection.run_sync(upgrade, service)
        finally:
            await connection.rollback()  # a migration that failed must not take the lock along into the pool
            await connection.execute(text("SELECT pg_advisory_unlock(:n)"), {"n": lock_number("migrate")})
            await connection.commit()


def alembic_config(service: str | Path) -> Config:
    """Alembic's configuration: one shared environment, and the migrations in a service's own folder, or in another."""
    root = Path(__file__).parent.parent
    migrations = service if isinstance(service, Path) else root / "services" / service / "migrations"
    config = Config()
    config.set_main_option("script_location", str(root / "chassis" / "migrations"))
    config.set_main_option("path_separator", "os")
    config.set_main_option("version_locations", str(migrations))
    return config


def upgrade(connection: Connection, service: str | Path, revision: str = "head") -> None:
    """Runs the migrations up to a revision on an open connection."""
    config = alembic_config(service)
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    connection.commit()


async def driver_of(connection: AsyncConnection) -> asyncpg.Connection:
    """The driver's own connection, for statements that each stand by themselves: none is in a transaction of ours."""
    return cast(asyncpg.Connection, (await connection.get_raw_connection()).driver_connection)


async def wait_out(engine: AsyncEngine, consumer: str) -> None:
    """Waits for a database that is away: that is no fault of the events, so it costs them no attempt."""
    log.warning("database away", consumer=consumer)
    await asyncio.sleep(0.2)
    await wait_for_database(engine)


async def wait_for_database(engine: AsyncEngine, *, opening: bool = False) -> None:
    """Returns when the database answers. While it lets nobody in, who is `opening` is told so, and all others wait."""
    while True:
        try:
            async with engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
                return
        except Exception as error:
            if not is_away(error) or (opening and _lets_nobody_in(error)):
                raise
            await asyncio.sleep(0.2)
