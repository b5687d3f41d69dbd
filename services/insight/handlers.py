"""What insight hears: whatever is shared of requests, offers, matches and organisations, here and elsewhere.

Every handler keeps what was told and no more; what it means is counted when somebody asks (`counting`).
"""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Settings
from contracts.event import Event
from contracts.members import NodeAnnounced
from services.insight import facts

router = EventRouter()


@router.hears(*facts.REQUESTS, *facts.OFFERS, *facts.MARKS, elsewhere=True)
@router.hears(*facts.REQUESTS, *facts.OFFERS, *facts.MARKS)
async def count_proposition(
    event: Event, session: AsyncSession, settings: Settings, said_by: str, said_at: datetime
) -> None:
    """What is asked and offered, about what, and in which province, and where that is in its life."""
    facts.keep(session, event, said_by, said_at, settings.national_node)


@router.hears(*facts.MATCHES, elsewhere=True)
@router.hears(*facts.MATCHES)
async def count_match(event: Event, session: AsyncSession, settings: Settings, said_by: str, said_at: datetime) -> None:
    """How far two came: proposed, endorsed, introduced; a match that several nodes tell of is one."""
    facts.keep(session, event, said_by, said_at, settings.national_node)


@router.hears(*facts.ORGANISATIONS, *facts.MERGINGS, elsewhere=True)
@router.hears(*facts.ORGANISATIONS, *facts.MERGINGS)
async def count_organisation(
    event: Event, session: AsyncSession, settings: Settings, said_by: str, said_at: datetime
) -> None:
    """Which networks an organisation belongs to, and so what it asks and offers."""
    facts.keep(session, event, said_by, said_at, settings.national_node)


@router.hears(NodeAnnounced, elsewhere=True)
@router.hears(NodeAnnounced)
async def name_region(
    event: NodeAnnounced, session: AsyncSession, settings: Settings, said_by: str, said_at: datetime
) -> None:
    """What a region is called."""
    facts.keep(session, event, said_by, said_at, settings.national_node)
