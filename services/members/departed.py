"""In the background: who stopped taking part and did not come back is erased, as if they had asked for it.

They are looked for in the table, which knows since when, whatever happens to the broker or to a process: see 0057.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.telemetry import log
from chassis.transactions import Item
from services.members.erasure import erase
from services.members.rules import MemberStatus
from services.members.tables import Member, SignInLink

#: How long who stopped is kept: who comes back after a school year elsewhere is the same person here. Then nobody
#: needs it any more.
KEPT_FOR = timedelta(days=365)

#: An hour more or less is nothing on a year, so that the whole table may be looked through.
LOOK_SECONDS = 3600.0

#: So many share a transaction.
TOGETHER = 20


async def keep_erasing(service: Service) -> None:
    """Looks every so often, for as long as the service runs."""
    while True:
        await date_some(service)
        while await erase_some(service) == TOGETHER:
            pass
        await asyncio.sleep(LOOK_SECONDS)


async def date_some(service: Service) -> None:
    """Of whom it is not known since when they take part no more, the year begins now.

    A release before this one does not note it, nor takes it back when they return and leave once more.
    """
    since = col(Member.left_at)
    unknown = (col(Member.status) == MemberStatus.LEFT, sa.or_(since.is_(None), since < col(Member.joined_at)))

    async def date(session: AsyncSession) -> None:
        await session.exec(sa.update(Member).where(*unknown).values(left_at=service.now()))

    await service.transactions.do(Item(date))


async def erase_some(service: Service) -> int:
    """Of who left so long ago, erases as many as share a transaction; returns how many.

    Replicas do it side by side: each takes whom no other has in hand, nor comes back at this moment.
    """

    async def erase_them(session: AsyncSession) -> int:
        now = service.now()
        query = select(Member).where(*_are_due(now)).order_by(col(Member.left_at)).limit(TOGETHER)
        due = (await session.exec(query.with_for_update(skip_locked=True))).all()
        for person in due:
            await erase(session, person, now)
        return len(due)

    erased: int = await service.transactions.do(Item(erase_them))
    if erased:
        log.info("who stopped a year ago was erased", persons=erased)
    return erased


def _are_due(now: datetime) -> tuple[Any, ...]:
    """The conditions that a person is erased. Who was mailed a link to come back by may follow it first."""
    known = aliased(Member)
    invited_back = (
        select(SignInLink.sign_in_id)
        .join(known, col(known.member_id) == SignInLink.member_id)
        .where(sa.func.coalesce(known.leads_to, known.member_id) == col(Member.member_id), SignInLink.expires_at > now)
    )
    return (
        Member.status == MemberStatus.LEFT,
        col(Member.merged_into).is_(None),
        col(Member.blocked_at).is_(None),  # erased, they could come in again
        col(Member.left_at) <= now - KEPT_FOR,
        ~invited_back.exists(),
    )
