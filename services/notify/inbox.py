"""What somebody was told, as it is read: in pages, newest first, or after a position, as it comes in."""

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notify.tables import InboxItem


async def page(session: AsyncSession, member_id: str, cursor: str | None, limit: int) -> list[InboxItem]:
    """A member's items, newest first."""
    query = select(InboxItem).where(InboxItem.member_id == member_id)
    if cursor is not None:
        query = query.where(InboxItem.item_id < cursor)
    return list(await session.exec(query.order_by(col(InboxItem.item_id).desc()).limit(limit)))


async def after(session: AsyncSession, member_id: str, position: int, limit: int) -> list[InboxItem]:
    """A member's items after a position, in the order in which they became visible."""
    query = select(InboxItem).where(InboxItem.member_id == member_id, col(InboxItem.position) > position)
    return list(await session.exec(query.order_by(col(InboxItem.position)).limit(limit)))


async def last_position(session: AsyncSession, member_id: str) -> int:
    """The position of a member's newest item; 0 without any."""
    query = select(sa.func.max(InboxItem.position)).where(InboxItem.member_id == member_id)
    return (await session.exec(query)).one() or 0


async def item(session: AsyncSession, item_id: str, member_id: str) -> InboxItem | None:
    """One item, if it is this member's."""
    query = select(InboxItem).where(InboxItem.item_id == item_id, InboxItem.member_id == member_id)
    return (await session.exec(query)).first()
