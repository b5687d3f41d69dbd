"""Whoever brings people together sees a fit, sees none, or lets somebody else look."""

import asyncio
from datetime import datetime

import pytest
from sqlalchemy import text

from contracts.matching import MatchDismissed, MatchEndorsed, MatchHandedOver, MatchProposed
from contracts.members import AmbassadorStoodDown
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    OFFERER,
    TEAM,
    Matching,
    a_request,
    an_offer,
    appointed,
    in_team,
    slug,
)


def address(match: MatchProposed, step: str) -> str:
    """Where a step is taken."""
    return f"/v1/matches/{match.match_id}/{step}"


async def test_an_endorsed_match_asks_both_sides(matching: Matching):
    match = await matching.proposed()

    answer = await matching.ambassador().post(address(match, "endorse"))

    assert (answer.status_code, answer.headers["etag"]) == (200, '"2"')
    view = answer.json()
    assert (view["state"], view["awaiting"], view["waits_for_me"]) == ("endorsed", ["request", "offer"], False)
    (endorsed,) = await matching.then_said(MatchEndorsed)
    assert (endorsed.match_id, endorsed.version, endorsed.ambassador_ids) == (match.match_id, 2, (AMBASSADOR,))
    for side, mine in ((matching.asker, "request"), (matching.offerer, "offer")):
        seen = (await side.get(f"/v1/matches/{match.match_id}")).json()
        assert (seen["my_side"], seen["my_answer"], seen["waits_for_me"]) == (mine, None, True)
        assert datetime.fromisoformat(seen["answer_by"]) == endorsed.answer_by
    assert matching.hours_until(endorsed.answer_by) == 168


async def test_a_dismissed_match_ends_without_the_sides_ever_knowing_and_the_next_best_has_its_turn(matching: Matching):
    match = await matching.proposed(a_request("r"), an_offer("near"))
    for n in range(2):
        await matching.given(an_offer(f"o-{n}", organisation_id=f"o-{n}"))
    await matching.given(an_offer("next", organisation_id="o-next", place="Arnhem"))

    answer = await matching.ambassador().post(
        address(match, "dismiss"), json={"because": "wrong-level", "note": "Deze monteur geeft les op niveau 2."}
    )

    assert answer.status_code == 200
    assert answer.json()["dismissed_because"] == "wrong-level"
    assert answer.json()["note"] == "Deze monteur geeft les op niveau 2."
    dismissed, following = await matching.then_said(MatchDismissed, MatchProposed)
    assert (dismissed.offer_id, dismissed.dismissed_because, dismissed.version) == ("near", "wrong-level", 2)
    assert following.offer_id == "next"
    for side in (matching.asker, matching.offerer):
        assert (await side.get(f"/v1/matches/{match.match_id}")).status_code == 404


async def test_a_dismissed_pair_is_not_proposed_again(matching: Matching):
    match = await matching.proposed(a_request("r"), an_offer("o"))
    await matching.ambassador().post(address(match, "dismiss"), json={"because": "other-need"})
    await matching.given()

    await matching.when(an_offer("o", version=2), a_request("r", version=2))

    await matching.then_nothing_said()


async def test_the_team_hands_a_match_over_to_another_ambassador(matching: Matching):
    match = await matching.proposed()
    await matching.given(appointed("m-other", provinces=("Zeeland",)))

    answer = await matching.team().post(address(match, "hand-over"), json={"member_id": "m-other"})

    assert answer.status_code == 200
    (handed,) = await matching.then_said(MatchHandedOver)
    assert (handed.ambassador_ids, handed.version) == (("m-other",), 2)
    assert (await matching.ambassador().get(f"/v1/matches/{match.match_id}")).status_code == 404
    assert (await matching.ambassador("m-other").post(address(match, "endorse"))).status_code == 200


@pytest.mark.parametrize("body", [None, {}, {"member_id": None}])
async def test_without_a_name_it_is_handed_over_to_the_team(matching: Matching, body):
    match = await matching.proposed()

    answer = await matching.ambassador().post(address(match, "hand-over"), json=body)

    assert answer.status_code == 200
    (handed,) = await matching.then_said(MatchHandedOver)
    assert handed.ambassador_ids == (TEAM,)


@pytest.mark.parametrize("by", ["ambassador", "team"])
async def test_who_gets_a_match_reads_what_was_written_with_it_until_they_looked(matching: Matching, by):
    match = await matching.proposed()
    await matching.given(appointed("m-other", provinces=("Zeeland",)))
    giver, to, looks = {
        "ambassador": (matching.ambassador(), None, matching.team()),
        "team": (matching.team(), "m-other", matching.ambassador("m-other")),
    }[by]

    body = {"member_id": to, "note": "De school belde gisteren."}
    handed = await giver.post(address(match, "hand-over"), json=body)

    assert (handed.status_code, handed.json()["version"]) == (200, 2)
    (waiting,) = (await looks.get("/v1/desk/waiting")).json()["items"]
    assert waiting["match"]["note"] == "De school belde gisteren."
    assert await written(matching) == [("De school belde gisteren.", TEAM if to else AMBASSADOR)]
    endorsed = await looks.post(address(match, "endorse"))
    seen = await looks.get(f"/v1/matches/{match.match_id}")
    assert (endorsed.json()["note"], seen.json()["note"], await written(matching)) == (None, None, [(None, None)])


async def test_a_note_with_a_dismissal_takes_the_place_of_the_one_with_the_hand_over(matching: Matching):
    match = await matching.proposed()
    await matching.ambassador().post(address(match, "hand-over"), json={"note": "De school belde gisteren."})

    dismissed = await matching.team().post(address(match, "dismiss"), json={"because": "other", "note": "Al geregeld."})

    seen = await matching.team().get(f"/v1/matches/{match.match_id}")
    assert (dismissed.json()["note"], seen.json()["note"]) == ("Al geregeld.", "Al geregeld.")


async def test_a_colleague_in_the_team_reads_what_another_wrote_though_the_match_stays_theirs(matching: Matching):
    match = await matching.proposed()
    await matching.ambassador().post(address(match, "hand-over"))

    await matching.team().post(address(match, "hand-over"), json={"note": "Ik bel ze morgen."})

    assert (await matching.team().get(f"/v1/matches/{match.match_id}")).json()["note"] == "Ik bel ze morgen."


async def written(matching: Matching) -> list[tuple[str, str]]:
    """What is kept as written beside matches, and by whom, which is what they read of it in their own data."""
    async with matching.service.engine.connect() as connection:
        return [(*row,) for row in await connection.execute(text("SELECT note, note_by FROM match"))]


@pytest.mark.parametrize("to", ["m-nobody", ASKER, OFFERER, "m-stood-down"])
async def test_who_cannot_judge_it_does_not_get_it(matching: Matching, to):
    match = await matching.proposed()
    await matching.given(appointed("m-stood-down"), appointed(ASKER), in_team(OFFERER))
    await matching.given(AmbassadorStoodDown(member_id="m-stood-down", version=3))

    answer = await matching.ambassador().post(address(match, "hand-over"), json={"member_id": to})

    assert (answer.status_code, slug(answer)) == (422, "member-cannot-judge")
    await matching.then_nothing_said()


@pytest.mark.parametrize(
    ("step", "body", "event"),
    [
        ("endorse", None, MatchEndorsed),
        ("dismiss", {"because": "too-far"}, MatchDismissed),
        ("hand-over", {}, MatchHandedOver),
    ],
)
async def test_the_same_step_again_gives_the_match_and_says_nothing_more(matching: Matching, step, body, event):
    match = await matching.proposed()

    seen = {"If-Match": f'"{match.version}"'}
    first, second = [await matching.team().post(address(match, step), json=body, headers=seen) for _ in range(2)]

    assert (first.status_code, first.json(), first.headers["etag"]) == (200, second.json(), second.headers["etag"])
    await matching.then_said(event)


async def test_what_is_judged_is_not_judged_the_other_way(matching: Matching):
    match = await matching.endorsed()

    dismissed = await matching.ambassador().post(address(match, "dismiss"), json={"because": "other"})
    handed = await matching.ambassador().post(address(match, "hand-over"))

    assert (dismissed.status_code, slug(dismissed)) == (409, "match-already-judged")
    assert (handed.status_code, slug(handed)) == (409, "match-already-judged")
    await matching.then_nothing_said()


async def test_of_an_endorsement_and_a_dismissal_at_once_one_counts(matching: Matching):
    match = await matching.proposed()

    answers = await asyncio.gather(
        *(matching.team().post(address(match, "endorse")) for _ in range(3)),
        *(matching.team().post(address(match, "dismiss"), json={"because": "other"}) for _ in range(3)),
        *(matching.team().post(address(match, "hand-over")) for _ in range(3)),
    )

    endorsed, dismissed, _ = [{a.status_code for a in answers[n : n + 3]} for n in (0, 3, 6)]
    assert sorted([*endorsed, *dismissed]) == [200, 409]
    said = [type(event) for _, event in await matching.envelopes()]
    assert said.count(MatchEndorsed) + said.count(MatchDismissed) == 1


async def test_a_step_with_an_old_version_is_refused(matching: Matching):
    match = await matching.proposed()

    old = await matching.ambassador().post(address(match, "endorse"), headers={"If-Match": '"7"'})
    right = await matching.ambassador().post(address(match, "endorse"), headers={"If-Match": '"1"'})

    assert (old.status_code, slug(old)) == (412, "version-conflict")
    assert right.status_code == 200


async def test_a_call_that_is_repeated_with_its_key_has_one_effect(matching: Matching):
    match = await matching.proposed()
    key = {"Idempotency-Key": "0123456789abcdef"}

    first, second = [await matching.ambassador().post(address(match, "endorse"), headers=key) for _ in range(2)]

    assert (first.status_code, first.content) == (200, second.content)
    assert second.headers["idempotency-replayed"] == "true"
    await matching.then_said(MatchEndorsed)


@pytest.mark.parametrize(
    "body", [{}, {"because": "saai"}, {"because": "other", "note": ""}, {"because": "other", "x": 1}]
)
async def test_a_dismissal_says_why(matching: Matching, body):
    match = await matching.proposed()

    assert (await matching.ambassador().post(address(match, "dismiss"), json=body)).status_code == 422
    await matching.then_nothing_said()
