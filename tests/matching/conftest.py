"""A running matching service, and the people who ask, offer and bring together. All of them are invented."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from contracts.event import Event, new_id
from contracts.matching import MatchEndorsed, MatchProposed
from contracts.members import (
    AmbassadorAppointed,
    AmbassadorScope,
    NodeTeamJoined,
    OrganisationRegistered,
)
from contracts.places import find_place
from contracts.requests import OfferPlaced, RequestPlaced
from contracts.vocabulary import Kind, Language, OrganisationKind, Side, Status, Theme
from services.matching import overdue
from services.matching.app import service
from services.matching.pairs import Proposition
from services.matching.voices import voice_of
from tests.given import Running, running

ASKER, OFFERER, AMBASSADOR, TEAM = "m-asker", "m-offerer", "m-ambassador", "m-team"
SCHOOL, COMPANY = "o-vechtdal", "o-warmtewerk"


def a_proposition(**changes: Any) -> dict[str, Any]:
    """What every request and offer has, with a place by its name."""
    state = {
        "member_id": ASKER,
        "organisation_id": SCHOOL,
        "kind": Kind.GUEST_LESSON,
        "themes": (Theme.ENERGY_TRANSITION,),
        "title": "Gastles over warmtepompen",
        "text": "Wie vertelt onze installatietechnici hoe een warmtepomp in een oud huis past?",
        "language": Language.DUTCH,
        "place": "Utrecht",
        "status": Status.OPEN,
        "expires_at": datetime.now(UTC) + timedelta(days=90),
    } | changes
    if isinstance(state["place"], str):
        state["place"] = find_place(state["place"])
    return state


def a_request(request_id: str | None = None, *, said: type[Event] = RequestPlaced, **changes: Any) -> Any:
    """A school in Utrecht asks for a guest lesson about heat pumps."""
    return said(request_id=request_id or new_id(), **a_proposition(**changes))


def an_offer(offer_id: str | None = None, *, said: type[Event] = OfferPlaced, **changes: Any) -> Any:
    """A company in Zeist offers a guest lesson about heat pumps."""
    offered = {
        "member_id": OFFERER,
        "organisation_id": COMPANY,
        "title": "Gastles warmtepompen in bestaande huizen",
        "text": "Onze monteur vertelt graag over het installeren van een warmtepomp in een oud huis.",
        "place": "Zeist",
    }
    return said(offer_id=offer_id or new_id(), **a_proposition(**(offered | changes)))


def as_proposition(event: Any) -> Proposition:
    """What the rules look at of an event."""
    plain = {"member_id", "organisation_id", "kind", "themes", "language", "status", "expires_at", "reach_km"}
    return Proposition(
        side=Side.REQUEST if hasattr(event, "request_id") else Side.OFFER,
        id=event.entity_id,
        place_name=event.place.name,
        province=event.place.province,
        latitude=event.place.latitude,
        longitude=event.place.longitude,
        voice=voice_of(event.title, event.text),
        **event.model_dump(include=plain),
    )


def an_organisation(
    organisation_id: str, name: str, place: str = "Utrecht", version: int = 1
) -> OrganisationRegistered:
    """An organisation of this name."""
    return OrganisationRegistered(
        organisation_id=organisation_id,
        version=version,
        kind=OrganisationKind.SCHOOL,
        name=name,
        place=find_place(place),
    )


def appointed(member_id: str = AMBASSADOR, version: int = 2, **scope: Any) -> AmbassadorAppointed:
    """An ambassador with a scope, the province of Utrecht unless told otherwise."""
    return AmbassadorAppointed(
        member_id=member_id, version=version, scope=AmbassadorScope(**(scope or {"provinces": ("Utrecht",)}))
    )


def in_team(member_id: str = TEAM, version: int = 2) -> NodeTeamJoined:
    """Somebody of the node's team."""
    return NodeTeamJoined(member_id=member_id, version=version)


SCHOOL_AND_COMPANY = (
    an_organisation(SCHOOL, "ROC Vechtdal"),
    an_organisation(COMPANY, "Warmtewerk BV", "Zeist"),
)


@dataclass
class Matching:
    """The service, in the words of these tests."""

    running: Running

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    @property
    def asker(self) -> httpx.AsyncClient:
        """Who asks."""
        return self.running.http_as(ASKER)

    @property
    def offerer(self) -> httpx.AsyncClient:
        """Who offers."""
        return self.running.http_as(OFFERER)

    def ambassador(self, member_id: str = AMBASSADOR) -> httpx.AsyncClient:
        """An ambassador."""
        return self.running.http_as(member_id, roles=("ambassador",))

    def team(self, member_id: str = TEAM) -> httpx.AsyncClient:
        """Somebody of the node's team."""
        return self.running.http_as(member_id, roles=("node-team",))

    async def proposed(self, *events: Event) -> MatchProposed:
        """A request and an offer are here, and their match waits for the ambassador."""
        await self.running.when(*SCHOOL_AND_COMPANY, in_team(), appointed())
        await self.running.when(*(events or (a_request(), an_offer())))
        (match,) = await self.running.said(MatchProposed)
        await self.running.given()
        return match

    async def endorsed(self, *events: Event) -> MatchEndorsed:
        """The ambassador saw a fit: both sides are asked."""
        match = await self.proposed(*events)
        answer = await self.ambassador().post(f"/v1/matches/{match.match_id}/endorse")
        assert answer.status_code == 200, answer.text
        (endorsed,) = await self.running.said(MatchEndorsed)
        await self.running.given()
        return endorsed

    def hours_until(self, moment: datetime) -> int:
        """How long it is until then."""
        return round((moment - self.clock()) / timedelta(hours=1))

    async def later(self, **passed: float) -> list[Event]:
        """So much time passes, and the service looks for whom it has become time; returns what it has said since."""
        self.running.clock.move(**passed)
        await overdue.look(self.running.service)
        await self.running.quiet()
        return [event for _, event in await self.running.envelopes()]

    async def states(self) -> dict[tuple[str, str], str]:
        """The state of every match, by its request and offer; more than one match of a pair is no dictionary."""
        async with self.running.service.engine.connect() as connection:
            rows = (await connection.execute(text("SELECT request_id, offer_id, state FROM match"))).all()
        found = {(row.request_id, row.offer_id): row.state for row in rows}
        assert len(found) == len(rows), "a pair has more than one match"
        return found


@pytest.fixture(scope="session")
async def started(postgres: Any, nats: Any) -> AsyncIterator[Running]:
    """One service for all tests of this folder: by words, kind, theme and distance, the model has tests of its own."""
    async with running(service, postgres, nats, embedding_model="none", overdue_seconds=3600) as here:
        yield here


@pytest.fixture
async def matching(started: Running) -> AsyncIterator[Matching]:
    """Matching that knows nothing yet; a test that leaves a dead letter has failed."""
    await started.begin()
    yield Matching(started)
    await started.quiet()
    assert [letter.headers for letter in await started.dead_letters()] == []


@pytest.fixture
async def around(matching: Matching) -> Matching:
    """A node with two organisations, an ambassador and a team."""
    await matching.given(*SCHOOL_AND_COMPANY, appointed(), in_team())
    return matching


def slug(answer: httpx.Response) -> str:
    """The stable name of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    found = re.search(r"/problems/([a-z-]+)$", answer.json()["type"])
    assert found
    return found[1]
