"""A running partners service, the networks that push to it, and who answers what is told. All of it is invented."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import pytest
from nats.js.errors import NotFoundError

from contracts import members, requests
from contracts.envelope import decode
from contracts.event import Event, new_id
from contracts.partners import PropositionTold, RecordWithdrawn, Thing
from contracts.vocabulary import Network
from services.partners import keys
from services.partners.app import service
from tests.given import Running, running

Told = TypeVar("Told", bound=Event)

SOURCE = {"docenten": "https://docenten.example", "centra": "https://centra.example", "proef": "https://proef.example"}
NETWORK = {"docenten": Network.DUURZAAM_MBO, "centra": Network.KATAPULT, "proef": Network.LEREN_VOOR_MORGEN}

SCHOOL = {"kind": "school", "name": "Vechtdal College", "place": {"name": "Zwolle"}, "brin": "25PJ"}
PERSON = {
    "name": "Noor van der Meer",
    "email": "noor@vechtdal.example",
    "organisation": "school-1",
    "consented_at": "2026-11-01T09:00:00Z",
}
QUESTION = {
    "person": "noor",
    "kind": "guest-lesson",
    "themes": ["energy-transition"],
    "title": "Wie vertelt over warmtepompen?",
    "text": "Onze studenten zoeken iemand uit de praktijk.",
    "place": {"name": "Zwolle"},
}


def an_event(kind: str, subject: str, data: dict[str, Any] | None = None, **attributes: Any) -> dict[str, Any]:
    """A CloudEvent as a partner sends it."""
    return {
        "specversion": "1.0",
        "id": new_id(),
        "source": SOURCE["docenten"],
        "type": f"nl.omdehoek.partner.{kind}.v1",
        "subject": subject,
        "time": datetime.now(UTC).isoformat(),
        "data": data or {},
    } | attributes


@dataclass
class Partners:
    """The service, in the words of these tests."""

    running: Running
    keys: dict[str, keys.Key]

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    async def token(self, partner: str = "docenten") -> str:
        """A token for the partner's key."""
        key = self.keys[partner]
        form = {"grant_type": "client_credentials", "client_id": key.client_id, "client_secret": key.client_secret}
        answer = await self.http.post("/v1/token", data=form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    async def as_partner(self, partner: str = "docenten") -> httpx.AsyncClient:
        """An HTTP client that calls as a partner."""
        return self.running._client({"Authorization": f"Bearer {await self.token(partner)}"})

    async def pushed(self, *events: dict[str, Any], partner: str = "docenten") -> list[dict[str, Any]]:
        """A partner pushes events in a batch; returns the receipts."""
        client = await self.as_partner(partner)
        kind = {"Content-Type": "application/cloudevents-batch+json"}
        answer = await client.post("/v1/events", content=json.dumps(events), headers=kind)
        assert answer.status_code == 202, answer.text
        return list(answer.json()["receipts"])

    async def told_to(self, partner: str = "docenten") -> list[tuple[str, Event]]:
        """What the stream of what partners are told holds for one: the id of each event, and the event."""
        await self.running.quiet()
        js, found = self.service.streams.js, []
        name = self.service.streams.name("to-partner")
        for seq in range(1, (await js.stream_info(name)).state.last_seq + 1):
            try:
                message = await js.get_msg(name, seq)
            except NotFoundError:
                continue
            if message.subject.startswith(f"odh.{self.service.settings.node}.to-partner.{partner}."):
                envelope, event = decode(message.data)
                found.append((envelope.id, event))
        return found

    async def heard_by(self, event_type: type[Told], partner: str = "docenten") -> list[Told]:
        """The events of a type that a partner was told over NATS."""
        return [event for _, event in await self.told_to(partner) if isinstance(event, event_type)]

    async def receipt(self, receipt: dict[str, Any], partner: str = "docenten") -> dict[str, Any]:
        """What became of an event, when all is said."""
        await self.running.quiet()
        client = await self.as_partner(partner)
        return dict((await client.get(f"/v1/receipts/{receipt['receipt_id']}")).json())

    async def accepted(self, told: Event, known_as: str | None = None) -> None:
        """The service whose record it is accepts what was told."""
        is_requests = isinstance(told, PropositionTold) or (
            isinstance(told, RecordWithdrawn) and told.thing in (Thing.REQUEST, Thing.OFFER)
        )
        answer = requests.RecordAccepted if is_requests else members.RecordAccepted
        known = known_as or getattr(told, "known_as", None) or new_id()
        await self.running.when(answer(record_id=told.entity_id, version=told.version, known_as=known))


@pytest.fixture(scope="module")
def partners_settings() -> dict[str, Any]:
    """What the service is set to; a file of tests may say otherwise."""
    return {}


@pytest.fixture(scope="module")
async def started(postgres: Any, nats: Any, partners_settings: dict[str, Any]) -> AsyncIterator[Running]:
    """One service for all tests of a file."""
    async with running(service, postgres, nats, **partners_settings) as here:
        yield here


@pytest.fixture
async def partners(started: Running) -> Partners:
    """Partners, with nothing told yet."""
    await started.begin()
    return await with_networks(started)


async def with_networks(started: Running) -> Partners:
    """Partners, with two networks that have a key, and a third that tries things out in a sandbox."""
    made = {}
    async with started.session() as session:
        for name, source in SOURCE.items():
            is_trial = name == "proef"
            made[name] = await keys.add(session, name, NETWORK[name], source, datetime.now(UTC), sandbox=is_trial)
        await session.commit()
    return Partners(started, made)
