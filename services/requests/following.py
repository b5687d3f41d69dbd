"""What is asked and offered follows an organisation that is merged into another, and comes back when they part."""

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import leads
from contracts.members import OrganisationMerged, OrganisationParted
from services.requests import rules, telling
from services.requests.tables import Lead, Proposition


async def follow(session: AsyncSession, event: OrganisationMerged) -> None:
    """What was the merged one's is of the one that stays, and knows whose it was."""
    if await leads.note(session, Lead, event.organisation_id, event.version, event.into):
        for proposition in await _where(session, Proposition.organisation_id == event.organisation_id):
            proposition.own_organisation_id = proposition.own_organisation_id or event.organisation_id
            _move(session, proposition, event.into)


async def come_back(session: AsyncSession, event: OrganisationParted) -> None:
    """What was its own before, or was of those that come along, is its own again."""
    if await leads.note(session, Lead, event.organisation_id, event.version, None):
        theirs = col(Proposition.own_organisation_id).in_([event.organisation_id, *event.together])
        for proposition in await _where(session, sa.and_(theirs, col(Proposition.organisation_id) == event.from_id)):
            _move(session, proposition, event.organisation_id)


def _move(session: AsyncSession, proposition: Proposition, organisation_id: str) -> None:
    """Of what stands it is told; what is closed tells nothing new."""
    proposition.organisation_id = organisation_id
    proposition.version += 1
    if proposition.status in rules.STANDING:
        telling.changed(session, proposition)


async def _where(session: AsyncSession, which: Any) -> list[Proposition]:
    query = select(Proposition).where(which).order_by(Proposition.proposition_id).with_for_update()
    return list((await session.exec(query.execution_options(populate_existing=True))).all())
