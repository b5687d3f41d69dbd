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
from services.members.same_tables import Saying
from services.members.sameness import OrganisationFacts, organisation_keys
from services.members.saying import FIELDS, HERE, Said, state
from services.members.tables import Organisation


async def keep(
    session: AsyncSession, organisation: Organisation, network: str, fields: Mapping[str, Any], now: datetime
) -> None:
    """A network says something of an organisation from now on; `HERE` is who is here. What it said before it replaces.

    What a release before this one wrote was said here, and is kept as such first.
    """
    known = select(Saying.field).where(Saying.entity_id == organisation.organisation_id).limit(1)
    if (await session.exec(known)).first() is None and organisation.same_keys is None:
        own = {name: getattr(organisation, name) for name in FIELDS}
        await _write(session, organisation.organisation_id, HERE, own, organisation.registered_at)
    await _write(session, organisation.organisation_id, network, fields, now)


async def take_back(session: AsyncSession, organisation_id: str, network: str) -> None:
    """An organisation left a network: nothing of what that one said counts any more, and all that others said does."""
    theirs = (col(Saying.entity_id) == organisation_id, col(Saying.network) == network)
    await session.exec(sa.delete(Saying).where(*theirs))


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


def _plain(value: Any) -> Any:
    if isinstance(value, Place):
        return value.model_dump()
    return list(value) if isinstance(value, (list, tuple)) else value
