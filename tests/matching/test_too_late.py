"""Who comes a moment after another is told so: what they said is neither lost nor called done."""

from tests.matching.conftest import AMBASSADOR, Matching, a_request, appointed, slug
from tests.matching.test_desk import HELPER, OTHER, asked_over, at_desk


async def test_what_was_said_yes_to_cannot_be_taken_back(matching: Matching):
    match_id = await asked_over(matching)
    yes = await matching.ambassador(OTHER).post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": True})
    assert yes.status_code == 204

    late = await matching.ambassador().delete(f"/v1/hand-overs/{match_id}")

    assert (late.status_code, slug(late)) == (404, "hand-over-not-found")
    assert (await matching.ambassador(OTHER).get(f"/v1/matches/{match_id}")).json()["waits_for_me"]


async def test_of_two_who_dismiss_a_match_the_second_hears_that_their_words_are_not_kept(matching: Matching):
    match = await matching.proposed()
    path, first = f"/v1/matches/{match.match_id}/dismiss", {"because": "too-far", "note": "Te ver."}
    assert (await matching.ambassador().post(path, json=first)).status_code == 200

    same = [await matching.team().post(path, json=one) for one in (first, {"because": "too-far"})]
    others = [
        await matching.team().post(path, json=first | one) for one in ({"because": "other"}, {"note": "Al klaar."})
    ]

    assert [one.status_code for one in same] == [200, 200]
    assert [(one.status_code, slug(one)) for one in others] == [(409, "match-already-judged")] * 2
    seen = (await matching.team().get(f"/v1/matches/{match.match_id}")).json()
    assert (seen["dismissed_because"], seen["note"]) == ("too-far", "Te ver.")


async def test_of_two_who_ask_one_member_the_second_hears_that_another_did(matching: Matching):
    await matching.given(a_request("r"), appointed(), appointed(OTHER))
    asked = {"request_id": "r", "member_id": HELPER}
    first = await at_desk(matching).post("/v1/asks", json=asked | {"note": "Jij kent dit."})

    second = await at_desk(matching, OTHER).post("/v1/asks", json=asked | {"note": "Bel me even."})
    again = await at_desk(matching).post("/v1/asks", json=asked)

    assert (second.status_code, slug(second)) == (409, "asked-by-another")
    assert (again.json()["ask_id"], again.json()["asked_by"]) == (first.json()["ask_id"], AMBASSADOR)
