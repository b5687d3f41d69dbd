"""What notify hears of what the node's team took down, and whom it then tells."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.taking_down import TakenDown
from services.notify import erasure
from services.notify.rules import Notice
from services.notify.settings import NotifySettings
from services.notify.telling import tell
from services.notify.templates import Template

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])


@router.hears(TakenDown)
async def tell_it_was_taken_down(
    event: TakenDown, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Whose it was hears why, and that they may place it again when they changed it."""
    await tell(session, [taken_down_notice(event)], settings, now)


def taken_down_notice(event: TakenDown) -> Notice:
    """Its member, once for each time that it was taken down. Nobody can turn that off: it is decided about them."""
    return Notice(
        event.member_id,
        Template.TAKEN_DOWN,
        event.proposition_id,
        event.model_dump(mode="json", include={"side", "title", "because", "note"}),
        occurrence=str(event.version),
        about=(event.member_id,),
        needs=(event.member_id,),
    )
