"""Who takes part by what another did is told at their own address, and who came to the node's team or left it."""

from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter
from contracts.members import NodeTeamJoined, NodeTeamLeft
from contracts.welcoming import MemberWelcomed
from services.notify import departures, erasure
from services.notify.rules import Notice
from services.notify.settings import NotifySettings
from services.notify.telling import tell
from services.notify.templates import Template

router = EventRouter(first=[erasure.NOT_WHILE_ERASING])

_BY = {"invitation": Template.INVITATION_ACCEPTED, "team": Template.LET_IN_AGAIN}


@router.hears(MemberWelcomed)
async def welcome(event: MemberWelcomed, session: AsyncSession, now: datetime, settings: NotifySettings) -> None:
    """They hear it, also when it is heard only later here that they take part (again)."""
    await departures.note(session, event.member_id, event.version, has_left=False)
    await tell(session, [_notice(event, _BY[event.by], in_inbox=False)], settings, now)


@router.hears(NodeTeamJoined, NodeTeamLeft, apart="told")
async def tell_of_team(
    event: NodeTeamJoined | NodeTeamLeft, session: AsyncSession, now: datetime, settings: NotifySettings
) -> None:
    """Who comes to the team hears what they may, and who is taken out of it that; not who left altogether."""
    if event.news:
        joined = isinstance(event, NodeTeamJoined)
        await tell(session, [_notice(event, Template.TEAM_JOINED if joined else Template.TEAM_LEFT)], settings, now)


def _notice(
    event: MemberWelcomed | NodeTeamJoined | NodeTeamLeft, template: Template, *, in_inbox: bool = True
) -> Notice:
    return Notice(
        event.member_id,
        template,
        event.member_id,
        occurrence=str(event.version),
        in_inbox=in_inbox,
        about=(event.member_id,),
        needs=(event.member_id,),
    )
