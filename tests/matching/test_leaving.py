"""What an ambassador who stands down, or is erased, was in the middle of goes on with somebody else."""

import pytest

from contracts.desk import HelpAnswered
from contracts.matching import IntroductionMade, MatchAnswered, MatchEndorsed, MatchHandedOver
from contracts.members import AmbassadorStoodDown, MemberErased
from tests.matching.conftest import AMBASSADOR, TEAM, Matching, an_offer, appointed, in_team
from tests.matching.test_desk import FAR, HELPER, OTHER, helped

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
