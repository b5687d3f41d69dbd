"""What notify hears of who has a desk and of what is done there: who is asked hears it, and who asked the answer."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.desk import FollowUpCame, HandOverAnswered, HandOverAsked, HelpAnswered, HelpAsked
from contracts.members import AmbassadorAppointed, AmbassadorStoodDown
from services.notify import ambassador_notices, desk_notices, erasure
from services.notify.settings import NotifySettings
from services.notify.telling import tell

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])


@router.hears(AmbassadorAppointed, AmbassadorStoodDown)
async def tell_ambassador(
    event: AmbassadorAppointed | AmbassadorStoodDown, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who becomes an ambassador hears for what, and who is one no more hears that."""
    await tell(session, ambassador_notices.ambassador_notices(event), settings, now)


@router.hears(HandOverAsked, HandOverAnswered)
async def tell_of_hand_over(
    event: HandOverAsked | HandOverAnswered, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who is asked to look at a match instead hears that, and who asked it the answer."""
    await tell(session, desk_notices.hand_over_notices(event), settings, now)


@router.hears(HelpAsked, HelpAnswered)
async def tell_of_help(
    event: HelpAsked | HelpAnswered, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who is asked to help with a request hears that, and who asked it the answer."""
    await tell(session, desk_notices.help_notices(event), settings, now)


@router.hears(FollowUpCame)
async def bring_back(event: FollowUpCame, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """Who wanted to come back to something hears that the day is there."""
    await tell(session, desk_notices.follow_up_notices(event, now), settings, now)
