"""The moment that a backup is of: for a blink, no service of the node says or hears anything.

Each service's mailboxes are locked against writing, one after another. When all are, no transaction that says or hears
is under way anywhere, so what the databases hold then belongs together. A snapshot of each is opened, the streams are
asked how far they are, and the locks go; the rows are read afterwards, as they were at that moment.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import asyncpg
from nats.aio.client import Client

from node.keeping import streams
from node.keeping.databases import connect
from node.keeping.manifest import ConsumerKept, Unusable
from node.keeping.servers import Servers

#: How long a transaction that is under way may keep us waiting: what erases somebody waits up to three seconds.
LOCK_SECONDS_MAX = 10

#: First what hearing begins with, then what saying ends with: who has the one may still need the other.
_LOCK = "LOCK TABLE inbox, outbox IN SHARE MODE"

_MAILS = "SELECT count(*) FROM notification WHERE status IN ('waiting', 'sending')"


@dataclass(frozen=True)
class Moment:
    """Connections that see each database as it was, and how far the streams and their consumers were."""

    snapshots: dict[str, asyncpg.Connection]
    streams: dict[str, tuple[int, list[ConsumerKept]]]
    mails_waiting: int
    still_seconds: float


@asynccontextmanager
async def moment(servers: Servers, client: Client) -> AsyncIterator[Moment]:
    """Raises `Unusable` when the node is not still in time."""
    async with AsyncExitStack() as closing:

        async def open_connection(url: str) -> asyncpg.Connection:
            connection = await connect(url)
            closing.push_async_callback(connection.close)
            return connection

        holding = [await open_connection(url) for url in servers.databases.values()]
        snapshots = {service: await open_connection(url) for service, url in servers.databases.items()}
        since = time.monotonic()
        try:
            for connection in holding:
                await connection.execute(f"BEGIN; SET LOCAL lock_timeout = '{LOCK_SECONDS_MAX}s'")
                await connection.execute(_LOCK)
        except asyncpg.UndefinedTableError:
            raise Unusable("hier heeft nog geen node gedraaid (no node has run here)") from None
        except asyncpg.LockNotAvailableError:
            raise Unusable("de node kwam niet tot rust; probeer het nog eens (not still in time; try again)") from None
        for connection in snapshots.values():
            await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            await connection.fetchval("SELECT count(*) FROM outbox")  # the first statement is what it sees
        found = {name: await streams.where(client, name) for name in await streams.names(client, servers.node)}
        for connection in holding:
            await connection.execute("ROLLBACK")
        if not found:
            raise Unusable(f"er zijn geen streams van een node {servers.node} (no streams of a node of that name)")
        still_seconds = time.monotonic() - since
        waiting = await snapshots["notify"].fetchval(_MAILS)
        yield Moment(snapshots, found, waiting, still_seconds)


async def calm(servers: Servers, client: Client, patience_seconds: float) -> bool:
    """Waits until nothing is under way, so that no mail is between two chairs; whether that came about."""
    connections = {service: await connect(url) for service, url in servers.databases.items()}
    try:
        return await _within(patience_seconds, lambda: _nothing_under_way(servers, client, connections))
    finally:
        for connection in connections.values():
            await connection.close()


async def _within(seconds: float, holds: Callable[[], Awaitable[bool]]) -> bool:
    deadline = time.monotonic() + seconds
    while not await holds():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.1)
    return True


async def _nothing_under_way(servers: Servers, client: Client, connections: dict[str, asyncpg.Connection]) -> bool:
    try:
        for connection in connections.values():
            if await connection.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
                return False
        if await connections["notify"].fetchval(_MAILS + " AND next_attempt_at <= now()"):
            return False
    except asyncpg.UndefinedTableError:
        return True  # the next step says so
    for stream in await streams.names(client, servers.node):
        if any(one["num_pending"] + one["num_ack_pending"] for one in await streams.consumers(client, stream)):
            return False
    return True
