"""Organisations: who takes part, found by anybody. They change in `changing_organisations`."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import (
    Command,
    FieldErrors,
    Now,
    Page,
    Paging,
    ReadSession,
    Reply,
    SignedIn,
    say,
)
from chassis.places import place_called
from contracts.event import new_id
from contracts.members import OrganisationRegistered, Place
from contracts.networks import apart
from contracts.places import suggest
from contracts.vocabulary import OrganisationKind
from services.members import rules, said, store
from services.members.inputs import OrganisationChange, OrganisationDraft
from services.members.leading import group_of
from services.members.rules import OrganisationExists
from services.members.saying import FIELDS, HERE
from services.members.tables import Organisation
from services.members.views import OrganisationView

router = APIRouter(prefix="/v1", tags=["organisations"])


@router.post("/organisations", status_code=201, response_model=OrganisationView)
async def register_organisation(draft: OrganisationDraft, who: SignedIn, now: Now, command: Command) -> Response:
    """An organisation takes part from now on; its number may not be taken."""

    async def register_it(session: AsyncSession) -> Reply:
        organisation = await register(session, draft, now)
        return Reply(
            OrganisationView.of(organisation),
            status=201,
            location=f"/v1/organisations/{organisation.organisation_id}",
            version=organisation.version,
        )

    return await command(register_it)


@router.get("/organisations", response_model=Page[OrganisationView])
async def find_organisations(
    session: ReadSession,
    paging: Paging,
    q: Annotated[str | None, Query(max_length=100, description="A part of the name.")] = None,
    kind: OrganisationKind | None = None,
    place: Annotated[str | None, Query(max_length=100)] = None,
    province: Annotated[str | None, Query(max_length=100)] = None,
) -> Page[OrganisationView]:
    """Organisations, the newest first."""
    found = await store.organisations(session, paging, q=q, kind=kind, place=_place_asked(place, province))
    return Page.of([OrganisationView.of(o) for o in found], paging, key=lambda view: view.organisation_id)


@router.get("/organisations/{organisation_id}", response_model=OrganisationView)
async def show_organisation(organisation_id: str, session: ReadSession, response: Response) -> OrganisationView:
    """One organisation."""
    organisation = await store.organisation(session, organisation_id)
    response.headers["ETag"] = f'"{organisation.version}"'
    return OrganisationView.of(organisation)


@router.get("/places", response_model=list[Place])
async def suggest_places(
    q: Annotated[str, Query(min_length=1, max_length=64, description="What was typed so far.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 10,
) -> tuple[Place, ...]:
    """Places whose name begins like this, the largest first: help while typing."""
    return suggest(q, limit)


async def register(
    session: AsyncSession,
    draft: OrganisationDraft,
    now: datetime,
    *,
    network: str = HERE,
    record: str = HERE,
    website: str | None = None,
) -> Organisation:
    """Registers an organisation, as a record of `network` says it is.

    Raises `OrganisationExists` when its number is taken.
    """
    await _check_number_is_free(session, draft.brin, draft.kvk)
    place = draft.place.found()
    organisation = Organisation(
        organisation_id=new_id(),
        version=1,
        kind=draft.kind,
        name=draft.name,
        place_name=place.name,
        province=place.province,
        latitude=place.latitude,
        longitude=place.longitude,
        brin=draft.brin,
        kvk=draft.kvk,
        website=website,
        networks=list(draft.networks),
        registered_at=now,
        same_keys=[],
    )
    session.add(organisation)
    fields = {name: getattr(organisation, name) for name in FIELDS}
    await said.keep(session, organisation, network, fields, now, record=record)
    await said.make_anew(session, organisation)
    say(session, OrganisationRegistered(**state(organisation)))
    return organisation


async def apply(
    session: AsyncSession,
    organisation: Organisation,
    change: OrganisationChange,
    now: datetime,
    *,
    network: str = HERE,
    record: str = HERE,
) -> None:
    """Changes what is given, as a record of `network` says it is, and leaves the rest; raises `OrganisationExists`.

    Who calls it held the numbers that are given before the organisation.
    """
    given = {name: getattr(change, name) for name in change.model_fields_set}
    brin, kvk = given.get("brin", organisation.brin), given.get("kvk", organisation.kvk)
    if errors := rules.number_errors(OrganisationKind(organisation.kind), brin, kvk):
        raise FieldErrors(errors.items())
    await _check_number_is_free(session, given.get("brin"), given.get("kvk"), but_for=organisation)
    if place := given.get("place"):
        given["place"] = place.found()
    await said.keep(session, organisation, network, given, now, record=record)
    await said.make_anew(session, organisation)
    organisation.version += 1


async def hold_numbers(session: AsyncSession, brin: str | None, kvk: str | None) -> None:
    """Waits until no other transaction gives an organisation one of these numbers."""
    for number in sorted(filter(None, (brin, kvk))):
        await store.one_at_a_time(session, f"organisation {number}")


async def _check_number_is_free(
    session: AsyncSession, brin: str | None, kvk: str | None, *, but_for: Organisation | None = None
) -> None:
    await hold_numbers(session, brin, kvk)
    taken_by = await store.organisation_with(session, brin=brin, kvk=kvk, but_for=but_for)
    if taken_by is not None:
        raise OrganisationExists(organisation_id=taken_by.organisation_id)


async def take_back(session: AsyncSession, organisation: Organisation, network: str, record: str) -> None:
    """A record of a network is no more: the organisation is of that network while another of its records says so.

    Who calls it says that it changed.
    """
    await said.take_back(session, await group_of(session, organisation.organisation_id), network, record)
    await said.make_anew(session, organisation)
    organisation.version += 1


def _place_asked(name: str | None, province: str | None) -> Place | None:
    if name is None:
        return None
    try:
        return place_called(name, province)
    except ValueError as error:
        raise FieldErrors([("place", str(error))]) from None


def state(organisation: Organisation) -> dict[str, object]:
    """The whole state, as every event about an organisation tells it."""
    names = ("organisation_id", "version", "kind", "name", "place", "brin", "kvk")
    return {name: getattr(organisation, name) for name in names} | apart(organisation.networks)
