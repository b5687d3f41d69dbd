"""Who takes part and who left: who left is mailed nothing but what they ask for."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from chassis.sql import run
from contracts.members import MemberJoined, MemberLeft
from services.notify import erasure

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])

_NOTE = text(
    """
    INSERT INTO departure AS known (member_id, version, has_left)
    SELECT CAST(:member_id AS text), :version, :has_left
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, has_left = excluded.has_left
    WHERE known.version < excluded.version
    """
)


@router.hears(MemberJoined, MemberLeft, apart="departures")
async def note_who_left(event: MemberJoined | MemberLeft, session: AsyncSession) -> None:
    """Who left is looked for when a mail of theirs is about to go; who comes back gets what still waits."""
    await note(session, event.member_id, event.version, has_left=isinstance(event, MemberLeft))


async def note(session: AsyncSession, member_id: str, version: int, *, has_left: bool) -> None:
    """Keeps whether somebody takes part; the highest version wins."""
    await run(session, _NOTE, {"member_id": member_id, "version": version, "has_left": has_left})
