"""The table of sessions, and the questions asked of it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from chassis.database import own_tables
from contracts.gateway import SignedOutOfDevice
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
    device: str | None = Field(default=None, sa_type=sa.Text)
    roles: list[str] | None = Field(default=None, sa_type=pg.ARRAY(sa.Text))
    device_id: str | None = Field(default=None, sa_type=sa.Text)  # where the browser may be told things
    went_on_from: bytes | None = Field(default=None, sa_type=sa.LargeBinary)  # the token before, for a moment

    def as_session(self) -> Session:
        """As the rules know it."""
        roles = None if self.roles is None else frozenset(self.roles)
        return Session(self.token_hash, self.member_id, self.seen_at, self.expires_at, roles)


async def session_with(session: AsyncSession, token_hash: bytes) -> Session | None:
    """The session of a token."""
    row = await session.get(SessionRow, token_hash)
    return row.as_session() if row else None


async def note_use(session: AsyncSession, token_hash: bytes, now: datetime) -> None:
    """A session was used."""
    await session.exec(sa.update(SessionRow).where(col(SessionRow.token_hash) == token_hash).values(seen_at=now))


async def end_session(session: AsyncSession, token_hash: bytes, staying: str | None = None) -> list[bytes]:
    """A session is no more, under the token that it went on from or goes on under either; returns what was known of it.

    Of a device that its member is `staying` signed in on, nothing is said.
    """
    # A call may just be having it go on under another token: then that one is there to be seen only after this.
    await session.exec(select(SessionRow.token_hash).where(SessionRow.token_hash == token_hash).with_for_update())
    before = select(col(SessionRow.went_on_from)).where(SessionRow.token_hash == token_hash)
    of_it = (
        col(SessionRow.token_hash) == token_hash,
        col(SessionRow.token_hash) == before.scalar_subquery(),
        col(SessionRow.went_on_from) == token_hash,
    )
    return await _end(session, sa.or_(*of_it), staying)


async def end_sessions_of(
    session: AsyncSession, member_id: str, *, begun_before: datetime | None = None
) -> list[bytes]:
    """No session of a member is left, but for those begun since a moment; returns which there were."""
    theirs = col(SessionRow.member_id) == member_id
    if begun_before is not None:
        theirs &= col(SessionRow.started_at) < begun_before
    return await _end(session, theirs)


async def end_sessions_begun(
    session: AsyncSession, member_id: str, device: str | None, since: datetime, staying: str | None = None
) -> list[bytes]:
    """No session is left that a member began since then on such a device; returns which there were."""
    begun = (
        col(SessionRow.member_id) == member_id,
        col(SessionRow.device).is_not_distinct_from(device),
        col(SessionRow.started_at) > since,
    )
    return await _end(session, sa.and_(*begun), staying)


async def _end(session: AsyncSession, which: Any, staying: str | None = None) -> list[bytes]:
    ending = sa.delete(SessionRow).where(which).returning(col(SessionRow.token_hash), col(SessionRow.device_id))
    ended = (await session.exec(ending)).all()
    for device_id in sorted({row.device_id for row in ended if row.device_id} - {staying}):
        say(session, SignedOutOfDevice(device_id=device_id))
    return [row.token_hash for row in ended]


async def note_device(session: AsyncSession, token_hash: bytes, device_id: str | None) -> None:
    """In which browser a session is, or that it is not told anything any more."""
    this = col(SessionRow.token_hash) == token_hash
    await session.exec(sa.update(SessionRow).where(this).values(device_id=device_id))


async def forget_ended(session: AsyncSession, now: datetime, idle: timedelta) -> None:
    """Removes the sessions that count no more."""
    ended = sa.or_(col(SessionRow.expires_at) <= now, col(SessionRow.seen_at) <= now - idle)
    await session.exec(sa.delete(SessionRow).where(ended))


async def sessions_of(session: AsyncSession, member_id: str) -> int:
    """How many sessions a member has."""
    return (
        await session.exec(select(sa.func.count()).select_from(SessionRow).where(SessionRow.member_id == member_id))
    ).one()


async def live_sessions(
    session: AsyncSession, member_ids: Sequence[str], now: datetime, idle: timedelta
) -> Sequence[SessionRow]:
    """Where a member is signed in, by all that they are known as; what was used last first."""
    theirs = col(SessionRow.member_id).in_(member_ids)
    query = select(SessionRow).where(theirs, SessionRow.expires_at > now, SessionRow.seen_at > now - idle)
    return (await session.exec(query.order_by(col(SessionRow.seen_at).desc()))).all()


async def note_roles(session: AsyncSession, token_hash: bytes, roles: frozenset[str]) -> None:
    """What a member may do, looked at for the first time in a session."""
    unknown = col(SessionRow.token_hash) == token_hash, col(SessionRow.roles).is_(None)
    await session.exec(sa.update(SessionRow).where(*unknown).values(roles=sorted(roles)))


async def turn_over(session: AsyncSession, old: bytes, new: bytes, roles: frozenset[str], until: datetime) -> bool:
    """The session goes on under another token, the old one until a moment; false when somebody else did that."""
    kept = sorted(roles)
    row = (await session.exec(select(SessionRow).where(SessionRow.token_hash == old).with_for_update())).first()
    if row is None or row.roles == kept:
        return False
    session.add(SessionRow(**row.model_dump() | {"token_hash": new, "roles": kept, "went_on_from": old}))
    row.roles, row.expires_at = kept, min(row.expires_at, until)
    session.add(row)
    return True
