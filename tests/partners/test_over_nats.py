"""The same contract over NATS: once for every source and id, and what cannot be taken in is told."""

import json

from contracts.partners import EventRefused, OrganisationTold
from services.partners.nats_door import DURABLE
from tests.given import eventually
from tests.partners.conftest import SCHOOL, SOURCE, an_event


async def published(partners, body: bytes, partner: str = "docenten") -> None:
    """A partner publishes on its own subject; returns when that was heard."""
    node, js = partners.service.settings.node, partners.service.streams.js
    stream = await eventually(lambda: has_stream(js, f"odh-{node}-partners"), saying="a door")
    await js.publish(f"odh.{node}.partner.{partner}.organisation.1", body)

    async def heard() -> bool:
        info = await js.consumer_info(stream, DURABLE)
        return info.num_pending + info.num_ack_pending == 0

    await eventually(heard, saying="a message that was heard")
    await partners.quiet()


async def has_stream(js, name: str) -> str | None:
    return name if name in [info.config.name for info in await js.streams_info()] else None


async def test_the_same_event_over_nats_and_over_http_counts_once(partners):
    event = an_event("organisation", "school-1", SCHOOL)

    await published(partners, json.dumps(event).encode())
    await partners.pushed(event)

    assert len(await partners.said(OrganisationTold)) == 1


async def test_what_cannot_be_taken_in_is_told_and_stops_nothing(partners):
    for body in (b"{", json.dumps(an_event("organisation", "a", SCHOOL, source=SOURCE["centra"])).encode()):
        await published(partners, body)
    await published(partners, b"{}", partner="nobody")
    await published(partners, json.dumps(an_event("organisation", "school-1", SCHOOL)).encode())

    refused = [event.problem.rpartition("/")[2] for event in await partners.heard_by(EventRefused)]
    assert refused == ["invalid-json", "source-not-yours"]
    assert len(await partners.said(OrganisationTold)) == 1
