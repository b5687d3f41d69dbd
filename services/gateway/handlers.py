"""What the gateway hears: who takes part no more has no session either."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.members import MemberErased, MemberLeft
from services.gateway import store

router = EventRouter()


@router.hears(MemberErased, MemberLeft)
async def end_sessions(event: MemberErased | MemberLeft, session: AsyncSession) -> None:
    """A member left or was erased: their sessions end, wherever they are signed in."""
    await store.end_sessions_of(session, event.member_id)
