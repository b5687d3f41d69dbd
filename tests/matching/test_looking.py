"""Who looks at a match when people come and go."""

from contracts.matching import MatchHandedOver, MatchProposed
from contracts.members import AmbassadorStoodDown, NodeTeamLeft
from tests.matching.conftest import (
    AMBASSADOR,
    TEAM,
    Matching,
    a_request,
    an_offer,
    appointed,
    in_team,
)


async def test_without_anybody_a_match_waits_and_the_first_who_comes_gets_it(matching):
    await matching.given(a_request(), an_offer())

    await matching.when(in_team())
    (match,) = await matching.then_said(MatchHandedOver)
    assert match.ambassador_ids == (TEAM,)

    await matching.given()
    await matching.when(appointed())  # who comes later does not take it away again
    await matching.then_nothing_said()


async def test_what_waits_for_an_ambassador_who_stands_down_goes_to_somebody_else(around):
    await around.given(a_request(), an_offer())

    await around.when(AmbassadorStoodDown(member_id=AMBASSADOR, version=3))

    (match,) = await around.then_said(MatchHandedOver)
    assert (match.ambassador_ids, match.version) == ((TEAM,), 2)


async def test_who_leaves_the_team_leaves_their_matches_to_their_colleagues(matching):
    await matching.given(in_team("m-1"), in_team("m-2"))
    await matching.given(a_request(), an_offer())
    (match_id,) = await _ids(matching)

    await matching.when(NodeTeamLeft(member_id="m-1", version=3))
    await matching.then_nothing_said()
    assert (await matching.team("m-2").get("/v1/matches?awaiting_me=true")).json()["items"][0]["match_id"] == match_id

    await matching.when(NodeTeamLeft(member_id="m-2", version=3))
    (match,) = await matching.then_said(MatchHandedOver)
    assert match.ambassador_ids == ()


async def test_an_ambassador_who_stays_in_the_team_keeps_what_waits_for_them(matching):
    await matching.given(in_team(AMBASSADOR), appointed(AMBASSADOR))
    await matching.given(a_request(), an_offer())

    await matching.when(AmbassadorStoodDown(member_id=AMBASSADOR, version=3))

    await matching.then_nothing_said()


async def _ids(matching: Matching) -> list[str]:
    return [view["match_id"] for view in (await matching.team().get("/v1/matches")).json()["items"]]


async def test_the_ambassador_with_the_fewest_waiting_gets_the_next(matching):
    await matching.given(appointed("m-1"), appointed("m-2"))

    await matching.when(*[an_offer(organisation_id=f"o-{n}") for n in range(2)], a_request(), a_request())

    waiting = [match.ambassador_ids for match in await matching.said(MatchProposed)]
    assert sorted(waiting) == [("m-1",), ("m-1",), ("m-2",), ("m-2",)]
