"""Where an organisation's id leads when it was merged into another, for whoever belongs to it or looks after it."""

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.members import AmbassadorScope
from services.members.tables import Affiliation, Ambassador, Organisation

#: Who an organisation leads to: itself, unless it was merged into another.
leads_to = sa.func.coalesce(Organisation.leads_to, Organisation.organisation_id)


async def group_of(session: AsyncSession, organisation_id: str) -> list[str]:
    """An organisation that stays, and all that were merged into it."""
    itself = (col(Organisation.organisation_id) == organisation_id) & col(Organisation.leads_to).is_(None)
    those = itself | (col(Organisation.leads_to) == organisation_id)  # as `leads_to`, in the words of the indexes
    return list((await session.exec(select(Organisation.organisation_id).where(those))).all())


async def drop_affiliation(session: AsyncSession, member_id: str, organisation_id: str) -> None:
    """A membership does not belong to an organisation any more, nor to one that was merged into it."""
    merged = select(Organisation.organisation_id).where(leads_to == organisation_id)
    theirs = (col(Affiliation.member_id) == member_id, col(Affiliation.organisation_id).in_(merged))
    await session.exec(sa.delete(Affiliation).where(*theirs))


async def scope_of(session: AsyncSession, ambassador: Ambassador) -> AmbassadorScope:
    """The scope of an ambassador, with what the organisations in it lead to."""
    query = select(leads_to).where(col(Organisation.organisation_id).in_(ambassador.organisation_ids))
    stays = sorted(set((await session.exec(query)).all()) - set(ambassador.organisation_ids))
    return ambassador.scope.model_copy(update={"organisation_ids": (*ambassador.scope.organisation_ids, *stays)})
