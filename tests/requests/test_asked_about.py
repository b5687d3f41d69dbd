"""A request about an offer that its member read: kept with it, and said with whatever is said of it."""

import pytest

from contracts.requests import RequestChanged, RequestClosed, RequestPlaced, RequestReopened
from tests.requests.conftest import a_request, an_offer, wrong_fields


@pytest.mark.parametrize("as_draft", [False, True])
async def test_what_a_request_is_about_is_said_with_all_that_becomes_of_it(requests, as_draft):
    offer = await requests.placed("offer", "sem")
    placed = await requests.placed(about_offer_id=offer["id"], draft=as_draft)
    if as_draft:
        await requests.step(placed, "open")
    version = placed["version"] + as_draft
    changed = await requests.noor.patch(
        placed["path"], json={"title": "Iets anders"}, headers={"If-Match": f'"{version}"'}
    )
    await requests.step(placed, "withdraw")
    await requests.step(placed, "reopen")

    await requests.running.quiet()
    for said in (RequestPlaced, RequestChanged, RequestClosed, RequestReopened):
        (told,) = await requests.said(said)
        assert told.about_offer_id == offer["id"], said
    assert changed.json()["about_offer_id"] == offer["id"]
    assert (await requests.noor.get(placed["path"])).json()["about_offer_id"] == offer["id"]


async def test_a_request_about_none_says_none(requests):
    placed = await requests.placed()

    (said,) = await requests.then_said(RequestPlaced)
    assert (said.about_offer_id, placed["about_offer_id"]) == (None, None)


async def test_only_a_request_is_about_an_offer_and_it_stays_about_that_one(requests):
    placed = await requests.placed(about_offer_id="een-aanbod")

    for wrong in (
        await requests.sem.post("/v1/offers", json=an_offer(about_offer_id="een-aanbod")),
        await requests.noor.post("/v1/requests", json=a_request(about_offer_id="x" * 129)),
        await requests.noor.patch(placed["path"], json={"about_offer_id": "ander"}, headers={"If-Match": '"1"'}),
    ):
        assert wrong_fields(wrong) == {"about_offer_id": wrong_fields(wrong)["about_offer_id"]}
