"""What an ambassador who stands down, or is erased, was in the middle of goes on with somebody else."""

import pytest

from contracts.desk import HandOverAsked, HandOverTakenBack, HelpAnswered
from contracts.matching import IntroductionMade, MatchAnswered, MatchEndorsed, MatchHandedOver
from contracts.members import AmbassadorStoodDown, MemberErased, MemberMerged
from tests.matching.conftest import AMBASSADOR, OFFERER, TEAM, Matching, an_offer, appointed, in_team
from tests.matching.test_desk import FAR, HELPER, OTHER, asked_over, helped

STANDS_DOWN = AmbassadorStoodDown(member_id=AMBASSADOR, version=3)
ERASED = MemberErased(member_id=AMBASSADOR, version=9)
ITS_OFFER = an_offer("o-help", member_id=HELPER, organisation_id="o-smederij", **FAR)


@pytest.mark.parametrize("leaves", [STANDS_DOWN, ERASED])
async def test_what_the_sides_answer_is_told_to_who_looks_at_it_now(around: Matching, leaves):
    endorsed = await around.endorsed()
    await around.given(appointed(OTHER))

    await around.when(leaves)
    assert await around.said(MatchHandedOver) == []  # it was looked at already: nobody need do anything
    for side in (around.asker, around.offerer):
        answer = await side.post(f"/v1/matches/{endorsed.match_id}/answer", json={"accepted": True})
        assert answer.status_code == 200

    told = [*await around.said(MatchAnswered), *await around.said(IntroductionMade)]
    assert [one.ambassador_ids for one in told] == [(OTHER,)] * 3
    assert (await around.ambassador(OTHER).get(f"/v1/matches/{endorsed.match_id}")).status_code == 200


@pytest.mark.parametrize("colleagues", [(appointed(OTHER),), (in_team(OTHER),), ()])
async def test_what_a_helper_answers_is_told_to_who_looks_after_it_now(matching: Matching, colleagues):
    ask = await helped(matching)
    await matching.given(ITS_OFFER, *colleagues, STANDS_DOWN)

    yes = {"accepted": True, "offer_id": ITS_OFFER.offer_id}
    answer = await matching.running.http_as(HELPER).post(f"/v1/asks/{ask['ask_id']}/answer", json=yes)

    assert answer.status_code == 200
    (answered,), (endorsed,) = await matching.said(HelpAnswered), await matching.said(MatchEndorsed)
    expected = (OTHER, (OTHER,)) if colleagues else ("", ())
    assert (answered.asked_by, endorsed.ambassador_ids) == expected


@pytest.mark.parametrize("erased_when", ["promised", "asked"])
async def test_what_was_asked_of_a_helper_and_promised_outlives_the_ambassador_who_asked(matching, erased_when):
    ask, helper = await helped(matching), matching.running.http_as(HELPER)
    await matching.given(in_team())
    page, yes = f"/v1/asks/{ask['ask_id']}", {"accepted": True, "offer_id": ITS_OFFER.offer_id}

    if erased_when == "asked":
        await matching.given(ERASED)
    assert (await helper.post(f"{page}/answer", json=yes)).status_code == 200
    if erased_when == "promised":
        await matching.given(ERASED)
    await matching.when(ITS_OFFER)

    (endorsed,) = await matching.said(MatchEndorsed)
    assert (endorsed.offer_id, endorsed.ambassador_ids) == (ITS_OFFER.offer_id, (TEAM,))
    seen = (await helper.get(page)).json()
    assert (seen["asked_by"], seen["note"]) == ("", None)


async def test_whom_an_ambassador_asked_to_look_gets_it_with_the_note_when_that_one_stands_down(matching: Matching):
    match_id = await asked_over(matching)  # of somebody of another province, whom the routing would pass over
    (asked,) = await matching.said(HandOverAsked)
    await matching.given()

    await matching.when(STANDS_DOWN)

    handed, over = await matching.then_said(MatchHandedOver, HandOverTakenBack)
    assert (handed.ambassador_ids, over.hand_over_id) == ((OTHER,), asked.hand_over_id)
    (waiting,) = (await matching.ambassador(OTHER).get("/v1/desk/waiting")).json()["items"]
    assert (waiting["match"]["match_id"], waiting["match"]["note"]) == (match_id, "Jij kent deze school.")
    assert (await matching.ambassador(OTHER).get("/v1/hand-overs")).json() == []


async def test_who_was_asked_to_look_and_is_a_side_under_another_address_does_not_get_it(matching: Matching):
    await asked_over(matching)
    await matching.given(MemberMerged(member_id=OTHER, version=5, into=OFFERER))

    await matching.when(STANDS_DOWN)

    (handed,) = await matching.said(MatchHandedOver)
    assert handed.ambassador_ids == (TEAM,)


async def to_the_team(matching: Matching, match_id: str) -> None:
    """The ambassador gives it away after all."""
    answer = await matching.ambassador().post(f"/v1/matches/{match_id}/hand-over", json={})
    assert answer.status_code == 200


async def patience_ends(matching: Matching, match_id: str) -> None:
    """The ambassador leaves it."""
    for hours in (72, 96):
        await matching.later(hours=hours)


@pytest.mark.parametrize("goes", [to_the_team, patience_ends])
async def test_what_was_asked_of_another_is_over_when_the_match_goes_elsewhere_and_stays_so(matching, goes):
    match_id = await asked_over(matching)
    (asked,) = await matching.said(HandOverAsked)

    await goes(matching, match_id)

    assert [one.hand_over_id for one in await matching.said(HandOverTakenBack)] == [asked.hand_over_id]
    back = await matching.team().post(f"/v1/matches/{match_id}/hand-over", json={"member_id": AMBASSADOR})
    assert back.status_code == 200
    assert (await matching.ambassador(OTHER).get("/v1/hand-overs")).json() == []
    (waiting,) = (await matching.ambassador().get("/v1/desk/waiting")).json()["items"]
    assert waiting["asked_instead"] is None
