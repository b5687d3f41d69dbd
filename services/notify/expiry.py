"""What notify hears of what expires soon, expired, or is quiet in conversation, and whom it then tells."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.expiry import ConversationQuiet, ExpiryNear
from contracts.requests import OfferClosed, RequestClosed
from services.notify import erasure, expiry_notices
from services.notify.settings import NotifySettings
from services.notify.telling import tell

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])


@router.hears(ExpiryNear)
async def tell_it_expires(event: ExpiryNear, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Who asked or offered something hears that it expires soon, and how they let it stand on."""
    await tell(session, expiry_notices.near_notices(event, now), settings, now)


@router.hears(RequestClosed, OfferClosed)
async def tell_it_expired(
    event: RequestClosed | OfferClosed,
    session: AsyncSession,
    now: datetime,
    settings: NotifySettings,
    said_at: datetime,
) -> None:
    """Who asked or offered something hears that its time is over, and that they can open it again."""
    await tell(session, expiry_notices.expiry_notices(event, said_at, now), settings, now)


@router.hears(ConversationQuiet)
async def ask_what_came_of_it(
    event: ConversationQuiet, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who has talked for a while about what they asked or offered is asked whether it helped, or they look further."""
    await tell(session, expiry_notices.quiet_notices(event), settings, now)
