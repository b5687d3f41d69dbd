"""The relay: from the outbox to the streams, handed over at the commit, with a poll as fallback.

A row leaves the outbox only after the broker has stored its event, and is kept as `said` for a while. What a process
has just committed it publishes from memory, and removes a moment later, many rows together. What nobody published (the
process died, the broker was away) is looked for in the outbox, by one relay of a service at a time; rows go in atomic
batches, which cost one wait for the disk together.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import asyncpg
from nats.errors import Error as NatsError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from chassis.crashpoints import crashpoint
from chassis.database import driver_of, is_away
from chassis.forgetting import UNDER_WAY_SECONDS_MAX
from chassis.locks import lock_number
from chassis.mailboxes import Outgoing
from chassis.publishing import Publisher
from chassis.settings import Settings
from chassis.sql import Row
from chassis.streams import Streams
from chassis.tasks import ended
from chassis.telemetry import describe, log

#: In one message to the server; what is claimed is looked for after the lock was given.
_BEGIN = f"BEGIN; SELECT pg_advisory_xact_lock({lock_number('relay')})"

#: Locked, because who forgets somebody waits for what is on its way.
_CLAIM = """
    SELECT seq, event_id, subject, due_at, timer_subject, kept_seconds, body FROM outbox
    WHERE said_at <= clock_timestamp() - make_interval(secs => $2) ORDER BY seq LIMIT $1 FOR UPDATE
    """

#: Nearly always there is none, and then neither a lock nor a transaction is needed to see it.
_IS_LEFT = "SELECT FROM outbox WHERE said_at <= clock_timestamp() - make_interval(secs => $1) LIMIT 1"

#: What is stored leaves the outbox, and is kept with its number in the stream; not what may not stay there.
_REMOVE = """
    WITH gone AS (DELETE FROM outbox WHERE seq = ANY($1::bigint[]) RETURNING *)
    INSERT INTO said
    SELECT seq, at, event_id, entity_id, subject, due_at, timer_subject, body, said_at
    FROM gone JOIN unnest($1::bigint[], $2::bigint[]) AS stored(seq, at) USING (seq)
    WHERE at IS NOT NULL AND kept_seconds IS NULL
    ON CONFLICT (seq) DO UPDATE SET stream_seq = excluded.stream_seq
    """

#: So long it may wait in memory, and so long for the broker to store it: with a moment for its commit, nothing that is
#: older than `UNDER_WAY_SECONDS_MAX` is on its way.
_HANDED_SECONDS_MAX, _STORED_SECONDS_MAX = UNDER_WAY_SECONDS_MAX / 3, UNDER_WAY_SECONDS_MAX / 2

#: So many batches are claimed together: while one is published, the one before it leaves the outbox.
BATCHES_TOGETHER = 8


Numbers = dict[int, int | None]


class Relay:
    """Publishes what a service said."""

    def __init__(self, engine: AsyncEngine, streams: Streams, service: str, settings: Settings) -> None:
        self._engine, self._streams, self._service, self._settings = engine, streams, service, settings
        self._publish, self._remove_at = Publisher(streams, service).publish, 0.0
        self._woken = asyncio.Event()
        #: Whether the outbox has to be looked through, and whether more came since that began.
        self._looking = self._more = True
        self._handed: list[Outgoing] = []
        self._handed_since = 0.0
        #: The rows whose events are stored, under which number in their stream, and that are still to be removed.
        self._stored: Numbers = {}
        self._held: AsyncConnection | None = None

    def hand_over(self, rows: Sequence[Outgoing]) -> None:
        """Called after the commit with what it wrote into the outbox."""
        if self._looking or not self._streams.is_ready:
            self._looking = self._more = True  # whoever looks through the outbox finds them there, in their order
        else:
            if not self._handed:
                self._handed_since = asyncio.get_running_loop().time()
            self._handed.extend(rows)
        self._woken.set()

    def wake(self) -> None:
        """Lets the relay look through the outbox: it may hold what nobody handed over."""
        self._looking = self._more = True
        self._woken.set()

    def _look_instead(self) -> None:
        """What was handed over goes from the outbox, where it may be gone by now: others publish, and forget."""
        self._handed.clear()
        self.wake()

    async def run(self) -> None:
        """Relays until it is cancelled."""
        try:
            await self._relay_always()
        finally:
            with suppress(Exception):
                async with asyncio.timeout(1):
                    await self._remove_stored()
            await self.close()

    async def _relay_always(self) -> None:
        pause = 0.1
        while True:
            try:
                if not self._streams.is_ready:
                    await self._streams.ready()
                    self._look_instead()
                self._woken.clear()
                if self._looking:
                    await self._look_through()
                while self._handed:
                    await self._publish_handed()
                if not await self._something_to_do() and await self._is_left():
                    await self.relay_batch(older_seconds=UNDER_WAY_SECONDS_MAX)
                pause = 0.1
            except Exception as error:
                refused = getattr(error, "err_code", None)  # the broker's own number for what it did not take
                log.warning("relay waits", fault=describe(error), refused=refused, away=is_away(error))
                self._look_instead()
                await self._heal(error)
                await asyncio.sleep(pause)
                pause = min(pause * 2, 2.0)

    async def _something_to_do(self) -> bool:
        """Waits until the relay is woken, and meanwhile removes what is stored; false when it is time to look."""
        look_at = asyncio.get_running_loop().time() + self._settings.relay_poll_seconds
        for moment in (min(self._remove_at, look_at), look_at) if self._stored else (look_at,):
            with suppress(TimeoutError):
                async with asyncio.timeout_at(moment):
                    await self._woken.wait()
                return True
            await self._remove_stored()
        return False

    async def _is_left(self) -> bool:
        """Whether the outbox holds what the process that committed it should have published by now."""
        return bool(await (await self._connection()).fetch(_IS_LEFT, UNDER_WAY_SECONDS_MAX))

    async def _look_through(self) -> None:
        """Publishes all that the outbox holds, however young; from then on what is handed over goes from memory."""
        while self._looking:
            self._more = False
            full = await self.relay_batch() == self._settings.relay_batch_size_max * BATCHES_TOGETHER
            self._looking = full or self._more

    async def _publish_handed(self) -> None:
        """What was handed over goes in the order of its commits; the outbox keeps it until it is stored."""
        if asyncio.get_running_loop().time() > self._handed_since + _HANDED_SECONDS_MAX:
            self._look_instead()
            return
        most = self._settings.relay_batch_size_max
        taken, self._handed = self._handed[:most], self._handed[most:]
        crashpoint(f"{self._service}.relay-after-select")
        async with asyncio.timeout(_STORED_SECONDS_MAX):
            numbers = await self._streams.while_connected(self._publish(taken))
        crashpoint(f"{self._service}.relay-after-ack")
        now = asyncio.get_running_loop().time()
        if not self._stored:
            self._remove_at = now + self._settings.relay_removed_seconds
        self._stored |= {row.seq: numbers.get(row.seq) for row in taken}
        if len(self._stored) >= most or now >= self._remove_at:
            await self._remove_stored()

    async def _remove_stored(self) -> None:
        """A row that stays because this fails is found by who looks, and the broker knows its event by its id."""
        if stored := self._stored:
            self._stored = {}
            await _remove(await self._connection(), stored)

    async def _heal(self, error: Exception) -> None:
        """Makes the streams again when the broker came back without them."""
        if isinstance(error, NatsError) and self._streams.is_ready:
            with suppress(NatsError, OSError, TimeoutError):
                await self._streams.ensure()

    async def relay_batch(self, older_seconds: float = 0.0) -> int:
        """Publishes the oldest rows, and takes them out of the outbox when they are stored; returns how many.

        What is younger than `older_seconds` is left to the process that committed it.
        """
        connection = await self._connection()
        try:
            await connection.execute(_BEGIN)
            size = self._settings.relay_batch_size_max
            claimed = await connection.fetch(_CLAIM, size * BATCHES_TOGETHER, older_seconds, record_class=Row)
            before: Numbers = {}
            for rows in (claimed[start : start + size] for start in range(0, len(claimed), size)):
                crashpoint(f"{self._service}.relay-after-select")
                removing = asyncio.ensure_future(_remove(connection, before))
                try:
                    numbers = await self._streams.while_connected(self._publish(rows))
                    await removing
                finally:
                    await ended(removing)
                crashpoint(f"{self._service}.relay-after-ack")
                before = {row.seq: numbers.get(row.seq) for row in rows}
            await _remove(connection, before)
            await connection.execute("COMMIT")
        except BaseException:
            await self.close()  # which also undoes the claim
            raise
        return len(claimed)

    async def _connection(self) -> asyncpg.Connection:
        """A connection that is kept: the relay works for as long as its service.

        Its commits need not wait for the disk: a row that comes back because the database lost its deletion is an event
        that the broker has already.
        """
        if self._held is None:
            self._held = await self._engine.connect()
            await (await driver_of(self._held)).execute("SET synchronous_commit TO off")
        return await driver_of(self._held)

    async def close(self) -> None:
        """Lets the connection go, with whatever is under way on it."""
        if self._held is not None:
            held, self._held = self._held, None
            (await driver_of(held)).terminate()
            await held.close()


async def _remove(connection: asyncpg.Connection, stored: Numbers) -> None:
    if stored:
        await connection.execute(_REMOVE, list(stored), list(stored.values()))
