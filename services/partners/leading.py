"""Which organisation one leads to that was merged into another, as far as was heard."""

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import leads, locks
from chassis.leads import Leading
from contracts.partners import Thing
from services.partners.tables import Record, Table


class Lead(Leading, Table, table=True):
    """Where an organisation that was merged leads to."""

    __tablename__ = "lead"
    __table_args__ = (sa.Index("ix_lead_into", "into"),)


async def one_at_a_time(session: AsyncSession, organisation_id: str) -> None:
    """Waits until nobody else notes as which organisation a record is known, or tells of where that leads."""
    await locks.one_at_a_time(session, f"lead {organisation_id}")


async def note(session: AsyncSession, organisation_id: str, version: int, into: str | None) -> bool:
    """Notes where it leads; whether this is newer than what was heard of it.

    Of several only one goes on: else a record could miss the second of two steps.
    """
    await one_at_a_time(session, "")
    return await leads.note(session, Lead, organisation_id, version, into)


async def told_as(session: AsyncSession, organisation_id: str) -> list[Record]:
    """What partners tell of an organisation and of those that lead to it, locked for a change."""
    group, layer = {organisation_id}, [organisation_id]
    while layer:
        found = (await session.exec(select(Lead.organisation_id).where(col(Lead.into).in_(layer)))).all()
        layer = sorted(set(found) - group)
        group.update(layer)
    for each in sorted(group):
        await one_at_a_time(session, each)
    query = select(Record).where(Record.thing == Thing.ORGANISATION, col(Record.known_as).in_(group))
    query = query.where(col(Record.withdrawn).is_(False), col(Record.subject).is_not(None)).order_by(Record.record_id)
    query = query.with_for_update().execution_options(populate_existing=True)
    return list((await session.exec(query)).all())
