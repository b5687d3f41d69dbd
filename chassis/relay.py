"""The relay: from the outbox to the streams, woken by the commit, with a poll as fallback.

A row leaves the outbox only after the broker has stored its event. One relay at a time publishes for a service, so that
the events of an entity keep their order; rows go in atomic batches, which cost one wait for the disk together.
"""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from datetime import UTC
from operator import itemgetter
from typing import Any, cast

import asyncpg
import uuid_utils.compat as uuids
from nats.errors import Error as NatsError
from nats.js.errors import APIError
from pydantic_core import from_json
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.crashpoints import crashpoint, is_armed
from chassis.database import is_away, lock_number
from chassis.sql import Row
from chassis.streams import Answer, Streams
from chassis.telemetry import describe, log

#: All in one message to the server; what is claimed is looked for after the lock was given. The commit need not wait
#: for the disk: a row that comes back because the database lost its deletion is an event that the broker has already.
_BEGIN = f"BEGIN; SET LOCAL synchronous_commit TO off; SELECT pg_advisory_xact_lock({lock_number('relay')})"

_CLAIM = """
    DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox ORDER BY seq LIMIT $1)
    RETURNING seq, event_id, subject, due_at, timer_subject, kept_seconds, body
    """

#: The broker's code for a batch with an event that it has already stored; nothing of that batch is stored.
_BATCH_HAS_DUPLICATE = 10201

PUBLISH_TIMEOUT_SECONDS = 5.0

#: Where one commit follows the other, they are relayed together; one that comes by itself goes at once.
PASS_SECONDS_MIN = 0.004
SINGLES_IN_FLIGHT_MAX = 256

#: The broker makes a folder with a store of its own for every batch, and removes it: from so many events on that costs
#: less than a wait for the disk for each event.
ROWS_OF_A_BATCH_MIN = 16


class Relay:
    """Publishes what a service said."""

    def __init__(
        self, engine: AsyncEngine, streams: Streams, *, service: str, batch_size_max: int, poll_seconds: float
    ) -> None:
        self._engine, self._streams, self._service = engine, streams, service
        self._batch_size_max, self._poll_seconds = batch_size_max, poll_seconds
        self._woken = asyncio.Event()
        self._held: AsyncConnection | None = None

    def wake(self) -> None:
        """Called after a commit that said something."""
        self._woken.set()

    async def run(self) -> None:
        """Relays until it is cancelled."""
        try:
            await self._relay_always()
        finally:
            await self.close()

    async def _relay_always(self) -> None:
        pause = 0.1
        while True:
            try:
                await self._streams.ready()
                self._woken.clear()
                began = asyncio.get_running_loop().time()
                while await self.relay_batch() == self._batch_size_max:
                    pass
                pause = 0.1
            except Exception as error:
                refused = getattr(error, "err_code", None)  # the broker's own number for what it did not take
                log.warning("relay waits", fault=describe(error), refused=refused, away=is_away(error))
                await self._heal(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)
                continue
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_seconds):
                    await self._woken.wait()
            await asyncio.sleep(began + PASS_SECONDS_MIN - asyncio.get_running_loop().time())

    async def _heal(self, error: Exception) -> None:
        """Makes the streams again when the broker came back without them."""
        if isinstance(error, NatsError) and self._streams.is_ready:
            with suppress(NatsError, OSError, TimeoutError):
                await self._streams.ensure()

    async def relay_batch(self) -> int:
        """Publishes the oldest rows, and takes them out of the outbox when they are stored; returns how many."""
        connection = await self._connection()
        try:
            await connection.execute(_BEGIN)
            claimed = await connection.fetch(_CLAIM, self._batch_size_max, record_class=Row)
            if claimed:
                claimed.sort(key=itemgetter("seq"))
                rows = _without_replaced_timers(claimed)
                crashpoint(f"{self._service}.relay-after-select")
                by_kind = [[row for row in rows if row.subject.split(".")[2] == kind] for kind in ("shared", "local")]
                await self._streams.while_connected(self._publish_all(by_kind))
                crashpoint(f"{self._service}.relay-after-ack")
            await connection.execute("COMMIT")
        except BaseException:
            await self.close()  # which also undoes the claim
            raise
        return len(claimed)

    async def _connection(self) -> asyncpg.Connection:
        """A connection that is kept: the relay works for as long as its service."""
        if self._held is None:
            self._held = await self._engine.connect()
        return cast(asyncpg.Connection, (await self._held.get_raw_connection()).driver_connection)

    async def close(self) -> None:
        """Lets the connection go, with whatever is under way on it."""
        if self._held is not None:
            held, self._held = self._held, None
            cast(asyncpg.Connection, (await held.get_raw_connection()).driver_connection).terminate()
            await held.close()

    async def _publish_all(self, by_kind: list[list[Row]]) -> None:
        """Each stream has its own wait for the disk, so they do it at the same time."""
        for outcome in await asyncio.gather(*(self._publish(rows) for rows in by_kind if rows), return_exceptions=True):
            if isinstance(outcome, BaseException):
                raise outcome

    async def _publish(self, rows: list[Row]) -> None:
        if len(rows) >= ROWS_OF_A_BATCH_MIN:
            try:
                await self._publish_batch(rows)
                return
            except APIError as error:
                # A relay died between storing and deleting: the broker sorts out one by one which it already has.
                if error.err_code != _BATCH_HAS_DUPLICATE:
                    raise
        for start in range(0, len(rows), SINGLES_IN_FLIGHT_MAX):
            await asyncio.gather(*map(self._publish_one, rows[start : start + SINGLES_IN_FLIGHT_MAX]))

    async def _publish_one(self, row: Row) -> None:
        subject, headers = _address(row)
        await self._acknowledged(
            self._streams.js.publish(subject, row.body, timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers)
        )

    async def _publish_batch(self, rows: list[Row]) -> None:
        client = self._streams.client
        assert client is not None
        batch_id, last = uuids.uuid4().hex, len(rows)
        for number, row in enumerate(rows, start=1):
            subject, headers = _address(row)
            headers["Nats-Batch-Id"] = batch_id
            headers["Nats-Batch-Sequence"] = str(number)
            if number < last:
                await client.publish(subject, row.body, headers=headers)
                continue
            headers["Nats-Batch-Commit"] = "1"
            message = await self._acknowledged(
                client.request(subject, row.body, timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers)
            )
            reply = from_json(message.data)
            if "error" in reply:
                raise APIError.from_error(reply["error"])

    async def _acknowledged(self, publishing: Coroutine[Any, Any, Answer]) -> Answer:
        point = f"{self._service}.relay-before-ack"
        if is_armed(point):
            asking = asyncio.ensure_future(publishing)
            await asyncio.sleep(0)
            assert self._streams.client is not None
            await self._streams.client.flush()  # so that the broker has it when we die
            crashpoint(point)
            return await asking
        return await publishing


def _without_replaced_timers(rows: list[Row]) -> list[Row]:
    """The broker refuses a whole batch in which one timer replaces another."""
    newest = {row.timer_subject: row.seq for row in rows}
    return [row for row in rows if row.due_at is None or newest[row.timer_subject] == row.seq]


def _address(row: Row) -> tuple[str, dict[str, str]]:
    headers = {"Nats-Msg-Id": row.event_id, "Content-Type": "application/cloudevents+json"}
    if row.kept_seconds is not None:
        headers["Nats-TTL"] = f"{row.kept_seconds}s"
    if row.due_at is None:
        return row.subject, headers
    headers["Nats-Schedule"] = f"@at {row.due_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    headers["Nats-Schedule-Target"] = row.subject
    return row.timer_subject, headers
