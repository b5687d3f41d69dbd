"""Who looks after a partner's events and endpoints: members of the node, named by an operator."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.partners.tables import Contact, Partner


async def add(session: AsyncSession, partner_id: str, member_id: str) -> None:
    """A member sees a partner's page from now on. Raises `ValueError` when there is no such partner."""
    if await session.get(Partner, partner_id) is None:
        raise ValueError("no partner has this name")
    named = pg.insert(Contact).values(partner_id=partner_id, member_id=member_id)
    await session.exec(named.on_conflict_do_nothing())


async def remove(session: AsyncSession, partner_id: str, member_id: str) -> None:
    """They see it no more. Raises `ValueError` when they did not."""
    own = (col(Contact.partner_id) == partner_id, col(Contact.member_id) == member_id)
    if not (await session.exec(sa.delete(Contact).where(*own))).rowcount:
        raise ValueError("this member is no contact of this partner")


async def is_contact(session: AsyncSession, partner_id: str, references: Sequence[str]) -> bool:
    """Whether a member looks after a partner, under any of the references that they have."""
    query = select(Contact).where(Contact.partner_id == partner_id, col(Contact.member_id).in_(references))
    return (await session.exec(query)).first() is not None


async def partners_of(session: AsyncSession, references: Sequence[str] | None) -> Sequence[Partner]:
    """The partners that a member looks after; none named: every partner."""
    query = select(Partner).order_by(col(Partner.partner_id))
    if references is not None:
        own = select(Contact.partner_id).where(col(Contact.member_id).in_(references))
        query = query.where(col(Partner.partner_id).in_(own))
    return (await session.exec(query)).all()
