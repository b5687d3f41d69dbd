"""Makes what is shown of a pair: both records, who said what of each, and what was decided."""

from collections.abc import Iterable
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.members import person_said, persons, rules, said, store, views
from services.members.pairs import Pair, PairStatus
from services.members.person_said import BELONGS
from services.members.same_tables import Decision, PersonSaying, SamePair, SamePersons
from services.members.same_views import (
    DecisionView,
    PersonSideView,
    SaidView,
    SameOrganisationsView,
    SamePersonsView,
)
from services.members.saying import Said
from services.members.tables import Affiliation, Ambassador, Member, Organisation
from services.members.views import OrganisationView


async def organisations(session: AsyncSession, pair: SamePair) -> SameOrganisationsView:
    """Two organisations."""
    ids = [pair.first_id, pair.second_id]
    query = select(Organisation).where(col(Organisation.organisation_id).in_(ids))
    found = {one.organisation_id: one for one in (await session.exec(query)).all()}
    told = await said.of(session, ids)
    first, second = (OrganisationView.of(found[one]) for one in ids)
    return SameOrganisationsView(first=first, second=second, **await _of_pair(session, pair, told))


async def members(session: AsyncSession, pair: SamePersons) -> SamePersonsView:
    """Two members, each as they are under their own reference; what they can be reached by is not shown whole."""
    ids = [pair.first_id, pair.second_id]
    told = [await _shown(session, one) for one in await person_said.of(session, ids)]
    first, second = [await _side(session, one) for one in ids]
    return SamePersonsView(first=first, second=second, **await _of_pair(session, pair, told))


async def _of_pair(session: AsyncSession, pair: Pair, told: Iterable[Said]) -> dict[str, Any]:
    told = list(told)
    return {
        "pair_id": pair.pair_id,
        "status": pair.status,
        "agrees": tuple(pair.agrees),
        "first_said": tuple(SaidView.of(one) for one in told if one.entity_id == pair.first_id),
        "second_said": tuple(SaidView.of(one) for one in told if one.entity_id == pair.second_id),
        "found_at": pair.found_at,
        "decided_at": pair.decided_at,
        "by_itself": pair.status == PairStatus.MERGED and pair.decided_by is None,
        "decisions": await _decisions(session, pair),
    }


async def _decisions(session: AsyncSession, pair: Pair) -> tuple[DecisionView, ...]:
    query = select(Decision).where(Decision.pair_id == pair.pair_id).order_by(col(Decision.decision_id).desc())
    decided = (await session.exec(query)).all()
    by = {one.decided_by for one in decided if one.decided_by}
    named = select(Member.member_id, Member.name).where(col(Member.member_id).in_(by))
    names = {row[0]: row[1] for row in (await session.exec(named)).all()}
    return tuple(
        DecisionView(what=one.what, by=one.decided_by and names.get(one.decided_by, "?"), at=one.decided_at)
        for one in decided
    )


async def _side(session: AsyncSession, member_id: str) -> PersonSideView:
    member = await persons.membership(session, member_id)
    assert member is not None, "a pair goes with whoever of it is erased"
    query = select(Affiliation.organisation_id).where(Affiliation.member_id == member_id)
    own = (await session.exec(query.order_by(Affiliation.affiliation_id))).all()
    names = [(await store.organisation(session, one)).name for one in own]
    return PersonSideView(
        member_id=member_id,
        name=member.name,
        email=rules.email_shown(member.email),
        confirmed=member.verified_at is not None,
        phone=member.phone and rules.phone_shown(member.phone),
        language=member.language,
        organisations=tuple(dict.fromkeys(names)),
        networks=tuple(member.networks),
        roles=views.roles(member, await session.get(Ambassador, member_id)),
        since=member.joined_at or member.first_seen_at,
    )


async def _shown(session: AsyncSession, said: PersonSaying) -> Said:
    field, value = said.field, said.value
    if field == "email" and value:
        value = rules.email_shown(value)
    elif field == "phone" and value:
        value = rules.phone_shown(value)
    elif field.startswith(BELONGS):
        of = await store.organisation(session, field.removeprefix(BELONGS))
        field, value = "organisation", f"{of.name} ({value})" if value else of.name
    return Said(said.member_id, said.network, field, value, said.said_at)
