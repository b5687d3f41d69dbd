"""What each network said of the organisations, kept field by field, and the state that follows from it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.members import Place
from contracts.vocabulary import OrganisationKind
from services.members import store
from services.members.leading import group_of
from services.members.same_tables import OrganisationRecord, Saying
from services.members.sameness import OrganisationFacts, organisation_keys
from services.members.saying import FIELDS, HERE, Said, state
from services.members.tables import Organisation


async def keep(
    session: AsyncSession,
    organisation: Organisation,
    network: str,
    fields: Mapping[str, Any],
    now: datetime,
    *,
    record: str = HERE,
) -> None:
    """A network says something of an organisation from now on; `HERE` is who is here. What it said before it replaces.

    It says so in one of its records, which it may take back by itself.
    What a release before this one wrote was said here, and is kept as such first.
    """
    known = select(Saying.field).where(Saying.entity_id == organisation.organisation_id).limit(1)
    if (await session.exec(known)).first() is None and organisation.same_keys is None:
        own = {name: getattr(organisation, name) for name in FIELDS}
        await _write(session, organisation.organisation_id, HERE, own, organisation.registered_at)
    await _write(session, organisation.organisation_id, network, fields, now)
    if record:
        await _keep_record(session, organisation.organisation_id, network, fields, now, record)


async def take_back(session: AsyncSession, organisation_ids: list[str], network: str, record: str) -> None:
    """A record of a network is no more: what it said of these does not count, and what its other records said does."""
    await session.exec(sa.delete(OrganisationRecord).where(col(OrganisationRecord.record_id) == record))
    theirs = (col(Saying.entity_id).in_(organisation_ids), col(Saying.network) == network)
    await session.exec(sa.delete(Saying).where(*theirs))
    left = (col(OrganisationRecord.organisation_id).in_(organisation_ids), col(OrganisationRecord.network) == network)
    query = (
        select(OrganisationRecord)
        .where(*left)
        .order_by(col(OrganisationRecord.said_at), col(OrganisationRecord.record_id))
    )
    for one in (await session.exec(query)).all():
        fields = {field: value for field, value in one.fields.items() if value is not None}
        await _write(session, one.organisation_id, network, fields, one.said_at)


async def of(session: AsyncSession, organisation_ids: list[str]) -> list[Said]:
    """All that was said of these records."""
    query = select(Saying).where(col(Saying.entity_id).in_(organisation_ids))
    query = query.order_by(Saying.entity_id, Saying.network, Saying.field)
    rows = (await session.exec(query.execution_options(populate_existing=True))).all()
    return [Said(row.entity_id, row.network, row.field, row.value, row.said_at) for row in rows]


async def make_anew(session: AsyncSession, organisation: Organisation) -> None:
    """The state of an organisation that stays, from all that was said of it and of those merged into it."""
    told = await of(session, await group_of(session, organisation.organisation_id))
    found = state(told)
    if place := found.pop("place", None):
        organisation.place = Place.model_validate(place)
    for number in ("brin", "kvk"):  # what nobody's word counted for until now may be another's meanwhile
        asked = {"brin": None, "kvk": None, number: found.get(number)}
        if await store.organisation_with(session, **asked, but_for=organisation):
            found[number] = None
    for name, value in found.items():
        setattr(organisation, name, value)
    organisation.same_keys = sorted(organisation_keys(facts_of(organisation)))


def facts_of(organisation: Organisation) -> OrganisationFacts:
    """What is compared of it."""
    names = ("name", "latitude", "longitude", "brin", "kvk", "website")
    facts = {name: getattr(organisation, name) for name in names}
    return OrganisationFacts(kind=OrganisationKind(organisation.kind), place=organisation.place_name, **facts)


async def _write(
    session: AsyncSession, organisation_id: str, network: str, fields: Mapping[str, Any], now: datetime
) -> None:
    rows = [
        {"entity_id": organisation_id, "network": network, "field": field, "value": _plain(value), "said_at": now}
        for field, value in fields.items()
        if field in FIELDS
    ]
    if not rows:
        return
    insert = pg.insert(Saying).values(rows)
    newer = {"value": insert.excluded.value, "said_at": insert.excluded.said_at}
    await session.exec(insert.on_conflict_do_update(index_elements=["entity_id", "network", "field"], set_=newer))


async def _keep_record(
    session: AsyncSession, organisation_id: str, network: str, fields: Mapping[str, Any], now: datetime, record: str
) -> None:
    """Beside what the same record said of other fields."""
    told = {field: _plain(value) for field, value in fields.items() if field in FIELDS}
    said = {"organisation_id": organisation_id, "network": network, "fields": told, "said_at": now}
    insert = pg.insert(OrganisationRecord).values(record_id=record, **said)
    newer = said | {"fields": col(OrganisationRecord.fields).op("||")(insert.excluded.fields)}
    await session.exec(insert.on_conflict_do_update(index_elements=["record_id"], set_=newer))


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return value.model_dump()
    return list(value) if isinstance(value, (list, tuple)) else value
