"""What somebody was told, as it is read: in pages, newest first, or after a position, as it comes in.

What only a later release can tell is shown, and counts as read, when that release answers.
"""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notify.tables import InboxItem
from services.notify.templates import KNOWN

_IS_KNOWN = col(InboxItem.template).in_(KNOWN)


async def page(session: AsyncSession, references: Sequence[str], cursor: str | None, limit: int) -> list[InboxItem]:
    """A member's items, under all that they are known as, newest first."""
    query = select(InboxItem).where(col(InboxItem.member_id).in_(references), _IS_KNOWN)
    if cursor is not None:
        query = query.where(InboxItem.item_id < cursor)
    return list(await session.exec(query.order_by(col(InboxItem.item_id).desc()).limit(limit)))


async def after(session: AsyncSession, references: Sequence[str], position: int, limit: int) -> list[InboxItem]:
    """A member's items after a position, in the order in which they became visible."""
    later = col(InboxItem.position) > position
    query = select(InboxItem).where(col(InboxItem.member_id).in_(references), later, _IS_KNOWN)
    return list(await session.exec(query.order_by(col(InboxItem.position)).limit(limit)))


async def last_position(session: AsyncSession, references: Sequence[str]) -> int:
    """The position of a member's newest item; 0 without any."""
    query = select(sa.func.max(InboxItem.position)).where(col(InboxItem.member_id).in_(references))
    return (await session.exec(query)).one() or 0


async def read_up_to(session: AsyncSession, item_id: str, references: Sequence[str], now: datetime) -> None:
    """A member has read an item and what came before it; what was read before keeps its moment.

    An id is made before the commit: of what came later it may be lower, and nobody has seen that yet.
    """
    own, unread = col(InboxItem.member_id).in_(references), col(InboxItem.read_at).is_(None)
    seen = select(InboxItem.position).where(InboxItem.item_id == item_id).scalar_subquery()
    shown = own, unread, _IS_KNOWN, col(InboxItem.position) <= seen
    await session.exec(sa.update(InboxItem).where(*shown).values(read_at=now))


async def item(session: AsyncSession, item_id: str, references: Sequence[str]) -> InboxItem | None:
    """One item, if it is this member's."""
    query = select(InboxItem).where(InboxItem.item_id == item_id, col(InboxItem.member_id).in_(references))
    return (await session.exec(query)).first()
