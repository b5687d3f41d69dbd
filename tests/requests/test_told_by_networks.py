"""What partner networks tell is asked and offered for the member that it is of; it is changed and withdrawn too."""

from datetime import timedelta
from typing import Any

import pytest

from chassis.router import durable_of
from contracts.event import EventRejected, new_id
from contracts.members import MemberErased, MemberJoined, MemberLeft, OrganisationMerged, OrganisationParted
from contracts.partners import PropositionTold, RecordWithdrawn, Thing
from contracts.places import find_place
from contracts.requests import (
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RecordAccepted,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.vocabulary import Kind, Network, Side, Theme
from services.requests import rules
from tests.given import eventually

OF = {"partner_id": "docenten", "network": Network.DUURZAAM_MBO}


def a_question(record_id: str, version: int = 1, **changes: Any) -> PropositionTold:
    told = {
        "side": Side.REQUEST,
        "member_id": "noor",
        "organisation_id": "vechtdal",
        "kind": Kind.GUEST_LESSON,
        "themes": (Theme.ENERGY_TRANSITION,),
        "title": "Wie vertelt over warmtepompen?",
        "text": "Onze studenten zoeken iemand uit de praktijk.",
        "place": find_place("Zwolle"),
    }
    return PropositionTold(record_id=record_id, version=version, **OF, **(told | changes))


async def test_a_question_is_placed_changed_withdrawn_and_asked_again(requests):
    record_id = new_id()
    gone = RecordWithdrawn(record_id=record_id, version=3, known_as=record_id, thing=Thing.REQUEST, **OF)

    await requests.when(a_question(record_id))
    await requests.when(a_question(record_id, 2, title="Wie komt vertellen over warmtepompen?"))
    await requests.when(gone)
    await requests.when(a_question(record_id, 4))

    placed, changed, closed, reopened, *accepted = await requests.then_said(
        RequestPlaced, RequestChanged, RequestClosed, RequestReopened, *[RecordAccepted] * 4
    )
    assert (placed.member_id, placed.request_id) == ("noor", record_id)
    assert changed.title == "Wie komt vertellen over warmtepompen?"
    assert [event.version for event in (placed, changed, closed, reopened)] == [1, 2, 3, 4]
    assert {event.known_as for event in accepted} == {record_id}


@pytest.mark.parametrize("side", Side)
async def test_what_its_member_withdrew_themselves_no_network_opens_again(requests, side):
    record_id = new_id()
    await requests.when(a_question(record_id, side=side))
    assert (await requests.noor.post(f"/v1/{side}s/{record_id}/withdraw")).status_code == 200

    await requests.when(a_question(record_id, 2, side=side, title="Wie komt vertellen over warmtepompen?"))
    await requests.when(RecordWithdrawn(record_id=record_id, version=3, known_as=record_id, thing=Thing(side), **OF))
    await requests.when(a_question(record_id, 4, side=side, title="Wie komt vertellen over warmte?"))

    (row,) = await requests.rows()
    assert (row.status, row.title) == ("withdrawn", "Wie komt vertellen over warmte?")
    assert (await requests.noor.post(f"/v1/{side}s/{record_id}/reopen")).json()["status"] == "open"
    await requests.when(RecordWithdrawn(record_id=record_id, version=5, known_as=record_id, thing=Thing(side), **OF))
    await requests.when(a_question(record_id, 6, side=side))
    assert [row.status for row in await requests.rows()] == ["open"]


async def test_contact_details_are_refused_in_it_too(requests):
    await requests.when(a_question(new_id(), text="Mail naar noor@vechtdal.example"))

    (rejected,) = await requests.then_said(EventRejected)
    assert [error.field for error in rejected.errors] == ["text"]


async def test_a_tip_is_told_as_something_else_once_it_was_withdrawn(requests):
    record_id = new_id()
    gone = RecordWithdrawn(record_id=record_id, version=3, known_as=record_id, thing=Thing.OFFER, **OF)

    await requests.when(a_question(record_id, side=Side.OFFER, kind=Kind.TIP))
    await requests.when(a_question(record_id, 2, side=Side.OFFER))
    await requests.when(gone)
    await requests.when(a_question(record_id, 4, side=Side.OFFER))

    rejected, *_, reopened = await requests.then_said(
        EventRejected, OfferPlaced, *[RecordAccepted] * 3, OfferClosed, OfferReopened
    )
    assert [error.field for error in rejected.errors] == ["kind"]
    assert (reopened.offer_id, reopened.kind) == (record_id, "guest-lesson")


async def test_a_meeting_that_is_over_is_refused_when_it_is_told(requests):
    yesterday = rules.day_of(requests.clock()) - timedelta(days=1)
    await requests.when(a_question(new_id(), side=Side.OFFER, kind=Kind.MEETING, starts_on=yesterday))

    (rejected,) = await requests.then_said(EventRejected)
    assert [(error.field, error.message) for error in rejected.errors] == [("starts_on", "must not be in the past")]


async def test_what_is_told_of_a_merged_organisation_is_of_the_one_that_stays(requests):
    record_id = new_id()
    await requests.when(OrganisationMerged(organisation_id="vechtdal", version=2, into="the-whole"))
    await requests.when(a_question(record_id))
    await requests.when(OrganisationParted(organisation_id="vechtdal", version=3, from_id="the-whole"))

    placed, changed, _ = await requests.then_said(RequestPlaced, RequestChanged, RecordAccepted)
    assert (placed.organisation_id, changed.organisation_id) == ("the-whole", "vechtdal")


async def test_of_who_left_a_network_asks_nothing_until_they_are_back(requests):
    record_id = new_id()
    await requests.when(MemberJoined(member_id="noor", version=1))
    await requests.when(a_question(record_id))
    await requests.when(MemberLeft(member_id="noor", version=2))

    requests.clock.move(minutes=-1)  # what is told at once waits a little for them to be back
    await requests.publish(a_question(record_id, 2))
    await requests.publish(a_question(new_id()))
    requests.clock.move(minutes=1)

    first, second = await requests.said(EventRejected)
    assert first.problem == second.problem == "https://omdehoek.nl/problems/person-left"
    assert [row.status for row in await requests.rows()] == ["withdrawn"]
    await requests.when(MemberJoined(member_id="noor", version=3))
    await requests.when(a_question(record_id, 3))
    assert [row.status for row in await requests.rows()] == ["open"]


async def test_what_is_told_at_once_of_who_came_back_waits_until_that_is_heard(requests, monkeypatch):
    for most in ("attempts_max", "deliveries_max"):  # however slow this machine is
        monkeypatch.setitem(requests.service.settings.__dict__, most, 1000)
    await requests.given(MemberJoined(member_id="noor", version=1), MemberLeft(member_id="noor", version=2))
    stream, consumer = requests.service.streams.name("local"), durable_of("requests", PropositionTold)

    async def it_was_tried():
        tried = await requests.service.streams.js.consumer_info(stream, consumer)
        return tried.num_redelivered or [event for _, event in await requests.envelopes()]

    await requests.publish(a_question(new_id()))
    await eventually(it_was_tried, saying="a first attempt")
    await requests.when(MemberJoined(member_id="noor", version=3))

    await requests.then_said(RequestPlaced, RecordAccepted)


async def test_of_who_was_erased_what_is_told_is_refused_at_once(requests):
    await requests.given(MemberErased(member_id="noor", version=2))

    await requests.when(a_question(new_id()))

    (rejected,) = await requests.then_said(EventRejected)
    assert rejected.problem.endswith("/person-left")


async def test_that_somebody_is_back_counts_when_it_is_heard_before_that_they_left(requests):
    await requests.when(MemberJoined(member_id="noor", version=3), delivered_times=2)
    await requests.when(MemberLeft(member_id="noor", version=2))
    await requests.when(MemberJoined(member_id="noor", version=1))

    await requests.when(a_question(new_id()))

    await requests.then_said(RequestPlaced, RecordAccepted)


async def test_what_was_told_of_one_person_is_refused_as_anothers(requests):
    record_id = new_id()
    await requests.when(a_question(record_id))

    await requests.when(a_question(record_id, 2, member_id="jan", organisation_id="elders"))

    rejected, *_ = await requests.then_said(EventRejected, RequestPlaced, RecordAccepted)
    assert [error.field for error in rejected.errors] == ["person"]
    assert [(row.member_id, row.organisation_id) for row in await requests.rows()] == [("noor", "vechtdal")]
