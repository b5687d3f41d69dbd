"""The same contract over NATS: once for every source and id, and what cannot be taken in is told."""

import asyncio
import json
from collections import Counter
from datetime import UTC, datetime

import pytest
from nats.errors import Error as NatsError
from nats.js.api import DiscardPolicy
from nats.js.errors import NotFoundError
from structlog.testing import capture_logs

from chassis.behind import troubles_of
from chassis.database import DatabaseAway
from chassis.figures import figures_of
from contracts.partners import EventRefused, OrganisationTold
from services.partners import keys, nats_door
from services.partners.app import service
from services.partners.nats_door import durable
from tests.given import eventually, running
from tests.partners.conftest import NETWORK, SCHOOL, SOURCE, an_event


async def published(partners, *bodies: bytes, partner: str = "docenten", headers: dict[str, str] | None = None) -> None:
    """A partner publishes on its own subject."""
    node, js = partners.service.settings.node, partners.service.streams.js
    await eventually(lambda: waiting_for(partners, partner), saying="a door")
    for body in bodies:
        await js.publish(f"odh.{node}.partner.{partner}.organisation.1", body, headers=headers)


async def waiting_for(partners, partner: str) -> tuple[int] | None:
    """How many messages of a partner were not taken in yet, in a tuple; none when there is no door."""
    try:
        stream = f"odh-{partners.service.settings.node}-partners"
        info = await partners.service.streams.js.consumer_info(stream, durable(partner))
    except NotFoundError:
        return None
    return (info.num_pending + info.num_ack_pending,)


async def heard(partners, partner: str = "docenten") -> None:
    """Returns when all that a partner published was heard, and the service has said what it had to say."""

    async def nothing_left() -> bool:
        return await waiting_for(partners, partner) == (0,)

    await eventually(nothing_left, saying="messages that were heard")
    await partners.quiet()


async def test_the_same_event_over_nats_and_over_http_counts_once(partners):
    event = an_event("organisation", "school-1", SCHOOL)

    await published(partners, json.dumps(event).encode())
    await heard(partners)
    await partners.pushed(event)

    assert len(await partners.said(OrganisationTold)) == 1


async def test_what_cannot_be_taken_in_is_told_and_stops_nothing(partners):
    not_theirs = json.dumps(an_event("organisation", "a", SCHOOL, source=SOURCE["centra"])).encode()
    right = json.dumps(an_event("organisation", "school-1", SCHOOL)).encode()
    for body in (b"{", not_theirs, right):
        await published(partners, body)
        await heard(partners)

    refused = [event.problem.rpartition("/")[2] for event in await partners.heard_by(EventRefused)]
    assert refused == ["invalid-json", "source-not-yours"]
    assert len(await partners.said(OrganisationTold)) == 1


async def test_what_is_refused_is_named_as_far_as_it_can_be_told_on(partners):
    wrong = an_event("organisation", "school-1", SCHOOL, time="gisteren")
    for odd in ({}, {"id": 7, "source": "a\u0000b", "type": "x" * 257}, {"id": "a\n"}):
        await published(partners, json.dumps(wrong | odd).encode())
    await published(partners, b"{", headers={"Nats-Msg-Id": "sent-1"})
    await heard(partners)

    told = {(event.event_id, event.source, event.event_type) for event in await partners.heard_by(EventRefused)}
    source, event_type = wrong["source"], wrong["type"]
    assert told == {
        (wrong["id"], source, event_type),
        ("", "", ""),
        ("", source, event_type),
        ("sent-1", "", ""),
    }


async def test_a_message_id_that_no_table_holds_closes_no_door(partners):
    other = an_event("centre", "c", {"name": "CIV Water", "place": {"name": "Zwolle"}}, source=SOURCE["centra"])

    await published(partners, b"{", headers={"Nats-Msg-Id": "a\x00b"})
    await published(partners, json.dumps(other).encode(), partner="centra")
    await heard(partners)
    await heard(partners, "centra")

    assert [event.event_id for event in await partners.heard_by(EventRefused)] == [""]
    assert len(await partners.said(OrganisationTold)) == 1


async def test_two_partners_that_number_their_messages_alike_are_both_heard(partners):
    centre = {"name": "CIV Water", "place": {"name": "Zwolle"}}
    other = json.dumps(an_event("centre", "c", centre, source=SOURCE["centra"])).encode()
    node, js = partners.service.settings.node, partners.service.streams.js
    number = {"Nats-Msg-Id": "1001"}

    async def is_kept() -> bool:
        return not (await js.publish(f"odh.{node}.partner.centra.centre.1", other, headers=number)).duplicate

    await published(partners, json.dumps(an_event("organisation", "school-1", SCHOOL)).encode(), headers=number)
    await eventually(is_kept, saying="a message that is kept")  # after the least that the server takes
    for partner in ("docenten", "centra"):
        await heard(partners, partner)

    assert {told.partner_id for told in await partners.said(OrganisationTold)} == {"docenten", "centra"}


async def test_a_stream_that_was_there_leaves_out_no_longer_and_keeps_what_an_operator_set(partners):
    service = partners.service
    js, name = service.streams.js, f"odh-{service.settings.node}-partners"
    await eventually(lambda: waiting_for(partners, "docenten"), saying="a door")
    as_made = (await js.stream_info(name)).config
    before = {"duplicate_window": 120.0, "max_bytes": -1, "discard": DiscardPolicy.OLD}
    await js.update_stream(as_made, max_age=3600.0, **before)

    try:
        await nats_door._open(service)

        now = (await js.stream_info(name)).config
        assert (now.duplicate_window, now.max_age) == (nats_door.DUPLICATES_SECONDS, 3600.0)
        assert (now.max_bytes, now.discard) == (nats_door.ROOM_BYTES, DiscardPolicy.NEW)
    finally:
        await js.update_stream(as_made)


async def test_a_partner_that_sends_more_than_there_is_room_for_is_refused_and_the_node_goes_on_and_tells_it(partners):
    node, js = partners.service.settings.node, partners.service.streams.js
    await eventually(lambda: waiting_for(partners, "docenten"), saying="a door")
    stream = f"odh-{node}-partners"
    config = (await js.stream_info(stream)).config
    assert (config.max_bytes, config.discard) == (nats_door.ROOM_BYTES, DiscardPolicy.NEW)
    await js.update_stream(config, max_bytes=2_000)

    try:
        with pytest.raises(NatsError, match="maximum bytes"):
            await js.publish(f"odh.{node}.partner.nobody.organisation.1", b"x" * 4_000)
        await js.publish(f"odh.{node}.partner.nobody.organisation.1", b"x" * 1_700)
        told = await figures_of(partners.service)
        await partners.pushed(an_event("organisation", "school-1", SCHOOL))
    finally:
        await js.purge_stream(stream, subject=f"odh.{node}.partner.nobody.>")
        await js.update_stream(config)

    assert (told.own["partner-events-waiting"], 80 < told.own["partner-room-percent"] <= 100) == (1, True)
    sizes = {one.name.removeprefix(f"odh-{node}-"): one.bytes for one in told.streams}
    assert (sizes["partners"] > 1_700, "to-partner" in sizes) == (True, True)  # they are on the disk with the others
    (trouble,) = [one for one in troubles_of({"partners": [told]}) if "partners" in one.nl]
    assert "1 berichten van partners wachten" in trouble.nl
    assert len(await partners.said(OrganisationTold)) == 1


async def test_what_fails_each_time_is_refused_in_the_end_and_what_waits_for_the_database_is_not(partners, monkeypatch):
    poison, right = (an_event("organisation", name, SCHOOL) for name in ("poison", "right"))
    times: Counter[str] = Counter()
    take_in = nats_door.door.take_in

    async def trouble(session, partner, events, *rest):
        times[events[0].subject] += 1
        if events[0].subject == "poison":
            raise ValueError("canary")
        if times["right"] <= 2 * partners.service.settings.attempts_max:
            raise DatabaseAway
        return await take_in(session, partner, events, *rest)

    monkeypatch.setattr(nats_door, "AGAIN_SECONDS", 0.01)
    monkeypatch.setattr(nats_door.door, "take_in", trouble)
    await published(partners, json.dumps(poison).encode(), json.dumps(right).encode())
    await heard(partners)

    (refused,) = await partners.heard_by(EventRefused)
    assert (refused.problem.rpartition("/")[2], refused.event_id) == ("not-handled", poison["id"])
    assert len(await partners.said(OrganisationTold)) == 1


async def test_a_door_that_falls_shut_is_opened_again_and_those_of_others_stay_open(postgres, nats, monkeypatch):
    opened: Counter[str] = Counter()

    async def door(_: object, partner_id: str) -> None:
        opened[partner_id] += 1
        if partner_id == "docenten":
            raise NatsError
        await asyncio.Event().wait()

    monkeypatch.setattr(nats_door, "_hear", door)
    monkeypatch.setattr(nats_door, "LOOK_SECONDS", 0.05)
    async with running(service, postgres, nats) as started:
        async with started.session() as session:
            for name in ("docenten", "centra"):
                await keys.add(session, name, NETWORK[name], SOURCE[name], datetime.now(UTC))
            await session.commit()

        async def several_times() -> bool:
            return opened["docenten"] >= 3

        await eventually(several_times, saying="a door that is opened again")

    assert opened["centra"] == 1


async def test_a_partner_whose_keys_were_revoked_is_not_heard_here_either(partners):
    async with partners.session() as session:
        await keys.revoke(session, "docenten", partners.clock())
        await session.commit()

    with capture_logs() as logs:
        await published(partners, json.dumps(an_event("organisation", "school-1", SCHOOL)).encode())
        await heard(partners)

    await partners.then_nothing_said()
    assert await partners.heard_by(EventRefused) == []
    own = [line for line in logs if line["event"] == "event of nobody"]
    assert own == [{"event": "event of nobody", "log_level": "warning", "partner_id": "docenten"}]


@pytest.mark.long
async def test_what_one_partner_sends_too_much_of_waits_and_another_does_not(partners, monkeypatch):
    monkeypatch.setitem(partners.service.settings.__dict__, "partner_events_per_minute_max", 5)
    burst = [json.dumps(an_event("organisation", f"school-{n}", SCHOOL)).encode() for n in range(1_200)]
    other = an_event("centre", "c", {"name": "CIV Water", "place": {"name": "Zwolle"}}, source=SOURCE["centra"])

    await published(partners, *burst)
    await published(partners, json.dumps(other).encode(), partner="centra")
    await heard(partners, "centra")

    assert [told.name for told in await partners.said(OrganisationTold) if told.partner_id == "centra"] == ["CIV Water"]
    assert await waiting_for(partners, "docenten") == (1_195,)


async def test_a_door_that_lets_its_first_cancellation_by_keeps_nobody_from_stopping(postgres, nats, monkeypatch):
    """What nats-py waits with, up to Python 3.11, may return what came in at that moment instead of ending."""
    opened, ended = asyncio.Event(), asyncio.Event()

    async def door(*_: object) -> None:
        try:
            opened.set()
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            try:
                await asyncio.Event().wait()
            finally:
                ended.set()

    monkeypatch.setattr(nats_door, "_hear", door)
    async with asyncio.timeout(30), running(service, postgres, nats) as started:
        async with started.session() as session:
            await keys.add(session, "docenten", NETWORK["docenten"], SOURCE["docenten"], datetime.now(UTC))
            await session.commit()
        await opened.wait()

    assert ended.is_set()
