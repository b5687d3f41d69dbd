"""All that others ask where somebody looks after it: however long ago it was opened, what waits longest first."""

from tests.matching.conftest import AMBASSADOR, Matching, a_request, an_offer
from tests.matching.test_desk import at_desk


async def test_all_that_is_asked_in_my_scope_is_found_what_waits_longest_first(around: Matching):
    around.clock.move(days=-40)
    await around.given(a_request("r-old"))
    around.clock.move(days=40)
    mine = a_request("r-mine", member_id=AMBASSADOR)
    await around.given(an_offer("o"), a_request("r-new"), a_request("r-far", place="Groningen"), mine)

    first = (await at_desk(around).get("/v1/desk/open", params={"limit": 1})).json()
    rest = (await at_desk(around).get("/v1/desk/open", params={"cursor": first["next_cursor"]})).json()
    of_team = (await around.team().get("/v1/desk/open")).json()

    assert [one["proposition_id"] for one in (*first["items"], *rest["items"])] == ["r-old", "r-new"]
    of_everybody = [one["proposition_id"] for one in of_team["items"]]
    assert (of_everybody[0], set(of_everybody)) == ("r-old", {"r-old", "r-new", "r-far", "r-mine"})
    assert (await around.asker.get("/v1/desk/open")).status_code == 403


async def test_what_waits_so_long_that_somebody_should_look_is_found_alone(around: Matching):
    around.clock.move(days=-40)
    await around.given(a_request("r-old"))
    around.clock.move(days=40)
    await around.given(a_request("r-new"))
    await around.later(minutes=1)

    found = (await at_desk(around).get("/v1/desk/open", params={"unanswered": "true"})).json()["items"]

    assert [(one["proposition_id"], one["is_unanswered"]) for one in found] == [("r-old", True)]
