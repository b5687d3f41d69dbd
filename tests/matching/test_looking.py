"""Who looks at a match when people come and go, or are away for a while."""

from datetime import timedelta

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
    slug,
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


async def test_who_is_absent_gets_no_new_match_while_an_equal_is_there(around: Matching):
    until = str((around.clock() + timedelta(days=3)).date())
    await around.given(appointed("m-other"))

    kept = await around.ambassador().put("/v1/desk/absent", json={"until": until})
    await around.given(appointed(version=3))  # told anew, as with another scope
    await around.when(*[an_offer(organisation_id=f"o-{n}") for n in range(2)], a_request(), a_request())

    assert {match.ambassador_ids for match in await around.said(MatchProposed)} == {("m-other",)}
    assert kept.status_code == 204
    seen = (await around.ambassador("m-other").get("/v1/desk/absent")).json()
    assert seen == [{"member_id": AMBASSADOR, "until": until}]

    await around.given()
    await around.ambassador().put("/v1/desk/absent", json={"until": None})
    await around.when(a_request())
    assert {match.ambassador_ids for match in await around.said(MatchProposed)} == {(AMBASSADOR,)}


async def test_an_absence_is_over_after_its_day_and_with_the_appointment(around: Matching):
    tomorrow = str((around.clock() + timedelta(days=1)).date())
    desk = around.ambassador()
    await desk.put("/v1/desk/absent", json={"until": tomorrow})
    around.clock.move(days=2)
    assert (await desk.get("/v1/desk/absent")).json() == []

    await desk.put("/v1/desk/absent", json={"until": str((around.clock() + timedelta(days=9)).date())})
    await around.given(AmbassadorStoodDown(member_id=AMBASSADOR, version=3))
    await around.given(appointed(version=4))
    assert (await desk.get("/v1/desk/absent")).json() == []
    passed = await desk.put("/v1/desk/absent", json={"until": tomorrow})
    assert (passed.status_code, slug(passed)) == (422, "invalid-fields")
    assert (await around.team().put("/v1/desk/absent", json={"until": None})).status_code == 403
