"""Whom or what a partner network means: the organisation or the person that we know already, if any.

Only what is certain counts: the same BRIN or KVK number, the same address.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.members import rules, store
from services.members.inputs import JoinDraft, OrganisationDraft
from services.members.tables import Member, Organisation


async def organisation_like(session: AsyncSession, draft: OrganisationDraft) -> Organisation | None:
    """The organisation that has one of the numbers, locked for a change."""
    found = await store.organisation_with(session, brin=draft.brin, kvk=draft.kvk)
    return await store.organisation(session, found.organisation_id, for_change=True) if found else None


async def member_like(session: AsyncSession, draft: JoinDraft) -> Member | None:
    """Who has the address, locked for a change."""
    return await store.member_with_email(session, rules.email_key(draft.email))
