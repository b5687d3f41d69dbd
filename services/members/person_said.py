"""What each network said of the persons, record by record and field by field, and the state that follows from it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.members import persons, rules, store
from services.members.leading import drop_affiliation, group_of
from services.members.same_tables import PersonSaying
from services.members.sameness import PersonFacts, person_keys
from services.members.saying import HERE, PERSON_FIELDS, Said, person_state
from services.members.tables import Affiliation, Consent, Member

#: Before the id of an organisation that they belong to.
BELONGS = "organisation:"


async def keep(
    session: AsyncSession, member: Member, network: str, record: str, fields: Mapping[str, Any], now: datetime
) -> None:
    """What a network's record says of a person from now on, in place of all that it said before.

    Of the person themselves (`HERE`, without a record) what is given is replaced, and the rest stays.
    """
    await _keep_what_was(session, member)
    if network != HERE:
        await _drop(session, member.member_id, network, record)
    await _write(session, member, network, record, fields, now)


async def take_back(session: AsyncSession, member: Member, network: str, record: str) -> None:
    """A record of a network is no more: what it said does not count, and what the network's others said does."""
    await _keep_what_was(session, member)
    said = [one.field for one in await of(session, [member.member_id], record)]
    before = {field.removeprefix(BELONGS) for field in said if field.startswith(BELONGS)}
    for which in (record, HERE):  # what was told before records were kept
        await _drop(session, member.member_id, network, which)
    await end_what_nobody_says(session, member, before)


async def end_what_nobody_says(session: AsyncSession, member: Member, organisation_ids: set[str]) -> bool:
    """Ends the affiliations that were told and that nobody tells any more; whether there were any."""
    ended = False
    for organisation_id in sorted(organisation_ids):
        stays = await store.organisation(session, organisation_id)
        together = [f"{BELONGS}{one}" for one in await group_of(session, stays.organisation_id)]
        theirs = (PersonSaying.member_id == member.member_id, col(PersonSaying.field).in_(together))
        if (await session.exec(select(PersonSaying.field).where(*theirs).limit(1))).first() is not None:
            continue
        query = select(Affiliation).where(Affiliation.member_id == member.member_id)
        for affiliation in (await session.exec(query)).all():
            own = await store.organisation(session, affiliation.organisation_id)
            if own.organisation_id == stays.organisation_id:
                await drop_affiliation(session, member.member_id, stays.organisation_id)
                ended = True
    return ended


async def belongs_no_more(session: AsyncSession, member_id: str, organisation_ids: list[str]) -> None:
    """Somebody does not say any more themselves that they belong to these; what a network says of it stays."""
    theirs = (col(PersonSaying.member_id) == member_id, col(PersonSaying.network) == HERE)
    said = col(PersonSaying.field).in_([f"{BELONGS}{one}" for one in organisation_ids])
    await session.exec(sa.delete(PersonSaying).where(*theirs, said))


async def of(session: AsyncSession, member_ids: list[str], record: str | None = None) -> list[PersonSaying]:
    """All that was said of these memberships (by one record)."""
    query = select(PersonSaying).where(col(PersonSaying.member_id).in_(member_ids))
    if record is not None:
        query = query.where(PersonSaying.record_id == record)
    order = (PersonSaying.member_id, PersonSaying.network, PersonSaying.record_id, PersonSaying.field)
    return list((await session.exec(query.order_by(*order).execution_options(populate_existing=True))).all())


async def make_anew(session: AsyncSession, person: Member) -> None:
    """The state of a person that stays, from all that was said of them, under whatever reference."""
    told = await of(session, await persons.references_of(session, person.member_id))
    if not told:
        return
    said = [Said(one.member_id, one.network, one.field, one.value, one.said_at) for one in told]
    for name, value in person_state(said, person.member_id).items():
        setattr(person, name, value)


async def faces_of(session: AsyncSession, *people: Member) -> list[frozenset[PersonFacts]]:
    """All that each of some persons who stay is known by; as many questions for one as for a hundred.

    That is each membership, and each record where that tells another name or address. An address that a network tells
    of somebody who followed a link to another one is not proven: who reads it would read what is theirs.
    """
    ids = [person.member_id for person in people]
    own = {one.member_id: one for one in (await session.exec(select(Member).where(persons.is_of(*ids)))).all()}
    belonging = await store.organisations_of_each(session, ids)
    records: dict[tuple[str, str, str], dict[str, Any]] = {}
    for said in await of(session, [*own]):
        records.setdefault((said.member_id, said.network, said.record_id), {})[said.field] = said.value
    found = []
    for person in people:
        memberships = {key: one for key, one in own.items() if person.member_id in (key, one.leads_to)}
        at, proven = belonging[person.member_id], any(one.verified_at for one in memberships.values())
        faces = {
            PersonFacts(name, one.email, one.phone, at)
            for one in memberships.values()
            for name in (person.name, one.name)
        }
        for (member_id, _, _), fields in records.items():
            if member := memberships.get(member_id):
                email = fields.get("email") or member.email
                is_own = rules.email_key(email) == member.email_key
                name = fields.get("name") or member.name
                faces.add(PersonFacts(name, email, fields.get("phone"), at, is_own or not proven))
        found.append(frozenset(faces))
    return found


def keys_of(faces: frozenset[PersonFacts]) -> list[str]:
    """What a person is found by."""
    return sorted(frozenset().union(*(person_keys(face) for face in faces)))


async def has_agreed(session: AsyncSession, member_ids: list[str]) -> bool:
    """Whether somebody agreed to the terms themselves, and not only with a partner network."""
    own = (col(Consent.member_id).in_(member_ids), col(Consent.terms_version).not_like("partner %"))
    return (await session.exec(select(Consent.consent_id).where(*own))).first() is not None


async def _keep_what_was(session: AsyncSession, member: Member) -> None:
    """What a release before this one knew was said here, or by the networks that brought somebody in."""
    known = select(PersonSaying.field).where(PersonSaying.member_id == member.member_id).limit(1)
    if member.status == rules.MemberStatus.UNCONFIRMED or (await session.exec(known)).first() is not None:
        return
    here = not member.networks or await has_agreed(session, [member.member_id])
    fields = {name: getattr(member, name) for name in PERSON_FIELDS if here or name != "networks"}
    query = select(Affiliation).where(Affiliation.member_id == member.member_id)
    fields |= {f"{BELONGS}{one.organisation_id}": one.role for one in (await session.exec(query)).all()}
    at = member.joined_at or member.first_seen_at
    for network in [HERE] if here else member.networks:
        await _write(session, member, network, HERE, fields, at)


async def _drop(session: AsyncSession, member_id: str, network: str, record: str) -> None:
    theirs = (col(PersonSaying.member_id) == member_id, col(PersonSaying.network) == network)
    await session.exec(sa.delete(PersonSaying).where(*theirs, col(PersonSaying.record_id) == record))


async def _write(
    session: AsyncSession, member: Member, network: str, record: str, fields: Mapping[str, Any], now: datetime
) -> None:
    which = {"member_id": member.member_id, "network": network, "record_id": record, "said_at": now}
    rows = [which | {"field": field, "value": _plain(value)} for field, value in fields.items()]
    if not rows:
        return
    insert = pg.insert(PersonSaying).values(rows)
    newer = {"value": insert.excluded.value, "said_at": insert.excluded.said_at}
    keys = ["member_id", "record_id", "network", "field"]
    await session.exec(insert.on_conflict_do_update(index_elements=keys, set_=newer))


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, (list, tuple)) else value
