"""What notify hears of who comes to a meeting: each is told, with a file for their calendar where it has a day."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.requests import (
    MeetingCalledOff,
    MeetingMoved,
    MeetingNear,
    PlaceFreed,
    SignedUp,
    SignUpWithdrawn,
)
from services.notify import erasure, meeting_notices
from services.notify.meeting_notices import SignUpHeard
from services.notify.settings import NotifySettings
from services.notify.telling import tell

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])


@router.hears(SignedUp, PlaceFreed, SignUpWithdrawn, MeetingMoved, MeetingCalledOff, MeetingNear)
async def tell_of_meeting(event: SignUpHeard, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Who signed up for a meeting hears how that stands, and what becomes of the meeting."""
    await tell(session, [meeting_notices.notice(event)], settings, now)
