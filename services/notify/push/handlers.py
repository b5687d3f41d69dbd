"""What ends that a device is told: somebody signed out there, or takes part no more."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.gateway import SignedOutOfDevice
from contracts.members import MemberLeft
from services.notify.push import devices

router = EventRouter()


@router.hears(SignedOutOfDevice)
async def end_device(event: SignedOutOfDevice, session: AsyncSession) -> None:
    """Somebody signed out: that device is told nothing of theirs any more."""
    await devices.end(session, event.device_id)


@router.hears(MemberLeft)
async def end_devices(event: MemberLeft, session: AsyncSession, said_at: datetime) -> None:
    """A member left: no device of theirs is told anything any more, but for those added since they came back."""
    await devices.end_all_of(session, event.member_id, added_before=said_at)
