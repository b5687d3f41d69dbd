"""What the streams still hold of somebody who was erased goes in parts (`chassis.purging`).

Of a match that they only looked at, what was said goes and the match stays; it is told again.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_messages, forget_shared, say
from chassis.purging import is_left, take_part
from contracts.matching import (
    MemberForgotten,
    MoreToForget,
    reference,
)
from services.matching import copying, matches
from services.matching.patience import answer_by
from services.matching.settings import MatchingSettings
from services.matching.store import Table, ask


class ToForget(Table, table=True):
    """The table of `chassis.purging`; of what somebody only looked at, that they did."""

    __tablename__ = "to_forget"

    reference: str = Field(primary_key=True, sa_type=sa.Text)
    entity_id: str = Field(primary_key=True, sa_type=sa.Text)
    looked_at: bool


_KEEP = text(
    """
    INSERT INTO to_forget (reference, entity_id, looked_at)
    SELECT :reference, entity_id, :looked_at FROM unnest(CAST(:ids AS text[])) AS entity_id ON CONFLICT DO NOTHING
    """
)


async def keep(
    session: AsyncSession, member_id: str, node: str | None, *, theirs: Iterable[str], looked_at: Iterable[str]
) -> None:
    """Keeps the ids of what was theirs, and of the matches that stay without them, until the streams are rid of it."""
    for ids, only_looked_at in ((theirs, False), (looked_at, True)):
        values = {"reference": reference(member_id, node), "looked_at": only_looked_at, "ids": list(ids)}
        await ask(session, _KEEP, values)


async def go_on(
    session: AsyncSession,
    streams: Streams,
    member_id: str,
    node: str | None,
    removed: dict[str, int],
    settings: MatchingSettings,
) -> None:
    """Removes a part of it from the streams; when nothing is left, it is told what went of a member of this node.

    `removed` has how many of what went before. At the end of a transaction: what was purged stays so when all the rest
    is undone, and is done again with it.
    """
    known_as = reference(member_id, node)
    rows = await take_part(session, known_as)
    purged = await forget_messages(
        streams, session, speaker="matching", entity_ids=[row.entity_id for row in rows if not row.looked_at]
    )
    purged += await _forget_who_looked(session, streams, [row.entity_id for row in rows if row.looked_at], settings)
    removed = removed | {"stream-messages": removed.get("stream-messages", 0) + purged}
    if await is_left(session, known_as):
        say(session, MoreToForget(member_id=member_id, node=node, removed=removed))
    elif node is None:
        say(session, MemberForgotten(member_id=member_id, removed=removed))


async def _forget_who_looked(
    session: AsyncSession, streams: Streams, ids: list[str], settings: MatchingSettings
) -> int:
    """Nobody's but our own node's messages name who looks; returns how many went.

    A match that is gone by now went with all that was said of it, when a side of it was erased.
    """
    stays = [match.match_id for match in await matches.with_ids(session, ids)]
    purged = await forget_shared(streams, session, speaker="matching", entity_ids=stays)
    for match in await matches.with_ids(session, stays):  # as it is by now: the newest that was said may be gone
        say(session, copying.as_it_is(match, answer_by(match, settings)))
    return purged
