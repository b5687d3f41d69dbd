"""What the gateway hears: who takes part no more has no session either."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.members import MemberErased, MemberLeft
from services.gateway import store

router = EventRouter()


@router.hears(MemberErased)
async def end_sessions(event: MemberErased, session: AsyncSession) -> None:
    """A member was erased: their sessions end, wherever they are signed in."""
    await store.end_sessions_of(session, event.member_id)


@router.hears(MemberLeft)
async def end_sessions_of_who_left(event: MemberLeft, session: AsyncSession, said_at: datetime) -> None:
    """A member left: so do theirs. Who came back before this was heard stays signed in where they are since."""
    await store.end_sessions_of(session, event.member_id, begun_before=said_at)
