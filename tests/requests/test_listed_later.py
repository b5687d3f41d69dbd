"""A meeting of this node that was told to others before it was listed here."""

import pytest
from sqlalchemy import text

from chassis.router import durable_of
from chassis.sql import run
from contracts.event import new_id
from contracts.requests import SignUpAsked
from tests.given import eventually
from tests.requests.test_sign_ups import guests, meet, told


@pytest.mark.parametrize(
    ("behind", "heard"),
    [
        ("UPDATE listing SET offer_id = 'not-heard'", "UPDATE listing SET offer_id = :offer_id"),
        ("UPDATE listing SET status = 'expired', version = 0", "UPDATE listing SET status = 'open', version = 1"),
    ],
    ids=["not listed yet", "listed as it was before it opened again"],
)
async def test_who_asks_a_place_from_elsewhere_gets_it_when_the_meeting_is_listed(requests, monkeypatch, behind, heard):
    for most in ("attempts_max", "deliveries_max"):  # however slow this machine is
        monkeypatch.setitem(requests.service.settings.__dict__, most, 1000)
    meeting = await meet(requests)
    stream, consumer = requests.service.streams.name("elsewhere"), durable_of("requests", SignUpAsked, elsewhere=True)

    async def change(statement):
        async with requests.session() as session:
            await run(session, text(statement), {"offer_id": meeting["id"]})
            await session.commit()

    async def it_was_tried():
        tried = await requests.service.streams.js.consumer_info(stream, consumer)
        return tried.num_redelivered or tried.num_pending + tried.num_ack_pending == 0

    await change(behind)
    theirs = SignUpAsked(sign_up_id=new_id(), offer_id=meeting["id"], wanted=True)
    await requests.publish_elsewhere(theirs, said_by="zeeland", to_us=True)
    await eventually(it_was_tried, saying="a first attempt")
    await change(heard)

    assert [one.standing for one in await told(requests, "zeeland")] == ["place"]
    assert await guests(requests, meeting) == [("place", None)]
