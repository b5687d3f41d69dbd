"""A person with two references answers under both, and is not matched with themselves."""

import pytest

from contracts.desk import HandOverAnswered, HelpAnswered
from contracts.event import new_id
from contracts.matching import MatchAnswered, MatchEndorsed, MatchHandedOver, MatchLapsed, MatchProposed
from contracts.members import AmbassadorStoodDown, MemberMerged, MemberParted
from contracts.vocabulary import Kind
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    OFFERER,
    SCHOOL_AND_COMPANY,
    TEAM,
    Matching,
    a_request,
    an_offer,
    appointed,
    in_team,
    slug,
)
from tests.matching.test_desk import FAR, HELPER, OTHER, asked_over, at_desk, helped


async def test_who_is_asked_under_another_reference_finds_and_answers_it(matching: Matching):
    match = await matching.endorsed()
    person = matching.http_as("stays", also=(ASKER,))

    (found,) = (await person.get("/v1/matches", params={"awaiting_me": "true"})).json()["items"]
    answer = await person.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})

    assert (found["match_id"], found["my_side"], found["waits_for_me"]) == (match.match_id, "request", True)
    assert (answer.status_code, answer.json()["my_answer"]) == (200, True)
    assert (await matching.http_as("stays").get(f"/v1/matches/{match.match_id}")).status_code == 404


async def test_what_runs_between_two_references_of_one_person_ends_and_nothing_new_begins(matching: Matching):
    match = await matching.endorsed()

    await matching.when(MemberMerged(member_id=OFFERER, version=5, into=ASKER))
    (lapsed,) = await matching.said(MatchLapsed)
    assert (lapsed.match_id, lapsed.lapsed_because) == (match.match_id, "closed")

    await matching.when(an_offer(new_id(), kind=Kind.TIP), a_request(new_id(), kind=Kind.TIP))
    assert await matching.said(MatchEndorsed) == []
    await matching.when(
        MemberParted(member_id=OFFERER, version=6, from_id=ASKER),
        MemberMerged(member_id=OFFERER, version=5, into=ASKER),  # late, and older
        an_offer(new_id(), kind=Kind.TIP),
    )
    assert ASKER in [event.asker.member_id for event in await matching.said(MatchEndorsed)]


@pytest.mark.parametrize("leads", [{OFFERER: ASKER}, {ASKER: OFFERER}, {ASKER: "m-stays", OFFERER: "m-stays"}])
async def test_nobody_is_brought_together_by_hand_with_what_they_offer_under_another_reference(around, leads):
    merged = [MemberMerged(member_id=member_id, version=5, into=into) for member_id, into in leads.items()]
    await around.given(*merged, a_request("r"), an_offer("o"))

    made = await at_desk(around).post("/v1/matches", json={"request_id": "r", "offer_id": "o"})
    asked = await at_desk(around).post("/v1/asks", json={"request_id": "r", "member_id": OFFERER})

    assert (made.status_code, slug(made)) == (422, "cannot-be-brought-together")
    assert (asked.status_code, slug(asked)) == (422, "member-cannot-be-asked")


async def test_who_was_asked_to_help_is_not_asked_again_under_another_reference(matching: Matching):
    ask = await helped(matching)
    await matching.given(MemberMerged(member_id=HELPER, version=5, into="m-stays"))

    again = await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": "m-stays"})

    assert (again.status_code, again.json()["ask_id"]) == (201, ask["ask_id"])


@pytest.mark.parametrize("offer_comes", ["before", "after"])
async def test_who_is_asked_to_help_under_one_reference_helps_with_what_they_offer_under_another(matching, offer_comes):
    ask = await helped(matching)
    offer = an_offer("o-help", member_id="m-stays", organisation_id="o-smederij", **FAR)
    await matching.given(MemberMerged(member_id=HELPER, version=5, into="m-stays"))
    if offer_comes == "before":
        await matching.given(offer)

    person = matching.http_as("m-stays", also=(HELPER,))
    yes = await person.post(f"/v1/asks/{ask['ask_id']}/answer", json={"accepted": True, "offer_id": "o-help"})
    if offer_comes == "after":
        await matching.when(offer)

    assert yes.status_code == 200
    (endorsed,) = await matching.said(MatchEndorsed)
    (answered,) = await matching.said(MatchAnswered)
    assert (endorsed.offer_id, answered.side, answered.accepted) == ("o-help", "offer", True)


@pytest.mark.parametrize("offer_comes", ["before", "after"])
async def test_who_turns_out_to_be_who_asks_is_not_brought_together_with_themselves(matching, offer_comes):
    ask = await helped(matching)
    offer = an_offer("o-help", member_id=HELPER, organisation_id="o-smederij", **FAR)
    await matching.given(MemberMerged(member_id=HELPER, version=5, into=ASKER))
    if offer_comes == "before":
        await matching.given(offer)

    person = matching.http_as(ASKER, also=(HELPER,))
    yes = await person.post(f"/v1/asks/{ask['ask_id']}/answer", json={"accepted": True, "offer_id": "o-help"})
    if offer_comes == "after":
        await matching.when(offer)

    assert yes.status_code == (422 if offer_comes == "before" else 200)
    await matching.then_said(*([] if offer_comes == "before" else [HelpAnswered]))


async def test_who_is_an_ambassador_under_another_reference_still_keeps_what_waits_for_them(matching: Matching):
    match_id = await asked_over(matching)
    for reference, stays in ((AMBASSADOR, "m-first"), (OTHER, "m-stays")):
        await matching.given(appointed(stays), MemberMerged(member_id=reference, version=5, into=stays))

    await matching.when(*(AmbassadorStoodDown(member_id=one, version=6) for one in (AMBASSADOR, OTHER)))

    await matching.then_nothing_said()
    person = matching.http_as("m-first", roles=("ambassador",), also=(AMBASSADOR,))
    (waiting,) = (await person.get("/v1/desk/waiting")).json()["items"]
    assert (waiting["match"]["match_id"], waiting["asked_instead"]) == (match_id, OTHER)

    await matching.when(AmbassadorStoodDown(member_id="m-stays", version=6))
    (answered,) = await matching.then_said(HandOverAnswered)
    assert (answered.member_id, answered.accepted) == (OTHER, False)

    await matching.given(appointed("m-next"))
    await matching.when(AmbassadorStoodDown(member_id="m-first", version=6))
    (handed,) = await matching.then_said(MatchHandedOver)
    assert handed.ambassador_ids == ("m-next",)


async def test_nobody_is_given_a_match_that_they_are_a_side_of_under_another_reference(matching: Matching):
    await matching.given(*SCHOOL_AND_COMPANY, in_team(), appointed(), appointed(OTHER, provinces=("Zeeland",)))
    await matching.given(*(MemberMerged(member_id=one, version=5, into=ASKER) for one in (AMBASSADOR, OTHER)))

    await matching.when(a_request("r"), an_offer("o"))

    (match,) = await matching.said(MatchProposed)
    assert match.ambassador_ids == (TEAM,)
    handed = await matching.team().post(f"/v1/matches/{match.match_id}/hand-over", json={"member_id": OTHER})
    assert (handed.status_code, slug(handed)) == (422, "member-cannot-judge")


async def test_who_turns_out_to_be_a_side_of_what_they_look_at_leaves_it_to_another(matching: Matching):
    match = await matching.proposed()

    await matching.when(MemberMerged(member_id=AMBASSADOR, version=5, into=OFFERER))

    (handed,) = await matching.then_said(MatchHandedOver)
    assert (handed.match_id, handed.ambassador_ids) == (match.match_id, (TEAM,))
    await matching.given(appointed("m-next"))
    await matching.when(MemberMerged(member_id="m-next", version=5, into=OFFERER))
    await matching.then_nothing_said()


async def test_who_turns_out_to_be_a_side_of_what_they_are_asked_to_look_at_does_not(matching: Matching):
    match_id = await asked_over(matching)
    await matching.given(MemberMerged(member_id=OTHER, version=5, into=ASKER))
    person = matching.http_as(ASKER, also=(OTHER,), roles=("ambassador",))

    yes, no = [
        await person.post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": accepted})
        for accepted in (True, False)
    ]

    assert (yes.status_code, slug(yes), no.status_code) == (422, "member-cannot-judge", 204)
