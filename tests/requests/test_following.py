"""What is asked and offered follows an organisation that is merged into another, and comes back when they part."""

from contracts.members import OrganisationMerged, OrganisationParted
from contracts.requests import OfferChanged
from tests.requests.conftest import an_offer


async def test_an_offer_follows_its_organisation_and_comes_back(requests):
    answer = await requests.sem.post("/v1/offers", json=an_offer())
    assert answer.status_code == 201, answer.text
    offer_id = answer.json()["offer_id"]
    await requests.given()

    await requests.when(OrganisationMerged(organisation_id="warmtewerk", version=3, into="the-group"))
    (followed,) = await requests.then_said(OfferChanged)
    await requests.given()
    await requests.when(OrganisationMerged(organisation_id="warmtewerk", version=2, into="an-older-telling"))
    await requests.then_nothing_said()
    await requests.when(OrganisationParted(organisation_id="warmtewerk", version=4, from_id="the-group"))
    (back,) = await requests.then_said(OfferChanged)

    assert (followed.offer_id, followed.organisation_id, followed.version) == (offer_id, "the-group", 2)
    assert (back.offer_id, back.organisation_id, back.version) == (offer_id, "warmtewerk", 3)
