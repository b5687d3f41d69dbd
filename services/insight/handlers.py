"""What insight hears: whatever is shared of requests, offers, matches and organisations, here and elsewhere.

What was told is kept and no more (`facts`); what it means is counted when somebody asks (`counting`).
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Settings
from contracts.event import Event
from services.insight import facts

router = EventRouter()


@router.hears(*facts.TELLING_ELSEWHERE, elsewhere=True)
@router.hears(*facts.TELLING)
async def keep_fact(event: Event, session: AsyncSession, settings: Settings, said_by: str, said_at: datetime) -> None:
    """A fact is kept as its node tells it; of a match that several nodes tell of there is one."""
    facts.keep(session, event, said_by, said_at, settings.national_node)
