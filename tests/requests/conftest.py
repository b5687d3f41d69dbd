"""A running requests service, and the people who ask and offer. All of them are invented."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from contracts.event import new_id
from contracts.matching import IntroductionMade, Party
from contracts.members import AmbassadorScope
from contracts.vocabulary import Kind
from services.requests.app import service
from tests.given import Running, running

#: Noor teaches at a school; Sem has a company.
ORGANISATION = {"noor": "vechtdal", "sem": "warmtewerk"}


def a_request(**changes: Any) -> dict[str, Any]:
    """What somebody fills in to ask."""
    return {
        "kind": "internship",
        "themes": ["circular-economy"],
        "title": "Stage in een circulaire werkplaats",
        "text": "Vier studenten zoeken een bedrijf dat hen laat meewerken aan hergebruik van warmtepompen.",
        "place": {"name": "Utrecht"},
        "reach_km": 30,
        "participants": 4,
        "mbo_level": 4,
    } | changes


def an_offer(**changes: Any) -> dict[str, Any]:
    """What somebody fills in to offer."""
    return {
        "kind": "guest-lesson",
        "themes": ["energy-transition"],
        "title": "Gastles over warmtepompen",
        "text": "Wij komen graag vertellen hoe een warmtepomp werkt, en nemen er een mee.",
        "place": {"name": "Zeist"},
    } | changes


DRAFTS = {"request": a_request, "offer": an_offer}


@dataclass
class Requests:
    """The service, in the words of these tests."""

    running: Running

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    def member(self, member_id: str) -> httpx.AsyncClient:
        """Somebody who belongs to one organisation."""
        own = ORGANISATION.get(member_id, f"of-{member_id}")
        return self.running.http_as(member_id, organisations=(own,))

    @property
    def noor(self) -> httpx.AsyncClient:
        """Who asks."""
        return self.member("noor")

    @property
    def sem(self) -> httpx.AsyncClient:
        """Who offers."""
        return self.member("sem")

    @property
    def ambassador(self) -> httpx.AsyncClient:
        """Somebody who brings people together."""
        scope = AmbassadorScope(provinces=("Utrecht",))
        return self.running.http_as("amir", roles=("ambassador",), scope=scope, organisations=("netwerk",))

    @property
    def team(self) -> httpx.AsyncClient:
        """Somebody of the node's team."""
        return self.running.http_as("tess", roles=("node-team",), organisations=("netwerk",))

    async def placed(self, side: str = "request", who: str = "noor", **changes: Any) -> dict[str, Any]:
        """Somebody asks or offers something; returns what they see of it, and where it is."""
        answer = await self.member(who).post(f"/v1/{side}s", json=DRAFTS[side](**changes))
        assert answer.status_code == 201, answer.text
        return answer.json() | {"path": answer.headers["location"], "id": answer.json()[f"{side}_id"]}

    async def step(self, placed: dict[str, Any], step: str, who: str = "noor") -> dict[str, Any]:
        """Its member takes a step; returns what they then see."""
        answer = await self.member(who).post(f"{placed['path']}/{step}")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def status(self, placed: dict[str, Any]) -> str:
        """Where a request or an offer is now."""
        (status,) = [row.status for row in await self.rows() if row.proposition_id == placed["id"]]
        return str(status)

    async def rows(self) -> list[Any]:
        """Everything that is kept of requests and offers."""
        from sqlmodel import select

        from services.requests.tables import Proposition

        async with self.running.session() as session:
            return list((await session.exec(select(Proposition).order_by(Proposition.proposition_id))).all())


@pytest.fixture(scope="session")
async def started(postgres: Any, nats: Any) -> AsyncIterator[Running]:
    """One service for all tests of this folder that want it as it is."""
    async with running(service, postgres, nats) as here:
        yield here


@pytest.fixture
async def requests(started: Running) -> Requests:
    """Requests, with nothing asked yet."""
    await started.begin()
    return Requests(started)


@pytest.fixture(scope="session")
async def started_region(postgres: Any, nats: Any) -> AsyncIterator[Running]:
    """The service of a region, for all tests of this folder that want it as it is."""
    async with running(service, postgres, nats, national_node="national") as here:
        yield here


@pytest.fixture
async def region(started_region: Running) -> Requests:
    """Requests of a region, with nothing asked yet."""
    await started_region.begin()
    return Requests(started_region)


@pytest.fixture
async def own_requests(postgres: Any, nats: Any) -> AsyncIterator[Requests]:
    """The service of one test, which does something to it."""
    async with running(service, postgres, nats) as here:
        yield Requests(here)


def an_introduction(
    request: dict[str, Any] | None = None, offer: dict[str, Any] | None = None, match_id: str | None = None
) -> IntroductionMade:
    """Two people said yes to each other."""
    return IntroductionMade(
        match_id=match_id or new_id(),
        request_id=request["id"] if request else new_id(),
        offer_id=offer["id"] if offer else new_id(),
        asker=a_party("noor"),
        offerer=a_party("sem"),
        request_kind=Kind.INTERNSHIP,
        offer_kind=Kind.INTERNSHIP,
        score=0.8,
        reasons=(),
    )


def a_party(member_id: str) -> Party:
    """One side of an introduction."""
    return Party(
        member_id=member_id,
        organisation_id=ORGANISATION[member_id],
        organisation_name=ORGANISATION[member_id].title(),
        place="Utrecht",
        title="Iets",
    )


def wrong_fields(answer: httpx.Response) -> dict[str, str]:
    """The fields that an answer calls wrong, with what it says of each."""
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return {error["field"]: error["message"] for error in answer.json()["errors"]}


def slug(answer: httpx.Response) -> str:
    """The stable name of a problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    found = re.search(r"/problems/([a-z-]+)$", answer.json()["type"])
    assert found
    return found[1]
