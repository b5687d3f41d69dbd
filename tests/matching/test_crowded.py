"""Many offers that a request cannot have, or of one organisation, do not keep others from being found."""

from datetime import date

import pytest
from sqlalchemy import text

from contracts.matching import MatchDismissed, MatchProposed
from contracts.requests import OfferChanged
from contracts.vocabulary import Kind
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


async def test_what_one_party_takes_up_is_proposed_a_few_times_and_again_when_one_comes_to_nothing(around):
    most = around.service.settings.proposals_per_offer_max
    requests = [a_request(member_id=f"m-{n}", organisation_id=f"s-{n}", kind=Kind.EQUIPMENT) for n in range(most + 2)]
    await around.given(*requests)

    await around.when(an_offer("o", kind=Kind.EQUIPMENT))
    proposed = await around.said(MatchProposed)
    assert len(proposed) == most
    await around.given()
    await around.ambassador().post(f"/v1/matches/{proposed[0].match_id}/dismiss", json={"because": "other"})

    _, following = await around.then_said(MatchDismissed, MatchProposed)
    assert following.request_id not in {match.request_id for match in proposed}


async def test_a_new_request_waits_for_what_is_proposed_as_often_as_it_may_be(around):
    most = around.service.settings.proposals_per_offer_max
    requests = [a_request(member_id=f"m-{n}", organisation_id=f"s-{n}", kind=Kind.EQUIPMENT) for n in range(most)]
    await around.given(an_offer("o", kind=Kind.EQUIPMENT), *requests)

    await around.when(a_request("r-late", kind=Kind.EQUIPMENT))
    await around.when(an_offer("o", said=OfferChanged, version=2, kind=Kind.EQUIPMENT))

    await around.then_nothing_said()


async def test_a_request_finds_what_has_room_behind_many_that_have_not(around):
    await around.given(*many_offers(kind=Kind.EQUIPMENT), an_offer("o-free", kind=Kind.EQUIPMENT, **LESS_ALIKE))
    async with around.service.engine.begin() as connection:
        await connection.execute(text(THEY_RUN), {"count": around.service.settings.proposals_per_offer_max})

    await around.when(a_request(kind=Kind.EQUIPMENT))

    (match,) = await around.then_said(MatchProposed)
    assert match.offer_id == "o-free"


#: So many matches run with each of the offers but the free one.
THEY_RUN = """
    INSERT INTO match (match_id, version, request_id, offer_id, asker_id, offerer_id, offerer_organisation_id,
        request_kind, offer_kind, score, reasons, ambassador_ids, state, waiting_since)
    SELECT proposition_id || n, 1, 'r-' || n, proposition_id, 'm-asks', member_id, organisation_id, kind, kind, 0.8,
        '[]', '{}', 'proposed', now()
    FROM proposition, generate_series(1, CAST(:count AS integer)) n WHERE proposition_id <> 'o-free'
"""
