"""Locks that a service's database keeps, for its replicas too. A number that stands in a service is of that service."""

import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run

_BY_NAME = text("SELECT pg_advisory_xact_lock(hashtextextended(:lock, 0))")
_BY_NUMBER = text("SELECT pg_advisory_xact_lock(:lock)")
_TOGETHER = text("SELECT pg_advisory_xact_lock_shared(:lock)")


def lock_number(name: str) -> int:
    """The number of a named advisory lock."""
    return zlib.crc32(name.encode())


async def one_at_a_time(session: AsyncSession, what: str | int) -> None:
    """Waits until no other transaction is busy with the same thing, by its name or number; until the commit none is.

    Which of the two, and which number, is what the release beside this one takes too.
    """
    await run(session, _BY_NUMBER if isinstance(what, int) else _BY_NAME, {"lock": what})


async def together(session: AsyncSession, what: int) -> None:
    """Waits until no other transaction is alone busy with something; until the commit others are so together only."""
    await run(session, _TOGETHER, {"lock": what})


@asynccontextmanager
async def unless_busy(engine: AsyncEngine, what: str) -> AsyncIterator[bool]:
    """Whether nobody else, in whatever process, does this now; if so, nobody will until the end of the block.

    Nobody waits in the database: an index that is made while matching goes on waits for every statement under way.
    """
    values = {"lock": lock_number(what)}
    async with engine.connect() as connection:
        connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
        mine = (await connection.execute(text("SELECT pg_try_advisory_lock(:lock)"), values)).scalar_one()
        try:
            yield bool(mine)
        finally:
            if mine:
                await connection.execute(text("SELECT pg_advisory_unlock(:lock)"), values)
