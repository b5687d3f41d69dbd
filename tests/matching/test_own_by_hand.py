"""Who is a side of a pair brings it together by hand only when nobody else may look at it."""

import pytest

from contracts.matching import MatchEndorsed
from contracts.members import MemberMerged
from tests.matching.conftest import ASKER, OFFERER, SCHOOL_AND_COMPANY, a_request, an_offer, appointed, in_team, slug
from tests.matching.test_desk import FAR, OTHER, at_desk

PAIR = {"request_id": "r", "offer_id": "o"}


async def may(client):
    """Whether the page at the desk offers it."""
    return (await client.get("/v1/desk/requests/r")).json()["may_bring_together"]


@pytest.mark.parametrize("side", [ASKER, OFFERER])
@pytest.mark.parametrize("else_looks", ["an ambassador", "the team"])
async def test_another_who_may_look_brings_together_what_is_somebodys_own(matching, side, else_looks):
    other = appointed() if else_looks == "an ambassador" else in_team(OTHER)
    await matching.given(*SCHOOL_AND_COMPANY, appointed(side), other, a_request("r"), an_offer("o", **FAR))

    refused = await at_desk(matching, side).post("/v1/matches", json=PAIR)
    endorsed = await matching.said(MatchEndorsed)
    another = matching.team(OTHER) if else_looks == "the team" else at_desk(matching)
    made = await another.post("/v1/matches", json=PAIR)

    assert (refused.status_code, slug(refused), endorsed) == (403, "match-not-yours-to-judge", [])
    assert (made.status_code, await may(another), await may(at_desk(matching, side))) == (201, True, side != ASKER)


async def test_who_is_a_side_under_another_reference_is_refused_too(around):
    await around.given(appointed(), appointed(OTHER), MemberMerged(member_id=OFFERER, version=5, into=OTHER))
    await around.given(a_request("r"), an_offer("o"))

    refused = await at_desk(around, OTHER).post("/v1/matches", json=PAIR)

    assert (refused.status_code, slug(refused)) == (403, "match-not-yours-to-judge")


@pytest.mark.parametrize("side", [ASKER, OFFERER])
async def test_where_nobody_else_may_look_they_do_so_themselves(matching, side):
    elsewhere = appointed(OTHER, provinces=("Zeeland",))
    await matching.given(*SCHOOL_AND_COMPANY, appointed(side), elsewhere, a_request("r"), an_offer("o"))

    made = await at_desk(matching, side).post("/v1/matches", json=PAIR)

    assert (made.status_code, await may(at_desk(matching, side))) == (201, True)
