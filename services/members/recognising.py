"""Whom or what a partner network means: the organisation or the person that we know already, if any.

Only what is certain counts: the same BRIN or KVK number, the same address.
"""

from sqlmodel.ext.asyncio.session import AsyncSession

from services.members import rules, store
from services.members.inputs import JoinDraft, OrganisationDraft
from services.members.rules import AddressOfAnother, MemberStatus
from services.members.sameness import may_share_an_address
from services.members.tables import Member, Organisation


async def organisation_like(session: AsyncSession, draft: OrganisationDraft) -> Organisation | None:
    """The organisation that has one of the numbers, locked for a change."""
    found = await store.organisation_with(session, brin=draft.brin, kvk=draft.kvk)
    return await store.organisation(session, found.organisation_id, for_change=True) if found else None


async def member_like(session: AsyncSession, draft: JoinDraft) -> Member | None:
    """Who has the address, locked for a change; raises `AddressOfAnother` when that is clearly somebody else.

    What somebody filled in and never confirmed tells nothing.
    """
    found = await store.member_with_email(session, rules.email_key(draft.email))
    if found is None or found.status == MemberStatus.UNCONFIRMED:
        return found
    person = await store.member(session, found.member_id)
    if not any(may_share_an_address(name, draft.name, draft.email) for name in (found.name, person.name)):
        raise AddressOfAnother
    return found
