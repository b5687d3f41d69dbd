"""What was done to a partner, on its page or by command, is kept with what else was done."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from chassis.deeds import note_deed
from contracts.deeds import Deed


def note(session: AsyncSession, who: Identity | None, deed: Deed, partner_id: str, now: datetime) -> None:
    """Notes it; an operator's command has nobody (`who`)."""
    note_deed(session, "partners", who, deed, now, matter="partner", matter_id=partner_id)
