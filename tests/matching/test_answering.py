"""The two sides answer: two times yes makes an introduction, one no ends the match."""

import asyncio

import pytest

from contracts.matching import IntroductionMade, MatchAnswered, MatchEndorsed, MatchLapsed, MatchProposed
from contracts.requests import RequestClosed
from contracts.vocabulary import Kind, Side, Status
from tests.matching.conftest import ASKER, OFFERER, Matching, a_request, an_offer, slug

YES, NO = {"accepted": True}, {"accepted": False, "because": "no-capacity"}


def address(match: MatchEndorsed) -> str:
    """Where a side answers."""
    return f"/v1/matches/{match.match_id}/answer"


async def test_two_times_yes_makes_an_introduction(matching: Matching):
    match = await matching.endorsed()

    first = await matching.offerer.post(address(match), json=YES)
    second = await matching.asker.post(address(match), json=YES)

    assert (first.json()["state"], first.json()["my_answer"], first.json()["awaiting"]) == (
        "endorsed",
        True,
        ["request"],
    )
    assert (second.json()["state"], second.json()["awaiting"]) == ("introduced", [])
    said = await matching.said(MatchAnswered)
    assert [(answer.side, answer.accepted, answer.version) for answer in said] == [
        (Side.OFFER, True, 3),
        (Side.REQUEST, True, 4),
    ]
    *_, introduction = await matching.then_said(MatchAnswered, MatchAnswered, IntroductionMade)
    assert (introduction.asker.member_id, introduction.offerer.member_id, introduction.version) == (ASKER, OFFERER, 5)


async def test_of_two_answers_at_once_one_introduction_is_made(matching: Matching):
    match = await matching.endorsed()

    answers = await asyncio.gather(
        *(side.post(address(match), json=YES) for side in (matching.asker, matching.offerer) for _ in range(5))
    )

    assert {answer.status_code for answer in answers} == {200}
    await matching.then_said(MatchAnswered, MatchAnswered, IntroductionMade)


async def test_many_matches_answered_at_once_in_any_order_make_an_introduction_each(matching: Matching):
    await matching.given(
        *[a_request(member_id=f"asker-{n}", organisation_id=f"s-{n}", kind=Kind.TIP) for n in range(6)],
        an_offer(kind=Kind.TIP),
    )
    ids = [view["match_id"] for view in (await matching.team().get("/v1/matches")).json()["items"]]
    by_side = [(matching.http_as(f"asker-{n}"), matching.offerer) for n in range(6)]

    answers = await asyncio.gather(
        *(asker.post(f"/v1/matches/{match_id}/answer", json=YES) for asker, _ in by_side for match_id in ids),
        *(
            offerer.post(f"/v1/matches/{match_id}/answer", json=YES)
            for _, offerer in by_side[:2]
            for match_id in ids[::-1]
        ),
    )

    assert {answer.status_code for answer in answers} == {200, 404}  # somebody else's match does not exist
    assert len(await matching.said(IntroductionMade)) == len(ids) == 6


async def test_one_no_ends_the_match_and_the_next_best_has_its_turn(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    await matching.asker.post(address(match), json=YES)
    for n in range(2):
        await matching.given(an_offer(organisation_id=f"o-{n}"))
    await matching.given(an_offer("next", organisation_id="o-next", place="Arnhem"))

    answer = await matching.offerer.post(address(match), json=NO)

    view = answer.json()
    assert (view["state"], view["lapsed_because"], view["declined_because"]) == ("lapsed", "declined", "no-capacity")
    answered, lapsed, following = await matching.then_said(MatchAnswered, MatchLapsed, MatchProposed)
    assert (answered.side, answered.accepted) == (Side.OFFER, False)
    assert (lapsed.lapsed_because, lapsed.asked, lapsed.accepted) == ("declined", (ASKER, OFFERER), (ASKER,))
    assert following.offer_id == "next"
    seen = (await matching.asker.get(f"/v1/matches/{match.match_id}")).json()
    assert (seen["state"], seen["declined_because"]) == ("lapsed", None)  # why is not for the other side


@pytest.mark.parametrize("answer", [YES, NO])
async def test_the_same_answer_again_changes_nothing(matching: Matching, answer):
    match = await matching.endorsed()
    seen = {"If-Match": f'"{match.version}"'}
    first = await matching.asker.post(address(match), json=answer, headers=seen)
    await matching.given()

    again = await matching.asker.post(address(match), json={"accepted": answer["accepted"]}, headers=seen)

    assert (again.status_code, again.json()) == (200, first.json())
    await matching.then_nothing_said()


async def test_an_answer_is_not_taken_back(matching: Matching):
    match = await matching.endorsed()
    await matching.asker.post(address(match), json=YES)

    refused = await matching.asker.post(address(match), json=NO)

    assert (refused.status_code, slug(refused)) == (409, "match-already-answered")


async def test_a_match_that_ended_cannot_be_answered(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer())
    await matching.given(a_request("r", said=RequestClosed, version=2, status=Status.FULFILLED))

    refused = await matching.offerer.post(address(match), json=YES)

    assert (refused.status_code, slug(refused)) == (409, "match-ended")
    await matching.then_nothing_said()


async def test_only_the_sides_answer(matching: Matching):
    match = await matching.endorsed()

    for who in (matching.ambassador(), matching.team()):
        refused = await who.post(address(match), json=YES)
        assert (refused.status_code, slug(refused)) == (409, "match-not-awaiting-you")
    assert (await matching.http_as("m-somebody").post(address(match), json=YES)).status_code == 404
    assert (await matching.http.post(address(match), json=YES)).status_code == 401


async def test_nobody_answers_before_an_ambassador_looked(matching: Matching):
    match = await matching.proposed()

    for side in (matching.asker, matching.offerer):
        assert (await side.post(address(match), json=YES)).status_code == 404


@pytest.mark.parametrize(
    "body", [{}, {"accepted": None}, {"accepted": True, "because": "other"}, {"accepted": False, "because": "zomaar"}]
)
async def test_an_answer_is_yes_or_no_and_only_a_no_has_a_reason(matching: Matching, body):
    match = await matching.endorsed()

    assert (await matching.asker.post(address(match), json=body)).status_code == 422
    await matching.then_nothing_said()


async def test_an_answer_and_the_end_of_the_request_at_once_leave_one_outcome(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer())
    await matching.offerer.post(address(match), json=YES)

    answer, _ = await asyncio.gather(
        matching.asker.post(address(match), json=YES),
        matching.publish(a_request("r", said=RequestClosed, version=2, status=Status.WITHDRAWN)),
    )

    introduced, lapsed = len(await matching.said(IntroductionMade)), len(await matching.said(MatchLapsed))
    assert (introduced, lapsed) == ((1, 0) if answer.status_code == 200 else (0, 1))


@pytest.mark.parametrize(
    ("who", "because", "others"),
    [
        ("offerer", "no-capacity", []),
        ("offerer", "other-need", []),
        ("asker", "too-far", []),
        ("asker", "other", []),
        ("asker", "other-need", ["second"]),
        ("ambassador", "too-far", []),
        ("ambassador", "no-capacity", []),
        ("ambassador", "wrong-level", ["second"]),
    ],
)
async def test_after_a_no_the_same_organisation_comes_back_only_where_it_was_about_one_offer(
    matching: Matching, who, because, others
):
    propose = matching.proposed if who == "ambassador" else matching.endorsed
    match = await propose(a_request("r"), an_offer("o"))
    await matching.given(an_offer("second"))

    if who == "ambassador":
        await matching.ambassador().post(f"/v1/matches/{match.match_id}/dismiss", json={"because": because})
    else:
        no = {"accepted": False, "because": because}
        await (matching.asker if who == "asker" else matching.offerer).post(address(match), json=no)

    assert [proposed.offer_id for proposed in await matching.said(MatchProposed)] == others
    await matching.given()
    await matching.when(an_offer("third"))
    assert [proposed.offer_id for proposed in await matching.said(MatchProposed)] == []
