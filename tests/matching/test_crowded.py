"""Many offers that a request cannot have, or of one organisation, do not keep others from being found."""

from datetime import date

import pytest

from contracts.matching import MatchProposed
from tests.matching.conftest import a_request, an_offer

#: Less like the request than the others, and further away.
LESS_ALIKE = {"title": "Gastles installatietechniek", "text": "Een les over een warmtepomp.", "place": "Amersfoort"}


def many_offers(**changes):
    """More than are found in any way, each of another organisation unless told otherwise."""
    return [an_offer(**({"organisation_id": f"o-{n}", "member_id": f"m-{n}"} | changes)) for n in range(40)]


@pytest.mark.parametrize(
    ("asked", "others", "fits"),
    [
        ({"mbo_level": 1}, {"mbo_level": 4}, {"mbo_level": 1}),
        (
            {"starts_on": date(2027, 2, 1), "ends_on": date(2027, 6, 30)},
            {"starts_on": date(2027, 7, 1)},
            {"starts_on": date(2027, 6, 1)},
        ),
        (
            {"starts_on": date(2027, 2, 1), "ends_on": date(2027, 6, 30)},
            {"ends_on": date(2027, 1, 31)},
            {"ends_on": date(2027, 2, 28)},
        ),
    ],
    ids=["another level", "later", "earlier"],
)
async def test_what_fits_is_found_behind_many_that_lie_nearer_and_do_not(around, asked, others, fits):
    await around.given(*many_offers(**others), an_offer("o-fits", **LESS_ALIKE, **fits))

    await around.when(a_request(**asked))

    (match,) = await around.then_said(MatchProposed)
    assert match.offer_id == "o-fits"


async def test_one_organisation_with_many_offers_leaves_room_for_others(around):
    others = [an_offer(f"o-{n}", organisation_id=f"o-{n}", **LESS_ALIKE) for n in range(2)]
    await around.given(*many_offers(organisation_id="o-big"), *others)

    await around.when(a_request())

    organisations = {match.offerer.organisation_id for match in await around.said(MatchProposed)}
    assert organisations == {"o-big", "o-0", "o-1"}


async def test_an_offer_is_put_next_to_a_request_behind_many_that_have_one_of_its_organisation(around):
    near, far = {"reach_km": 15}, {"place": "Arnhem", "text": "Wie vertelt iets over een warmtepomp?"}
    requests = [a_request(member_id=f"m-{n}", organisation_id=f"s-{n}", **near) for n in range(30)]
    await around.given(*requests, a_request("r-far", **far), an_offer(reach_km=15))

    await around.when(an_offer("o-new"))

    (match,) = await around.then_said(MatchProposed)
    assert (match.request_id, match.offer_id) == ("r-far", "o-new")
