"""Database connections that are held for as long as a process works: to be seen alive, and to listen."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import make_url

from chassis.database import LETS_GO_WHEN_WE_VANISH, connect, is_away

#: The first half of the advisory locks of senders; the second is the sender's number. No pair is the lock of a number.
SENDER_LOCKS = 0x0D4_0002

_LOCK = "SELECT pg_advisory_lock($1, $2)"


@asynccontextmanager
async def held_connection(database_url: str, purpose: str) -> AsyncIterator[tuple[Any, asyncio.Event]]:
    """A connection outside the pool, and an event that is set when it is lost."""
    url = make_url(database_url)
    _, options = url.get_dialect()().create_connect_args(url)  # as the pool connects, its TLS included
    options = {name: value for name, value in options.items() if not name.startswith("prepared_statement")}
    # It is not closed because nothing is asked on it.
    kept = {"application_name": f"om-de-hoek {purpose}", "idle_session_timeout": "0"}
    connection = await connect(**options, timeout=5, server_settings=LETS_GO_WHEN_WE_VANISH | kept)
    lost = asyncio.Event()
    connection.add_termination_listener(lambda _: lost.set())
    try:
        yield connection, lost
    finally:
        connection.terminate()


@asynccontextmanager
async def sender_number(database_url: str) -> AsyncIterator[tuple[int, asyncio.Event]]:
    """A number that is locked for as long as this process lives, and not a moment longer; and whether it was lost.

    The database lets the lock go when the connection ends, so that the others see that a sender died: no lease has to
    run out, and no clock is compared.
    """
    async with held_connection(database_url, "sender") as (connection, lost):
        number = await connection.fetchval("SELECT nextval('sender_number')::integer")
        await connection.execute(_LOCK, SENDER_LOCKS, number)
        yield number, lost


async def hold_again(database_url: str, number: int, lost: asyncio.Event) -> None:
    """Locks a number anew each time that it is lost, over another connection, until it is cancelled."""
    while True:
        await lost.wait()
        try:
            async with held_connection(database_url, "sender") as (connection, lost_again):
                await connection.execute(_LOCK, SENDER_LOCKS, number)
                await lost_again.wait()
        except Exception as error:
            if not is_away(error):
                raise
            await asyncio.sleep(0.1)
