"""Who signed up for a meeting under two references that turned out to be of one person."""

from datetime import timedelta

import pytest

from contracts.requests import PlaceFreed, SignUpWithdrawn
from services.requests import rules
from tests.requests.test_listings import of_the_nation
from tests.requests.test_sign_ups import come, guests, meet, told


@pytest.fixture
def requests(region):
    """In a region, which has meetings of the nation too."""
    return region


def as_one(requests):
    """Noor, since both references are hers."""
    return requests.http_as("noor", organisations=("vechtdal",), also=("noor-too",))


async def test_who_has_two_places_gives_both_back_at_once_and_hears_that_once(requests):
    meeting = await meet(requests)
    assert [await come(requests, meeting, who) for who in ("noor", "noor-too", "ann", "bob")] == [
        *("place", "place", "waiting", "waiting")
    ]
    await requests.given()

    cancelled = await as_one(requests).delete(f"/v1/meetings/{meeting['id']}/sign-up")

    assert cancelled.json()["standing"] == "withdrawn"
    *_, left = await requests.then_said(PlaceFreed, PlaceFreed, SignUpWithdrawn)
    assert left.member_id == "noor"
    assert await guests(requests, meeting) == [("place", None), ("place", None)]
    again = await as_one(requests).delete(f"/v1/meetings/{meeting['id']}/sign-up")
    assert again.json()["standing"] == "withdrawn"
    assert len(await requests.said(SignUpWithdrawn)) == 1


async def test_who_gave_one_place_back_reads_of_the_other_and_takes_no_third(requests):
    meeting = await meet(requests)
    at = f"/v1/meetings/{meeting['id']}/sign-up"
    for who in ("noor", "noor-too"):
        await come(requests, meeting, who, "Noor Jansen")
    await requests.noor.delete(at)

    seen, again = await as_one(requests).get(at), await as_one(requests).put(at, json={})

    assert [answer.json()["standing"] for answer in (seen, again)] == ["place", "place"]
    assert await guests(requests, meeting) == [("place", None)]


async def test_both_places_at_a_meeting_of_another_node_are_given_back_there(requests):
    offer = of_the_nation(starts_on=rules.day_of(requests.clock()) + timedelta(days=9))
    await requests.publish_elsewhere(offer, said_by="national")
    await requests.quiet()
    for who in ("noor", "noor-too"):
        await come(requests, {"id": offer.offer_id}, who)

    await as_one(requests).delete(f"/v1/meetings/{offer.offer_id}/sign-up")

    asked = await told(requests)
    assert [one.wanted for one in asked] == [True, True, False, False]
    assert {one.sign_up_id for one in asked[:2]} == {one.sign_up_id for one in asked[2:]}
