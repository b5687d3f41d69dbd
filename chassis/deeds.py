"""What people did who work for others: said with the change itself, in its transaction."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.identity import Identity
from chassis.mailboxes import say
from contracts.deeds import OPERATOR, Deed, DeedDone, DoneAs, Matter
from contracts.event import new_id
from contracts.vocabulary import Role


def note_deed(
    session: AsyncSession,
    service: str,
    who: Identity | None,
    deed: Deed,
    now: datetime,
    *,
    matter: Matter | None = None,
    matter_id: str | None = None,
    title: str | None = None,
    whose: Iterable[str] = (),
) -> None:
    """Notes that somebody did something for or to others (`whose`); what they do to their own is nobody's to read.

    Without `who` it was an operator, by a command.
    """
    say(
        session,
        DeedDone(
            deed_id=new_id(),
            service=service,
            done_by=who.member_id if who else OPERATOR,
            role=_done_as(who),
            deed=deed,
            matter=matter,
            matter_id=matter_id,
            title=title or None,
            whose=tuple(dict.fromkeys(one for one in whose if one)),
            done_at=now,
        ),
    )


def _done_as(who: Identity | None) -> DoneAs:
    if who is None:
        return OPERATOR
    return next((role for role in (Role.NODE_TEAM, Role.AMBASSADOR) if who.has(role)), Role.MEMBER)
