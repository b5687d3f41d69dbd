"""What the streams still hold of somebody who was erased goes in parts: the first with the tables, the rest after it.

Those take no turn, so who looked at thousands of matches keeps nobody waiting. Until the streams are rid of it, the ids
of what was said are kept: the tables of requests, offers and matches do not tell them any more.
"""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_messages, forget_shared, say
from contracts.matching import (
    IntroductionMade,
    MatchDismissed,
    MatchEndorsed,
    MatchLapsed,
    MatchProposed,
    MemberForgotten,
    MoreToForget,
    reference,
)
from services.matching import matches
from services.matching.match import Match, State
from services.matching.store import Table, ask

#: The broker is asked up to seven times for each, and is done in a moment.
TOGETHER = 200


class ToForget(Table, table=True):
    """What is still in the streams about somebody who was erased; of what they only looked at, that they did."""

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
_TAKE = text(
    """
    DELETE FROM to_forget WHERE reference = :reference AND entity_id IN (
        SELECT entity_id FROM to_forget WHERE reference = :reference ORDER BY entity_id LIMIT :together)
    RETURNING entity_id, looked_at
    """
)
_IS_LEFT = text("SELECT EXISTS (SELECT FROM to_forget WHERE reference = :reference)")


async def keep(
    session: AsyncSession, member_id: str, node: str | None, *, theirs: Iterable[str], looked_at: Iterable[str]
) -> None:
    """Keeps the ids of what was theirs, and of the matches that stay without them, until the streams are rid of it."""
    for ids, only_looked_at in ((theirs, False), (looked_at, True)):
        values = {"reference": reference(member_id, node), "looked_at": only_looked_at, "ids": list(ids)}
        await ask(session, _KEEP, values)


async def go_on(
    session: AsyncSession, streams: Streams, member_id: str, node: str | None, removed: dict[str, int]
) -> None:
    """Removes a part of it from the streams; when nothing is left, it is told what went of a member of this node.

    `removed` has how many of what went before. At the end of a transaction: what was purged stays so when all the rest
    is undone, and is done again with it.
    """
    about = {"reference": reference(member_id, node)}
    rows = (await ask(session, _TAKE, about | {"together": TOGETHER})).all()
    purged = await forget_messages(
        streams, session, speaker="matching", entity_ids=[row.entity_id for row in rows if not row.looked_at]
    )
    purged += await _forget_who_looked(session, streams, [row.entity_id for row in rows if row.looked_at])
    removed = removed | {"stream-messages": removed.get("stream-messages", 0) + purged}
    if (await ask(session, _IS_LEFT, about)).scalar_one():
        say(session, MoreToForget(member_id=member_id, node=node, removed=removed))
    elif node is None:
        say(session, MemberForgotten(member_id=member_id, removed=removed))


async def _forget_who_looked(session: AsyncSession, streams: Streams, ids: list[str]) -> int:
    """Nobody's but our own node's messages name who looks; returns how many went.

    A match that is gone by now went with all that was said of it, when a side of it was erased.
    """
    stays = [match.match_id for match in await matches.with_ids(session, ids)]
    purged = await forget_shared(streams, session, speaker="matching", entity_ids=stays)
    for match in await matches.with_ids(session, stays):  # as it is by now: the newest that was said may be gone
        _say_again(session, match)
    return purged


def _say_again(session: AsyncSession, match: Match) -> None:
    """Where a match is, for who has not heard it yet: what was said of it was purged."""
    match match.state:
        case State.PROPOSED:
            say(session, MatchProposed(**match.told()))
        case State.ENDORSED:
            say(session, MatchEndorsed(**match.told()))
        case State.DISMISSED:
            say(session, MatchDismissed(**match.told(), dismissed_because=match.dismissed_because or ""))
        case State.INTRODUCED:
            say(session, IntroductionMade(**match.told()))
        case State.LAPSED:
            say(session, MatchLapsed(**match.told_of_lapse()))
