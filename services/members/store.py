"""The questions asked of the tables of members."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.paging import PageAsked
from contracts.members import Place
from contracts.vocabulary import OrganisationKind
from services.members.rules import (
    ErasureNotFound,
    LastOfNodeTeam,
    MemberNotFound,
    MemberStatus,
    OrganisationNotFound,
)
from services.members.tables import (
    Affiliation,
    Ambassador,
    Consent,
    Erasure,
    ErasurePart,
    Member,
    Organisation,
    SealedContact,
    SignInLink,
    Table,
)

__all__ = ["Table"]


async def one_at_a_time(session: AsyncSession, what: str) -> None:
    """Waits until no other transaction is busy with the same thing, such as one email address or BRIN number."""
    await session.exec(select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(what, 0))))


async def organisation(session: AsyncSession, organisation_id: str, *, for_change: bool = False) -> Organisation:
    """The organisation that an id leads to, itself unless it was merged; raises `OrganisationNotFound`."""
    found = await _one(session, select(Organisation).where(Organisation.organisation_id == organisation_id), for_change)
    if found is None:
        raise OrganisationNotFound
    return found if found.merged_into is None else await organisation(session, found.leads_to, for_change=for_change)


async def organisation_with(
    session: AsyncSession, *, brin: str | None, kvk: str | None, but_for: Organisation | None = None
) -> Organisation | None:
    """The (other) organisation that has one of these numbers."""
    numbers = ((Organisation.brin, brin), (Organisation.kvk, kvk))
    same = [col(column) == number for column, number in numbers if number]
    query = select(Organisation).where(sa.or_(sa.false(), *same)).limit(1)
    if but_for is not None:
        query = query.where(Organisation.organisation_id != but_for.organisation_id)
    return (await session.exec(query)).first()


async def organisations(
    session: AsyncSession, paging: PageAsked, *, q: str | None, kind: OrganisationKind | None, place: Place | None
) -> list[Organisation]:
    """Organisations newest first, narrowed by a part of the name, the kind and the place; one more than a page."""
    query = select(Organisation).order_by(col(Organisation.organisation_id).desc()).limit(paging.limit + 1)
    query = query.where(col(Organisation.merged_into).is_(None))
    if paging.cursor:
        query = query.where(Organisation.organisation_id < paging.cursor)
    if q:
        query = query.where(col(Organisation.name).icontains(q, autoescape=True))
    if kind:
        query = query.where(Organisation.kind == kind)
    if place:
        query = query.where(Organisation.place_name == place.name, Organisation.province == place.province)
    return list((await session.exec(query)).all())


async def organisations_of(session: AsyncSession, member_id: str) -> list[tuple[Affiliation, Organisation]]:
    """A member's affiliations with the organisations that they lead to, each once, the first one first."""
    told = aliased(Organisation)
    query = (
        select(Affiliation, Organisation)
        .join(told, col(told.organisation_id) == Affiliation.organisation_id)
        .join(Organisation, col(Organisation.organisation_id) == sa.func.coalesce(told.leads_to, told.organisation_id))
        .where(Affiliation.member_id == member_id)
        .order_by(Affiliation.affiliation_id)
    )
    found: dict[str, tuple[Affiliation, Organisation]] = {}
    for affiliation, stays in (await session.exec(query)).all():
        found.setdefault(stays.organisation_id, (affiliation, stays))
    return list(found.values())


async def known_organisation_ids(session: AsyncSession, organisation_ids: Collection[str]) -> set[str]:
    """Which of the ids are an organisation's."""
    query = select(Organisation.organisation_id).where(col(Organisation.organisation_id).in_(organisation_ids))
    return set((await session.exec(query)).all())


async def partners_called(session: AsyncSession, name: str) -> Sequence[Organisation]:
    """The partner organisations with this name, the first one first."""
    query = select(Organisation).where(Organisation.kind == OrganisationKind.PARTNER, Organisation.name == name)
    return (await session.exec(query.order_by(Organisation.organisation_id))).all()


async def find_member(session: AsyncSession, member_id: str) -> Member | None:
    """The member, locked for a change, or none."""
    found: Member | None = await _one(session, select(Member).where(Member.member_id == member_id), for_change=True)
    return found


async def member(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member:
    """The member, confirmed or not; raises `MemberNotFound`."""
    found = await _one(session, select(Member).where(Member.member_id == member_id), for_change)
    if found is None:
        raise MemberNotFound
    return found


async def active_member(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member:
    """The member who takes part now; raises `MemberNotFound`."""
    found = await member(session, member_id, for_change=for_change)
    if found.status != MemberStatus.ACTIVE:
        raise MemberNotFound
    return found


async def member_with_email(session: AsyncSession, email_key: str) -> Member | None:
    """Who has this address."""
    return await _one(session, select(Member).where(Member.email_key == email_key), for_change=True)


async def is_taken(session: AsyncSession, email_key: str) -> bool:
    """Whether somebody has this address."""
    return (await session.exec(select(Member.member_id).where(Member.email_key == email_key))).first() is not None


async def ambassador(session: AsyncSession, member_id: str) -> Ambassador | None:
    """The appointment of a member."""
    return (await session.exec(select(Ambassador).where(Ambassador.member_id == member_id))).first()


async def ambassadors(session: AsyncSession, paging: PageAsked) -> list[tuple[Ambassador, Member]]:
    """Ambassadors with who they are, the newest member first; one more than a page."""
    query = (
        select(Ambassador, Member)
        .join(Member, col(Member.member_id) == Ambassador.member_id)
        .order_by(col(Ambassador.member_id).desc())
        .limit(paging.limit + 1)
    )
    if paging.cursor:
        query = query.where(Ambassador.member_id < paging.cursor)
    return list((await session.exec(query)).all())


async def check_not_last_of_node_team(session: AsyncSession) -> None:
    """Refuses to let the last one of the node's team go; who else goes at this moment is awaited."""
    await one_at_a_time(session, "node team")
    if (await session.exec(select(sa.func.count()).select_from(Member).where(col(Member.node_team)))).one() < 2:
        raise LastOfNodeTeam


async def links_since(session: AsyncSession, member_id: str, since: datetime) -> int:
    """How many links were asked for a member since then."""
    query = select(sa.func.count()).where(SignInLink.member_id == member_id, SignInLink.created_at > since)
    return (await session.exec(query)).one()


async def newest_link(session: AsyncSession, member_id: str) -> SignInLink | None:
    """The link that was asked for last."""
    newest = col(SignInLink.sign_in_id).desc()
    return (await session.exec(select(SignInLink).where(SignInLink.member_id == member_id).order_by(newest))).first()


async def link_with(session: AsyncSession, token_hash: bytes) -> SignInLink | None:
    """The link of a token, as it stands now."""
    query = select(SignInLink).where(SignInLink.token_hash == token_hash)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def drop_links(session: AsyncSession, member_id: str) -> None:
    """No link that was mailed to a member so far works any more."""
    await session.exec(sa.delete(SignInLink).where(col(SignInLink.member_id) == member_id))


async def forget_joining_details(session: AsyncSession, member_id: str) -> None:
    """What was filled in to join is with the member now, and with no link any more."""
    await session.exec(sa.update(SignInLink).where(col(SignInLink.member_id) == member_id).values(joining=None))


async def waits_for_confirmation(session: AsyncSession, member_id: str, now: datetime) -> bool:
    """Whether a link to a new address of a member still works."""
    waiting = (SignInLink.expires_at > now, col(SignInLink.used_at).is_(None), col(SignInLink.new_email).is_not(None))
    return (
        await session.exec(select(SignInLink).where(SignInLink.member_id == member_id, *waiting))
    ).first() is not None


async def remove_person(session: AsyncSession, member_id: str) -> tuple[list[str], dict[str, int]]:
    """Deletes everything about a person; returns the ids of their links, and how many of what was deleted."""
    links = await session.exec(select(SignInLink.sign_in_id).where(SignInLink.member_id == member_id))
    sign_in_ids = list(links.all())
    # The replies to the person's own calls are kept for replay, and may hold what they told of themselves.
    replies = Table.metadata.tables["stored_reply"]
    removed = {}
    for what, theirs in (
        ("affiliations", sa.delete(Affiliation).where(col(Affiliation.member_id) == member_id)),
        ("appointments", sa.delete(Ambassador).where(col(Ambassador.member_id) == member_id)),
        ("consents", sa.delete(Consent).where(col(Consent.member_id) == member_id)),
        ("sign-in-links", sa.delete(SignInLink).where(col(SignInLink.member_id) == member_id)),
        ("stored-replies", sa.delete(replies).where(replies.c.caller == member_id)),
        ("persons", sa.delete(Member).where(col(Member.member_id) == member_id)),
    ):
        removed[what] = (await session.exec(theirs)).rowcount
    return sign_in_ids, removed


async def forget_sealed(session: AsyncSession, member_id: str) -> list[str]:
    """Forgets for which matches a member's contact details went to other nodes; returns the matches."""
    theirs = sa.delete(SealedContact).where(col(SealedContact.member_id) == member_id)
    return list((await session.exec(theirs.returning(col(SealedContact.match_id)))).scalars())


async def erasure(session: AsyncSession, erasure_id: str) -> Erasure:
    """The erasure with this key; raises `ErasureNotFound`."""
    found = (await session.exec(select(Erasure).where(Erasure.erasure_id == erasure_id))).first()
    if found is None:
        raise ErasureNotFound
    return found


async def erasure_of(session: AsyncSession, member_id: str) -> Erasure | None:
    """The erasure of a member."""
    return (await session.exec(select(Erasure).where(Erasure.member_id == member_id))).first()


async def erasure_parts(session: AsyncSession, member_id: str) -> Sequence[ErasurePart]:
    """What each service has told of an erasure."""
    query = select(ErasurePart).where(ErasurePart.member_id == member_id).order_by(ErasurePart.service)
    return (await session.exec(query)).all()


async def keep_erasure_part(
    session: AsyncSession, member_id: str, service: str, removed: dict[str, int], now: datetime
) -> None:
    """Keeps what a service removed; told again, the later telling counts."""
    told = {"removed": removed, "told_at": now}
    insert = pg.insert(ErasurePart).values(member_id=member_id, service=service, **told)
    await session.exec(insert.on_conflict_do_update(index_elements=["member_id", "service"], set_=told))


async def _one(session: AsyncSession, query: Any, for_change: bool) -> Any:
    if for_change:  # as it stands now, and locked: another transaction may have changed what this session has seen
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()
