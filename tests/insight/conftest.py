"""A running insight of a national node, and what its regions tell. All of it is invented."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from contracts.event import Event, new_id
from contracts.matching import MatchProposed, Party, Reason
from contracts.members import OrganisationRegistered, Place
from contracts.requests import InitiativeStarted, OfferPlaced, RequestPlaced
from contracts.vocabulary import InitiativeStatus, Kind, Language, Network, OrganisationKind, Status, Theme
from services.insight.app import service
from tests.given import Running, fresh_name, running

TOWNS = {
    "Utrecht": Place(name="Utrecht", province="Utrecht", latitude=52.0908, longitude=5.1222),
    "Middelburg": Place(name="Middelburg", province="Zeeland", latitude=51.5, longitude=3.6139),
    "Goes": Place(name="Goes", province="Zeeland", latitude=51.5042, longitude=3.8889),
}
ASKER, OFFERER = "member-who-asks", "member-who-offers"


def _proposition(changes: dict[str, Any]) -> dict[str, Any]:
    told = {
        "member_id": ASKER,
        "organisation_id": "school",
        "kind": Kind.GUEST_LESSON,
        "themes": (Theme.ENERGY_TRANSITION,),
        "title": "Wie vertelt over warmtepompen?",
        "text": "Onze eerstejaars zoeken iemand uit de praktijk.",
        "language": Language.DUTCH,
        "place": "Goes",
        "status": Status.OPEN,
        "expires_at": datetime.now(UTC) + timedelta(days=90),
    } | changes
    return told | {"place": TOWNS[told["place"]]}


def a_request(request_id: str | None = None, *, said: type[Event] = RequestPlaced, **changes: Any) -> Any:
    """A school in Goes asks for a guest lesson about heat pumps."""
    return said(request_id=request_id or new_id(), **_proposition(changes))


def an_offer(offer_id: str | None = None, *, said: type[Event] = OfferPlaced, **changes: Any) -> Any:
    """A company in Middelburg offers one."""
    offered = {"member_id": OFFERER, "organisation_id": "company", "place": "Middelburg"}
    return said(offer_id=offer_id or new_id(), **_proposition(offered | changes))


def a_match(request: Any, offer: Any, *, said: type[Event] = MatchProposed, **changes: Any) -> Any:
    """Both are put beside each other; `asker_node` and `offerer_node` name a side of another node."""
    nodes = {side: changes.pop(f"{side}_node", None) for side in ("asker", "offerer")}
    told = {
        "match_id": f"{request.request_id}-{offer.offer_id}",
        "request_id": request.request_id,
        "offer_id": offer.offer_id,
        "asker": _party(request, nodes["asker"]),
        "offerer": _party(offer, nodes["offerer"]),
        "request_kind": request.kind,
        "offer_kind": offer.kind,
        "score": 0.8,
        "reasons": (Reason(code="distance", value="19.0", weight=0.5),),
    }
    return said(**(told | changes))


def _party(proposition: Any, node: str | None) -> Party:
    return Party(
        member_id=proposition.member_id,
        organisation_id=proposition.organisation_id,
        organisation_name="Scheldemond College",
        place=proposition.place.name,
        title=proposition.title,
        node=node,
    )


def an_organisation(
    organisation_id: str = "school", *, said: type[Event] = OrganisationRegistered, **changes: Any
) -> Any:
    """A school in Goes that belongs to Katapult."""
    told = {
        "organisation_id": organisation_id,
        "kind": OrganisationKind.SCHOOL,
        "name": "Scheldemond College",
        "place": TOWNS["Goes"],
        "networks": (Network.KATAPULT,),
    }
    return said(**(told | changes))


def an_initiative(
    initiative_id: str | None = None, *, said: type[Event] = InitiativeStarted, place: str = "Goes", **changes: Any
) -> Any:
    """A school in Goes and a company do something together."""
    told = {
        "initiative_id": initiative_id or new_id(),
        "request_id": "request",
        "offer_id": "offer",
        "request_organisation_id": "school",
        "offer_organisation_id": "company",
        "kind": Kind.GUEST_LESSON,
        "themes": (Theme.ENERGY_TRANSITION,),
        "place": TOWNS[place],
        "status": InitiativeStatus.RUNNING if said is InitiativeStarted else InitiativeStatus.DONE,
        "version": 2 if said is InitiativeStarted else 4,
    }
    return said(**(told | changes))


class Insight:
    """The service, in the words of these tests."""

    def __init__(self, started: Running) -> None:
        self.running = started
        self.zeeland, self.utrecht = fresh_name("zeeland"), fresh_name("utrecht")

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    @property
    def node(self) -> str:
        """The national node itself."""
        return str(self.running.service.settings.node)

    async def heard(self, region: str, *events: Event) -> None:
        """What a region told has come here and was handled."""
        for event in events:
            await self.running.publish_elsewhere(event, said_by=region)
        await self.running.quiet()

    async def asked(self, what: str, *, roles: tuple[str, ...] = (), **wanted: Any) -> Any:
        """What insight answers a member."""
        answer = await self.running.http_as("somebody", roles=roles).get(f"/v1/insight/{what}", params=wanted)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def exactly(self, what: str, **wanted: Any) -> Any:
        """What it answers the node's team."""
        return await self.asked(what, roles=("node-team",), exact=True, **wanted)


@pytest.fixture(scope="module")
async def started(postgres: Any, nats: Any) -> AsyncIterator[Running]:
    """One service for all tests of a file; each test has regions of its own."""
    name = fresh_name("national")
    async with running(service, postgres, nats, node=name, national_node=name) as started:
        yield started


@pytest.fixture
def insight(started: Running) -> Insight:
    return Insight(started)
