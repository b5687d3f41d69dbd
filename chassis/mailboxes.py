"""The outbox, the inbox and the stored replies: what makes an event's effect, and its saying, happen exactly once.

All three live in the service's own database and are written in the transaction of the work itself. What left the outbox
is kept for a while as `said`, with its number in the stream, for a broker that loses it: see `chassis.looking_back`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import begin, literal, run
from chassis.telemetry import traceparent
from contracts.envelope import encode
from contracts.event import Event, new_id

#: A larger event would be refused by the broker and stop the outbox; the command that says it fails instead.
EVENT_BYTES_MAX = 512 * 1024


def define_mailboxes(metadata: sa.MetaData) -> None:
    """The mailbox tables, as part of a service's metadata."""
    sa.Table("outbox", metadata, *_outbox_columns(), sa.Index("ix_outbox_entity_id", "entity_id"))
    sa.Table("inbox", metadata, *_inbox_columns())
    sa.Table("stored_reply", metadata, *_stored_reply_columns(), sa.Index("ix_stored_reply_stored_at", "stored_at"))
    sa.Table("said", metadata, *_said_columns(), sa.Index("ix_said_entity_id", "entity_id"))


def create_mailboxes(op: Any) -> None:
    """For a service's first migration; `create_said` is of a later one."""
    op.create_table("outbox", *_outbox_columns())
    op.create_index("ix_outbox_entity_id", "outbox", ["entity_id"])
    op.create_table("inbox", *_inbox_columns())
    op.create_table("stored_reply", *_stored_reply_columns())
    op.create_index("ix_stored_reply_stored_at", "stored_reply", ["stored_at"])


def drop_mailboxes(op: Any) -> None:
    """Undoes `create_mailboxes`."""
    for table in ("stored_reply", "inbox", "outbox"):
        op.drop_table(table)


def create_said(op: Any) -> None:
    """For the migration of a service since what was said is kept."""
    op.create_table("said", *_said_columns())
    op.create_index("ix_said_entity_id", "said", ["entity_id"])


def _outbox_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("seq", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("entity_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timer_subject", sa.Text, nullable=True),
        sa.Column("kept_seconds", sa.Integer, nullable=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    ]


def _said_columns() -> list[sa.Column[Any]]:
    """A row of the outbox, but for how long its event may be kept: one that may not stay is not here either."""
    return [
        sa.Column("seq", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("stream_seq", sa.BigInteger, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("entity_id", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("timer_subject", sa.Text, nullable=True),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
    ]


def _inbox_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("heard_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    ]


def _stored_reply_columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger, nullable=False),
        sa.Column("headers", pg.JSONB, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    ]


@dataclass(frozen=True, slots=True)
class Said:
    """An event that leaves with the transaction."""

    event_id: str
    event: Event
    due_at: datetime | None
    cause: str | None
    to: str | None


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A row of the outbox, as it was written."""

    seq: int
    event_id: str
    subject: str
    due_at: datetime | None
    timer_subject: str | None
    kept_seconds: int | None
    body: bytes


def say(session: AsyncSession, event: Event, *, to: str | None = None) -> str:
    """Says an event when the transaction commits; returns the event's id.

    `to` is another node, which then is the only one that hears it.
    """
    return _say(session, event, None, to)


def say_later(session: AsyncSession, event: Event, *, at: datetime) -> str:
    """Says an event at about the given time; one waits per type and entity, a newer one replaces it."""
    return _say(session, event, at, None)


def _say(session: AsyncSession, event: Event, due_at: datetime | None, to: str | None) -> str:
    event_id = new_id()
    said = Said(event_id, event, due_at, session.info.get("cause") or traceparent(), to)
    session.info.setdefault("said", []).append(said)
    return event_id


def told_now(session: AsyncSession) -> set[str]:
    """The entities of which something is said when the transaction commits."""
    return {said.event.entity_id for said in session.info.get("said", ())}


#: The values that it takes are of `take_said`.
INSERT_OUTBOX = """
    INSERT INTO outbox (event_id, entity_id, subject, due_at, timer_subject, kept_seconds, body, said_at)
    SELECT *, clock_timestamp() FROM unnest(
        CAST(:event_ids AS text[]), CAST(:entity_ids AS text[]), CAST(:subjects AS text[]),
        CAST(:due_ats AS timestamptz[]), CAST(:timer_subjects AS text[]), CAST(:kept AS integer[]),
        CAST(:bodies AS bytea[]))
    RETURNING seq
    """
_INSERT_OUTBOX = text(INSERT_OUTBOX)


async def write_outbox(session: AsyncSession, node: str) -> list[Outgoing]:
    """Writes what was said into the outbox, in one statement; returns the rows."""
    if not (values := take_said(session, node)):
        return []
    return outgoing((await run(session, _INSERT_OUTBOX, values)).scalars(), values)


def take_said(session: AsyncSession, node: str) -> dict[str, list[Any]]:
    """What was said until now, as rows for the outbox: the values of each column; nothing when nothing was said."""
    said: list[Said] = session.info.pop("said", [])
    return _columns_of(said, node) if said else {}


def outgoing(numbers: Iterable[int], values: Mapping[str, list[Any]]) -> list[Outgoing]:
    """The rows under the numbers that they were given, in the order of the values."""
    columns = (column for name, column in values.items() if name != "entity_ids")
    return [Outgoing(*row) for row in zip(numbers, *columns, strict=True)]


def _columns_of(said: Sequence[Said], node: str) -> dict[str, list[Any]]:
    now = datetime.now(UTC)
    bodies = [encode(s.event, event_id=s.event_id, node=node, time=now, traceparent=s.cause) for s in said]
    if any(len(body) > EVENT_BYTES_MAX for body in bodies):
        raise ValueError("an event is larger than the broker takes")
    return {
        "event_ids": [s.event_id for s in said],
        "entity_ids": [s.event.entity_id for s in said],
        "subjects": [s.event.subject(node, s.to) for s in said],
        "due_ats": [s.due_at for s in said],
        "timer_subjects": [s.event.timer_subject(node) if s.due_at else None for s in said],
        "kept": [s.event.kept_seconds for s in said],
        "bodies": bodies,
    }


def saying_of_changed(change: str) -> str:
    """A statement that changes entities and says an event of each: whole in itself, without a transaction around it.

    `change` takes its values from `$8` on, and returns what it changed as `entity_id`; of other entities nothing is
    said. For what is so small that begin and commit would be most of its way to the database and back.
    """
    return f"""
        WITH changed AS ({change})
        INSERT INTO outbox (event_id, entity_id, subject, due_at, timer_subject, kept_seconds, body, said_at)
        SELECT said.*, clock_timestamp()
        FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::integer[], $7::bytea[])
            AS said (event_id, entity_id, subject, due_at, timer_subject, kept_seconds, body)
        WHERE entity_id IN (SELECT entity_id FROM changed)
        RETURNING seq, event_id, subject, due_at, timer_subject, kept_seconds, body
        """


async def change_and_say(
    connection: asyncpg.Connection,
    statement: str,
    events: Sequence[tuple[Event, str | None]],
    node: str,
    *values: Any,
) -> list[Outgoing]:
    """Runs a statement of `saying_of_changed`, with what caused each event; returns the rows, for the relay."""
    said = [Said(new_id(), event, None, cause, None) for event, cause in events]
    rows = await connection.fetch(statement, *_columns_of(said, node).values(), *values)
    return [Outgoing(*row) for row in rows]


_INSERT_INBOX = text(
    """
    INSERT INTO inbox (consumer, event_id)
    SELECT :consumer, unnest(CAST(:event_ids AS text[]))
    ON CONFLICT DO NOTHING RETURNING event_id
    """
)


async def enter_inbox(session: AsyncSession, consumer: str, event_ids: list[str], *first: str) -> set[str]:
    """Begins a transaction, and says which of the events this consumer hears for the first time.

    Another replica's open transaction about the same event is awaited. The statements `first` come before all else.
    """
    fresh = sorted(set(event_ids))
    events = ", ".join(map(literal, fresh))
    insert = f"INSERT INTO inbox (consumer, event_id) SELECT {literal(consumer)}, unnest(ARRAY[{events}])"
    if await begin(session, *first, f"{insert} ON CONFLICT DO NOTHING") == len(fresh):
        return set(fresh)
    # Some were heard before. Which ones, is told only to who asks with a statement by itself.
    await session.rollback()
    if first:
        await begin(session, *first)
    return set((await run(session, _INSERT_INBOX, {"consumer": consumer, "event_ids": fresh})).scalars())
