"""A person with several memberships: which of them stays, and how the person is reached.

Merging moves nothing. A membership that was merged leads to the one that stays; both keep their reference, their
address and what is kept under that reference, here and in the other services. So parting gives back each as it is.
"""

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem
from chassis.identity import ORGANISATIONS_MAX
from services.members.sameness import address
from services.members.tables import Affiliation, Member


class TooManyAffiliations(
    Problem,
    slug="too-many-affiliations",
    status=409,
    title=f"Nobody belongs to more than {ORGANISATIONS_MAX} organisations: end an affiliation first",
):
    """Where somebody belongs goes with each of their calls, which has no room for more."""


_LONG_AGO = datetime.min.replace(tzinfo=UTC)

#: Which membership one leads to: itself, unless it was merged into another.
leads_to = sa.func.coalesce(Member.leads_to, Member.member_id)


async def find(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member | None:
    """The person that a reference leads to, or none.

    Locked, it is looked at again: the two may have been merged or parted while the lock was waited for.
    """
    stays = await _stays(session, member_id)
    if stays is None:
        return None
    found = await membership(session, stays, for_change=for_change)
    if for_change and await _stays(session, member_id) != stays:
        return await find(session, member_id, for_change=True)
    return found


async def membership(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member | None:
    """The membership with this very reference, merged or not."""
    query = select(Member).where(Member.member_id == member_id)
    if for_change:  # as it stands now: another transaction may have changed what this session has seen
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()


async def references_of(session: AsyncSession, member_id: str) -> list[str]:
    """All references of a person that stays, that one first."""
    query = select(Member.member_id).where(is_of(member_id), Member.member_id != member_id)
    return [member_id, *(await session.exec(query.order_by(Member.member_id))).all()]


async def memberships_of(session: AsyncSession, person: Member) -> list[Member]:
    """The memberships of a person that stays, that one first, locked for a change."""
    query = select(Member).where(Member.leads_to == person.member_id).order_by(Member.member_id).with_for_update()
    merged = (await session.exec(query.execution_options(populate_existing=True))).all()
    return [person, *(one for one in merged if one.member_id != person.member_id)]


async def reached_at(session: AsyncSession, person: Member) -> Member:
    """The membership to whose address a person's mail goes: the one that was proven last, or the one that stays."""
    known = (await session.exec(select(Member).where(is_of(person.member_id)))).all() or [person]
    return max(known, key=lambda one: (one.verified_at or _LONG_AGO, one.member_id == person.member_id))


async def address_of(session: AsyncSession, person: Member) -> str:
    """Where a person's mail goes."""
    return (await reached_at(session, person)).email


async def opens_the_door(session: AsyncSession, member: Member) -> bool:
    """Whether a link to the address of a membership signs in.

    Where another address of the same person was proven, one that only a network told of does not: it may be a slip,
    and who reads it would read what is theirs. The same mailbox with a tag in its address is no other.
    """
    stays = member.leads_to or member.member_id
    others = (await session.exec(select(Member).where(is_of(stays)))).all()
    proven = [one for one in others if one.verified_at]
    return not proven or any(address(one.email) == address(member.email) for one in proven)


async def organisations_told_of(session: AsyncSession, *member_ids: str) -> int:
    """To how many organisations these persons belong together, as it was told: merging or parting those counts not."""
    query = select(sa.func.count(sa.distinct(col(Affiliation.organisation_id))))
    query = query.join(Member, col(Member.member_id) == Affiliation.member_id)
    return (await session.exec(query.where(is_of(*member_ids)))).one()


async def check_room_for_one_more(session: AsyncSession, member: Member) -> None:
    """Somebody has just been given an affiliation: raises `TooManyAffiliations` when that is one too many."""
    stays = member.leads_to or member.member_id
    if await organisations_told_of(session, stays) > ORGANISATIONS_MAX:
        raise TooManyAffiliations


def is_of(*member_ids: str) -> Any:
    """The condition that a membership is one of these that stay, or was merged into one: the indexes find them."""
    return sa.or_(col(Member.member_id).in_(member_ids), col(Member.leads_to).in_(member_ids))


async def _stays(session: AsyncSession, member_id: str) -> str | None:
    found: str | None = (await session.exec(select(leads_to).where(Member.member_id == member_id))).first()
    return found
