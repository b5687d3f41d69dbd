"""What the streams still hold of somebody who was erased goes in parts: the first with the tables, the rest after it.

The rest goes without a lock or a turn, so whoever was told of thousands of times keeps nobody waiting. Until the
streams are rid of it, the ids of what was said are kept: the tables do not tell them any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.forgetting import forget_messages
from chassis.mailboxes import told_now
from chassis.sql import Row, run
from chassis.streams import Streams

#: The broker is asked up to seven times for each, and is done in a moment.
TOGETHER = 200

#: Ids that are told in one event: far from the most bytes of one, and who hears it purges its own stream of them.
TOLD_AT_ONCE = 1_000

_KEEP = text(
    """
    INSERT INTO to_forget (reference, entity_id)
    SELECT :reference, unnest(CAST(:ids AS text[])) ON CONFLICT DO NOTHING
    """
)
_TAKE = text(
    """
    DELETE FROM to_forget WHERE reference = :reference AND entity_id IN (
        SELECT entity_id FROM to_forget WHERE reference = :reference ORDER BY entity_id LIMIT :together)
    RETURNING *
    """
)
_IS_LEFT = text("SELECT EXISTS (SELECT FROM to_forget WHERE reference = :reference)")


def define_to_forget(metadata: sa.MetaData) -> None:
    """The table of what the streams are to be rid of, as part of a service's metadata."""
    sa.Table("to_forget", metadata, *_columns())


def create_to_forget(op: Any) -> None:
    """For the migration of a service since it forgets in parts."""
    op.create_table("to_forget", *_columns())


def _columns() -> list[sa.Column[Any]]:
    return [
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("entity_id", sa.Text, primary_key=True),
    ]


@dataclass(frozen=True, slots=True)
class Purged:
    """How many messages went of somebody, and whether there is more to go."""

    count: int
    is_more: bool


async def forget_first(
    streams: Streams, session: AsyncSession, reference: str, *, speaker: str, entity_ids: Iterable[str]
) -> Purged:
    """As `forget_messages`, of somebody known by a reference: a part of it now, what is more by `forget_next`.

    What is said of one of these in this very transaction stays, so that what was said of it before goes now.
    """
    ids = set(entity_ids)
    said_anew = ids & told_now(session)
    at_once = await forget_messages(streams, session, speaker=speaker, entity_ids=said_anew)
    await run(session, _KEEP, {"reference": reference, "ids": sorted(ids - said_anew)})
    first = await forget_next(streams, session, reference, speaker=speaker)
    return Purged(at_once + first.count, first.is_more)


async def forget_next(streams: Streams, session: AsyncSession, reference: str, *, speaker: str) -> Purged:
    """Removes a part of it from the streams.

    At the end of a transaction: what was purged stays so when all the rest is undone, and is done again with it.
    """
    ids = [row.entity_id for row in await take_part(session, reference)]
    count = await forget_messages(streams, session, speaker=speaker, entity_ids=ids)
    return Purged(count, await is_left(session, reference))


async def take_part(session: AsyncSession, reference: str) -> Sequence[Row]:
    """What is to go now, with whatever the service keeps of it; it is kept no longer."""
    return (await run(session, _TAKE, {"reference": reference, "together": TOGETHER})).all()


async def is_left(session: AsyncSession, reference: str) -> bool:
    """Whether there is more to go of somebody."""
    return bool((await run(session, _IS_LEFT, {"reference": reference})).scalar_one())


def in_events(ids: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The ids, as many at a time as one event tells."""
    for first in range(0, len(ids), TOLD_AT_ONCE):
        yield tuple(ids[first : first + TOLD_AT_ONCE])
