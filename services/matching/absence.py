"""An ambassador is not there until a day, that day too: what is new goes to others, and colleagues see it."""

from datetime import date, datetime

from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from contracts.days import AMSTERDAM
from services.matching.store import ask

_ABSENT = text(
    """
    SELECT member_id, absent_until AS until FROM ambassador
    WHERE is_active AND absent_until >= CAST(:today AS date) ORDER BY member_id
    """
)
_KEEP = text(
    """
    UPDATE ambassador SET absent_until = CAST(:until AS date)
    WHERE member_id = ANY(CAST(:me AS text[])) AND is_active
    """
)


async def absent(session: AsyncSession, now: datetime) -> list[RowMapping]:
    """The ambassadors who are not there today, and until when."""
    today = now.astimezone(AMSTERDAM).date()
    return list((await ask(session, _ABSENT, {"today": today})).mappings())


async def keep(session: AsyncSession, who: Identity, until: date | None) -> None:
    """Somebody is not there until a day, or there again."""
    await ask(session, _KEEP, {"until": until, "me": list(who.references)})
