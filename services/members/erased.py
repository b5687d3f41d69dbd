"""The questions asked of the tables when somebody is forgotten."""

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic_core import to_json
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from services.members import invitations
from services.members.rules import ErasureNotFound, is_complete
from services.members.same_tables import PersonSaying, SamePersons
from services.members.tables import (
    Affiliation,
    Ambassador,
    Consent,
    Erasure,
    ErasurePart,
    Member,
    SealedContact,
    SignInLink,
)


async def remove_person(session: AsyncSession, member_id: str) -> tuple[list[str], dict[str, int]]:
    """Deletes everything under one reference; returns the ids of links and invitations, and how many of what went."""
    links = await session.exec(select(SignInLink.sign_in_id).where(SignInLink.member_id == member_id))
    sign_in_ids = list(links.all())
    first, second = col(SamePersons.first_id), col(SamePersons.second_id)
    led = sa.or_(col(Member.merged_into) == member_id, col(Member.leads_to) == member_id)
    await session.exec(sa.update(Member).where(led).values(merged_into=None, leads_to=None))
    known = await session.get(Member, member_id)
    invitation_ids = await invitations.forget(session, member_id, known.email_key if known else None)
    removed = {"invitations": len(invitation_ids)}
    for what, theirs in (
        ("sayings", sa.delete(PersonSaying).where(col(PersonSaying.member_id) == member_id)),
        ("pairs", sa.delete(SamePersons).where(sa.or_(first == member_id, second == member_id))),
        ("affiliations", sa.delete(Affiliation).where(col(Affiliation.member_id) == member_id)),
        ("appointments", sa.delete(Ambassador).where(col(Ambassador.member_id) == member_id)),
        ("consents", sa.delete(Consent).where(col(Consent.member_id) == member_id)),
        ("sign-in-links", sa.delete(SignInLink).where(col(SignInLink.member_id) == member_id)),
        ("persons", sa.delete(Member).where(col(Member.member_id) == member_id)),
    ):
        removed[what] = (await session.exec(theirs)).rowcount
    return [*sign_in_ids, *invitation_ids], removed


async def forget_sealed(session: AsyncSession, member_id: str) -> list[str]:
    """Forgets for which matches a member's contact details went to other nodes; returns the matches."""
    theirs = sa.delete(SealedContact).where(col(SealedContact.member_id) == member_id)
    return list((await session.exec(theirs.returning(col(SealedContact.match_id)))).scalars())


async def forget_sealed_for(session: AsyncSession, node: str, other_id: str) -> list[str]:
    """Forgets what was sealed for a member of another node, who was erased there; returns the matches."""
    theirs = (col(SealedContact.node) == node, col(SealedContact.other_id) == other_id)
    return list(
        (await session.exec(sa.delete(SealedContact).where(*theirs).returning(col(SealedContact.match_id)))).scalars()
    )


async def erasure(session: AsyncSession, erasure_id: str) -> Erasure:
    """The erasure with this key; raises `ErasureNotFound`."""
    found = (await session.exec(select(Erasure).where(Erasure.erasure_id == erasure_id))).first()
    if found is None:
        raise ErasureNotFound
    return found


async def erasure_of(session: AsyncSession, member_id: str) -> Erasure | None:
    """The erasure of a member."""
    return (await session.exec(select(Erasure).where(Erasure.member_id == member_id))).first()


async def erased_with(session: AsyncSession, erasure: Erasure) -> list[str]:
    """All references of the person that an erasure tells of."""
    query = select(Erasure.member_id).where(Erasure.together_with == erasure.erasure_id)
    return [erasure.member_id, *(await session.exec(query.order_by(Erasure.member_id))).all()]


async def erasure_parts(session: AsyncSession, member_ids: list[str]) -> Sequence[ErasurePart]:
    """What each service has told of the erasure of these references."""
    query = select(ErasurePart).where(col(ErasurePart.member_id).in_(member_ids))
    return (await session.exec(query.order_by(ErasurePart.service, ErasurePart.member_id))).all()


def incomplete(member_ids: Sequence[str], parts: Sequence[ErasurePart]) -> list[str]:
    """The references of which some service has not told what it removed."""
    return [one for one in member_ids if not is_complete({part.service for part in parts if part.member_id == one})]


_KEEP_PART = sa.text(
    """
    INSERT INTO erasure_part AS known (member_id, service, removed, told_at)
    VALUES (:member_id, :service, CAST(:removed AS jsonb), :now)
    ON CONFLICT (member_id, service) DO UPDATE SET told_at = excluded.told_at, removed = (
        SELECT coalesce(jsonb_object_agg(what, count), '{}') FROM (
            SELECT what, max(CAST(told AS integer)) AS count FROM (
                SELECT * FROM jsonb_each_text(known.removed) UNION ALL SELECT * FROM jsonb_each_text(excluded.removed)
            ) AS told (what, told) GROUP BY what
        ) AS most)
    """
)


async def keep_erasure_part(
    session: AsyncSession, member_id: str, service: str, removed: dict[str, int], now: datetime
) -> None:
    """Keeps what a service removed. Told again, as of what came late, it takes nothing from what was told before."""
    part = {"member_id": member_id, "service": service, "removed": to_json(removed).decode(), "now": now}
    await run(session, _KEEP_PART, part)
