"""Who was asked to look at a match instead, when it goes elsewhere meanwhile: that ask is over, and said to be."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.desk import HandOverTakenBack
from services.matching import people
from services.matching.store import ask

_ASKED = text(
    """
    SELECT match_id, member_id, asked_by, note FROM hand_over
    WHERE match_id = ANY(CAST(:match_ids AS text[])) AND asked_by = :asked_by AND answered_at IS NULL
    """
)
_END = text(
    """
    UPDATE hand_over SET answered_at = :now, note = NULL
    WHERE match_id = :match_id AND answered_at IS NULL RETURNING hand_over_id
    """
)


async def by(session: AsyncSession, asked_by: str, match_ids: Iterable[str]) -> dict[str, RowMapping]:
    """Whom somebody asked, by match, as far as they may look and have not answered."""
    rows = (await ask(session, _ASKED, {"asked_by": asked_by, "match_ids": list(match_ids)})).mappings().all()
    return {row["match_id"]: row for row in rows if await people.may_look(session, row["member_id"])}


async def end(session: AsyncSession, match_id: str, now: datetime) -> None:
    """Nobody need answer any more whether they look at a match instead."""
    for hand_over_id in (await ask(session, _END, {"match_id": match_id, "now": now})).scalars():
        say(session, HandOverTakenBack(hand_over_id=hand_over_id))
