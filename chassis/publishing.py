"""Rows of an outbox to the streams: together where that is cheaper, each event once, under its id."""

import asyncio
from collections.abc import Coroutine, Sequence
from datetime import UTC, datetime
from typing import Any

import uuid_utils.compat as uuids
from nats.js.errors import APIError
from pydantic_core import from_json

from chassis import metrics
from chassis.crashpoints import crashpoint, is_armed
from chassis.mailboxes import Outgoing
from chassis.sql import Row
from chassis.streams import Answer, Streams

#: The broker's code for a batch with an event that it has already stored; nothing of that batch is stored.
_BATCH_HAS_DUPLICATE = 10201

PUBLISH_TIMEOUT_SECONDS = 5.0

SINGLES_IN_FLIGHT_MAX = 256

#: The broker counts nanoseconds in 64 bits, which end in the year 2262; a later timer would go off at once.
LATEST = datetime(2200, 1, 1, tzinfo=UTC)

#: The broker makes a folder with a store of its own for every batch, and removes it: from so many events on that costs
#: less than a wait for the disk for each event.
ROWS_OF_A_BATCH_MIN = 16


class Publisher:
    """Publishes for one service."""

    def __init__(self, streams: Streams, service: str) -> None:
        self._streams, self._service = streams, service

    async def publish(self, rows: Sequence[Outgoing | Row]) -> dict[int, int]:
        """Returns when all are stored: the number in its stream of each row, but for timers that another row replaced.

        Each stream has its own wait for the disk, so they do it at the same time.
        """
        rows = _without_replaced_timers(rows)
        by_stream: dict[str, list[Outgoing | Row]] = {}
        for row in rows:
            by_stream.setdefault(stream_of(row.subject), []).append(row)
        publishing = (self._to_stream(rows) for rows in by_stream.values())
        numbers: dict[int, int] = {}
        for rows_of_stream, outcome in zip(
            by_stream.values(), await asyncio.gather(*publishing, return_exceptions=True), strict=True
        ):
            if isinstance(outcome, BaseException):
                raise outcome
            numbers.update(zip((row.seq for row in rows_of_stream), outcome, strict=True))
        metrics.published.add(len(rows))
        return numbers

    async def _to_stream(self, rows: list[Outgoing | Row]) -> Sequence[int]:
        if len(rows) >= ROWS_OF_A_BATCH_MIN:
            try:
                return await self._batch(rows)
            except APIError as error:
                # A relay died between storing and deleting: the broker sorts out one by one which it already has.
                if error.err_code != _BATCH_HAS_DUPLICATE:
                    raise
        numbers: list[int] = []
        for start in range(0, len(rows), SINGLES_IN_FLIGHT_MAX):
            numbers += await asyncio.gather(*map(self._one, rows[start : start + SINGLES_IN_FLIGHT_MAX]))
        return numbers

    async def _one(self, row: Outgoing | Row) -> int:
        subject, headers = _address(row)
        stored = await self._acknowledged(
            self._streams.js.publish(subject, row.body, timeout=PUBLISH_TIMEOUT_SECONDS, headers=headers)
        )
        return stored.seq

    async def _batch(self, rows: list[Outgoing | Row]) -> Sequence[int]:
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
            return range(reply["seq"] - last + 1, reply["seq"] + 1)  # a batch is stored whole, and in one piece
        return ()

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


def stream_of(subject: str) -> str:
    """Which of the streams keeps a subject: what is said to another node is in `shared`."""
    reach = subject.split(".")[2]
    return reach if reach in ("local", "to-partner") else "shared"


def _without_replaced_timers(rows: Sequence[Outgoing | Row]) -> Sequence[Outgoing | Row]:
    """The broker refuses a whole batch in which one timer replaces another. Nobody waits for those that are left."""
    newest = {row.timer_subject: row.seq for row in rows}
    timers = [row for row in rows if row.due_at is not None and newest[row.timer_subject] == row.seq]
    return [*(row for row in rows if row.due_at is None), *timers]


def _address(row: Outgoing | Row) -> tuple[str, dict[str, str]]:
    headers = {"Nats-Msg-Id": row.event_id, "Content-Type": "application/cloudevents+json"}
    if row.kept_seconds is not None:
        headers["Nats-TTL"] = f"{row.kept_seconds}s"
    if row.due_at is None:
        return row.subject, headers
    headers["Nats-Schedule"] = f"@at {min(row.due_at, LATEST).astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    headers["Nats-Schedule-Target"] = row.subject
    assert row.timer_subject is not None
    return row.timer_subject, headers
