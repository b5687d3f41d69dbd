"""The table of sessions, and the questions asked of it."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import own_tables
from services.gateway.rules import Session

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()

Instant = sa.DateTime(timezone=True)


class SessionRow(Table, table=True):
    """A session; only the hash of its token is here."""

    __tablename__ = "session"
    token_hash: bytes = Field(primary_key=True, sa_type=sa.LargeBinary)
    member_id: str = Field(index=True, sa_type=sa.Text)
    started_at: datetime = Field(sa_type=Instant)
    seen_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(index=True, sa_type=Instant)


async def session_with(session: AsyncSession, token_hash: bytes) -> Session | None:
    """The session of a token."""
    row = await session.get(SessionRow, token_hash)
    return Session(row.token_hash, row.member_id, row.seen_at, row.expires_at) if row else None


async def note_use(session: AsyncSession, token_hash: bytes, now: datetime) -> None:
    """A session was used."""
    await session.exec(sa.update(SessionRow).where(col(SessionRow.token_hash) == token_hash).values(seen_at=now))


async def end_session(session: AsyncSession, token_hash: bytes) -> None:
    """A session is no more."""
    await session.exec(sa.delete(SessionRow).where(col(SessionRow.token_hash) == token_hash))


async def end_sessions_of(session: AsyncSession, member_id: str) -> list[bytes]:
    """No session of a member is left; returns which there were."""
    ending = sa.delete(SessionRow).where(col(SessionRow.member_id) == member_id).returning(col(SessionRow.token_hash))
    return [row.token_hash for row in await session.exec(ending)]


async def forget_ended(session: AsyncSession, now: datetime, idle: timedelta) -> None:
    """Removes the sessions that count no more."""
    ended = sa.or_(col(SessionRow.expires_at) <= now, col(SessionRow.seen_at) <= now - idle)
    await session.exec(sa.delete(SessionRow).where(ended))


async def sessions_of(session: AsyncSession, member_id: str) -> int:
    """How many sessions a member has."""
    return (
        await session.exec(select(sa.func.count()).select_from(SessionRow).where(SessionRow.member_id == member_id))
    ).one()
