"""The questions asked of the tables of members."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.locks import one_at_a_time
from chassis.paging import PageAsked
from contracts.members import Place
from contracts.vocabulary import OrganisationKind
from services.members import persons, same_tables  # noqa: F401  # its tables are of the service too
from services.members.rules import (
    LastOfNodeTeam,
    MemberNotFound,
    MemberStatus,
    OrganisationNotFound,
)
from services.members.tables import (
    Affiliation,
    Ambassador,
    Member,
    Organisation,
    SignInLink,
    Table,
)

__all__ = ["Table", "one_at_a_time"]


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
    """A person's affiliations, under all their references, with the organisations that they lead to, each once."""
    told = aliased(Organisation)
    query = (
        select(Affiliation, Organisation)
        .join(told, col(told.organisation_id) == Affiliation.organisation_id)
        .join(Organisation, col(Organisation.organisation_id) == sa.func.coalesce(told.leads_to, told.organisation_id))
        .where(col(Affiliation.member_id).in_(select(Member.member_id).where(persons.is_of(member_id))))
        .order_by(Affiliation.affiliation_id)
    )
    found: dict[str, tuple[Affiliation, Organisation]] = {}
    for affiliation, stays in (await session.exec(query)).all():
        found.setdefault(stays.organisation_id, (affiliation, stays))
    return list(found.values())


async def organisations_of_each(session: AsyncSession, member_ids: list[str]) -> dict[str, frozenset[str]]:
    """The organisations that each of some persons belongs to, under all their references."""
    organisation = sa.func.coalesce(Organisation.leads_to, Organisation.organisation_id)
    query = (
        select(persons.leads_to, organisation)
        .select_from(Member)
        .join(Affiliation, col(Affiliation.member_id) == Member.member_id)
        .join(Organisation, col(Organisation.organisation_id) == Affiliation.organisation_id)
        .where(persons.is_of(*member_ids))
    )
    found: dict[str, set[str]] = {member_id: set() for member_id in member_ids}
    for member_id, organisation_id in (await session.exec(query)).all():
        found.setdefault(member_id, set()).add(organisation_id)
    return {member_id: frozenset(organisation_ids) for member_id, organisation_ids in found.items()}


async def known_organisation_ids(session: AsyncSession, organisation_ids: Collection[str]) -> set[str]:
    """Which of the ids are an organisation's."""
    query = select(Organisation.organisation_id).where(col(Organisation.organisation_id).in_(organisation_ids))
    return set((await session.exec(query)).all())


async def partners_called(session: AsyncSession, name: str) -> Sequence[Organisation]:
    """The partner organisations with this name, the first one first."""
    query = select(Organisation).where(Organisation.kind == OrganisationKind.PARTNER, Organisation.name == name)
    return (await session.exec(query.order_by(Organisation.organisation_id))).all()


async def partners_of_team(session: AsyncSession) -> Sequence[Organisation]:
    """The partner organisations that somebody of the node's team belongs to, the first one first."""
    of_team = select(Affiliation.organisation_id).join(Member, col(Member.member_id) == Affiliation.member_id)
    belongs = col(Organisation.organisation_id).in_(of_team.where(Member.node_team))
    query = select(Organisation).where(Organisation.kind == OrganisationKind.PARTNER, belongs)
    return (await session.exec(query.order_by(Organisation.organisation_id))).all()


async def find_member(session: AsyncSession, member_id: str) -> Member | None:
    """The member that a reference leads to, locked for a change, or none."""
    return await persons.find(session, member_id, for_change=True)


async def member(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member:
    """The member that a reference leads to, confirmed or not; raises `MemberNotFound`."""
    found = await persons.find(session, member_id, for_change=for_change)
    if found is None:
        raise MemberNotFound
    return found


async def known_member(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member:
    """The member who takes part, or did; raises `MemberNotFound`."""
    found = await member(session, member_id, for_change=for_change)
    if found.status == MemberStatus.UNCONFIRMED:
        raise MemberNotFound
    return found


async def active_member(session: AsyncSession, member_id: str, *, for_change: bool = False) -> Member:
    """The member who takes part now; raises `MemberNotFound`."""
    found = await member(session, member_id, for_change=for_change)
    if found.status != MemberStatus.ACTIVE:
        raise MemberNotFound
    return found


async def member_with_email(session: AsyncSession, email_key: str) -> Member | None:
    """The membership with this address, which may have been merged into another."""
    return await _one(session, select(Member).where(Member.email_key == email_key), for_change=True)


async def is_taken(session: AsyncSession, email_key: str) -> bool:
    """Whether somebody has this address."""
    return (await session.exec(select(Member.member_id).where(Member.email_key == email_key))).first() is not None


async def ambassador(session: AsyncSession, member_id: str) -> Ambassador | None:
    """The appointment of a person, the oldest if they have one under several references."""
    return next(iter(await appointments_of(session, member_id)), None)


async def appointments_of(session: AsyncSession, member_id: str) -> Sequence[Ambassador]:
    """A person's appointments, under all their references."""
    theirs = select(Member.member_id).where(persons.is_of(member_id))
    query = select(Ambassador).where(col(Ambassador.member_id).in_(theirs))
    return (await session.exec(query.order_by(Ambassador.member_id))).all()


async def ambassadors(session: AsyncSession, paging: PageAsked) -> list[tuple[Ambassador, Member]]:
    """Ambassadors with who they are, the newest member first; one more than a page."""
    appointed = aliased(Member)
    query = (
        select(Ambassador, Member)
        .join(appointed, col(appointed.member_id) == Ambassador.member_id)
        .join(Member, col(Member.member_id) == sa.func.coalesce(appointed.leads_to, appointed.member_id))
        .order_by(col(Ambassador.member_id).desc())
        .limit(paging.limit + 1)
    )
    if paging.cursor:
        query = query.where(Ambassador.member_id < paging.cursor)
    return list((await session.exec(query)).all())


async def check_not_last_of_node_team(session: AsyncSession) -> None:
    """Refuses to let the last one of the node's team go; who else goes at this moment is awaited."""
    await one_at_a_time(session, "node team")
    if await team_count(session) < 2:
        raise LastOfNodeTeam


async def team_count(session: AsyncSession) -> int:
    """How many are of the node's team."""
    return (await session.exec(select(sa.func.count()).select_from(Member).where(col(Member.node_team)))).one()


async def links_between(session: AsyncSession, member_id: str, email_key: str, since: datetime, now: datetime) -> int:
    """How many links were asked for a member since then, or for others who want this address as their new one; not
    those that a clock which was ahead wrote down.
    """
    to_it = sa.or_(col(SignInLink.member_id) == member_id, col(SignInLink.new_email_key) == email_key)
    lately = SignInLink.created_at > since, SignInLink.created_at <= now
    query = select(sa.func.count()).where(to_it, *lately)
    return (await session.exec(query)).one()


async def newest_link(session: AsyncSession, member_id: str) -> SignInLink | None:
    """The link that was asked for last."""
    newest = col(SignInLink.sign_in_id).desc()
    return (await session.exec(select(SignInLink).where(SignInLink.member_id == member_id).order_by(newest))).first()


async def link_with(session: AsyncSession, token_hash: bytes) -> SignInLink | None:
    """The link of a token, as it stands now."""
    query = select(SignInLink).where(SignInLink.token_hash == token_hash)
    return (await session.exec(query.execution_options(populate_existing=True))).first()


async def drop_links(session: AsyncSession, member_id: str, but_for: str = "") -> None:
    """No (other) link that was mailed to a member so far works any more."""
    theirs = col(SignInLink.member_id) == member_id, col(SignInLink.sign_in_id) != but_for
    await session.exec(sa.delete(SignInLink).where(*theirs))


async def forget_old_links(session: AsyncSession, before: datetime) -> None:
    """Whoever's they were; but for what was filled in to join, which goes when that lapses."""
    old = select(SignInLink.sign_in_id).where(SignInLink.expires_at <= before, col(SignInLink.joining).is_(None))
    mine = old.with_for_update(skip_locked=True)  # another call may be at the same
    await session.exec(sa.delete(SignInLink).where(col(SignInLink.sign_in_id).in_(mine)))


async def forget_joining_details(session: AsyncSession, member_id: str) -> None:
    """What was filled in to join is with the member now, and with no link any more."""
    await session.exec(sa.update(SignInLink).where(col(SignInLink.member_id) == member_id).values(joining=None))


async def waits_for_confirmation(session: AsyncSession, member_id: str, now: datetime) -> bool:
    """Whether a link to another address of a person still works, under whichever of their references."""
    theirs = col(SignInLink.member_id).in_(select(Member.member_id).where(persons.is_of(member_id)))
    waiting = (SignInLink.expires_at > now, col(SignInLink.used_at).is_(None), col(SignInLink.new_email).is_not(None))
    return (await session.exec(select(SignInLink).where(theirs, *waiting))).first() is not None


async def _one(session: AsyncSession, query: Any, for_change: bool) -> Any:
    if for_change:  # as it stands now, and locked: another transaction may have changed what this session has seen
        query = query.with_for_update().execution_options(populate_existing=True)
    return (await session.exec(query)).first()
