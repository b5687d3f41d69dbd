"""An ambassador's desk: what is new, what waits, asking others, bringing together by hand, and coming back to it."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Identity
from chassis.paging import PageAsked
from contracts.deeds import Deed, DeedDone
from contracts.desk import (
    FollowUpCame,
    FollowUpDue,
    HandOverAnswered,
    HandOverAsked,
    HandOverTakenBack,
    HelpAnswered,
    HelpAsked,
)
from contracts.event import Event
from contracts.matching import (
    MatchAnswered,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MemberForgotten,
)
from contracts.members import AmbassadorScope, AmbassadorStoodDown, MemberErased
from contracts.requests import OfferChanged, OfferClosed, RequestClosed
from contracts.vocabulary import Kind, Role, Status, Theme
from services.matching import desk_rules, following_up, nearby
from tests.matching.conftest import (
    AMBASSADOR,
    ASKER,
    OFFERER,
    Matching,
    a_request,
    an_offer,
    an_organisation,
    appointed,
    as_proposition,
    in_team,
    slug,
)
from tests.matching.test_erasure import everything

UTRECHT = AmbassadorScope(provinces=("Utrecht",))
OTHER, HELPER = "m-other", "m-helper"
FAR = {"kind": Kind.INTERNSHIP, "themes": (Theme.ROBOTISATION,), "place": "Maastricht", "title": "Lassen met een robot"}


def at_desk(matching: Matching, member_id: str = AMBASSADOR, scope: AmbassadorScope = UTRECHT) -> Any:
    """An ambassador, with the scope that members tells of them."""
    return matching.running.http_as(member_id, roles=("ambassador",), scope=scope)


async def rings(matching: Matching, timer: Event, **later: float) -> list[Event]:
    """Time passes, and the broker's timer rings; what is said besides the timer itself."""
    matching.clock.move(**later)
    await matching.when(timer)
    return [event for _, event in await matching.envelopes() if type(event) is not type(timer)]


async def helped(matching: Matching, **draft: Any) -> dict[str, Any]:
    """The ambassador showed a request to somebody who may have the answer."""
    await matching.given(an_organisation("o-smederij", "De Smederij"), a_request("r"), appointed())
    asked = {"request_id": "r", "member_id": HELPER, "note": "Jij deed dit vorig jaar ook."} | draft
    answer = await at_desk(matching).post("/v1/asks", json=asked)
    assert answer.status_code == 201, answer.text
    return answer.json()


# What is new, and what waits.


async def test_what_others_ask_and_offer_in_my_scope_is_new_the_newest_first(around: Matching):
    around.clock.move(days=-40)
    await around.given(a_request("r-old"))
    around.clock.move(days=40)
    mine = a_request("r-mine", member_id=AMBASSADOR)
    await around.given(an_offer("o"), a_request("r"), a_request("r-far", place="Groningen"), mine)

    first = (await at_desk(around).get("/v1/desk/new", params={"limit": 1})).json()
    rest = (await at_desk(around).get("/v1/desk/new", params={"cursor": first["next_cursor"]})).json()
    of_team = (await around.team().get("/v1/desk/new")).json()

    assert [one["proposition_id"] for one in (*first["items"], *rest["items"])] == ["r", "o"]
    assert (first["items"][0]["side"], first["items"][0]["running"], rest["items"][0]["running"]) == ("request", 1, 3)
    assert [one["proposition_id"] for one in of_team["items"]] == ["r-mine", "r-far", "r", "o"]
    assert (await around.asker.get("/v1/desk/new")).status_code == 403


async def test_the_page_after_what_is_gone_meanwhile_goes_on_where_it_was(around: Matching):
    await around.given(a_request("r-1"), a_request("r-2", member_id="m-leaves"))
    first = (await at_desk(around).get("/v1/desk/new", params={"limit": 1})).json()

    await around.given(MemberErased(member_id="m-leaves", version=9))
    rest = (await at_desk(around).get("/v1/desk/new", params={"cursor": first["next_cursor"]})).json()

    assert [one["proposition_id"] for one in (*first["items"], *rest["items"])] == ["r-2", "r-1"]


SCOPES = (
    AmbassadorScope(provinces=("Utrecht",)),
    AmbassadorScope(organisation_ids=("o-vechtdal",)),
    AmbassadorScope(organisation_ids=("o-vechtdal",), provinces=("Gelderland",)),
    AmbassadorScope(themes=(Theme.BIODIVERSITY,)),
    AmbassadorScope(themes=(Theme.BIODIVERSITY,), provinces=("Utrecht",)),
    AmbassadorScope(themes=(Theme.BIODIVERSITY,), organisation_ids=("o-elders",), provinces=("Gelderland", "Utrecht")),
)


async def test_what_is_new_is_cut_as_the_rule_says(around: Matching):
    """The query narrows by scope as `routing.covers` decides: a page can only be cut there."""
    events = [
        a_request(f"r-{n}", place=place, organisation_id=organisation, themes=themes)
        for n, (place, organisation, themes) in enumerate(
            (place, organisation, themes)
            for place in ("Utrecht", "Arnhem")
            for organisation in ("o-vechtdal", "o-elders")
            for themes in ((Theme.BIODIVERSITY,), (Theme.ROBOTISATION, Theme.BIODIVERSITY), (Theme.ROBOTISATION,))
        )
    ]
    await around.given(*events)
    paging, now = PageAsked(cursor=None, limit=50), around.clock()

    async with around.session() as session:
        for scope in SCOPES:
            who = _identity(scope)
            rows = await nearby.new(session, who, paging, now)
            ruled = {e.request_id for e in events if desk_rules.looks_after(as_proposition(e), who.roles, scope)}
            assert {row["proposition_id"] for row in rows} == ruled, scope


def _identity(scope: AmbassadorScope) -> Identity:
    return Identity(member_id=AMBASSADOR, roles=frozenset({Role.AMBASSADOR.value}), scope=scope)


async def test_what_waits_longest_is_looked_at_first(matching: Matching):
    first = await matching.proposed()
    matching.clock.move(days=3)
    await matching.given(a_request("r-2"))

    first_page = (await at_desk(matching).get("/v1/desk/waiting", params={"limit": 1})).json()
    rest = (await at_desk(matching).get("/v1/desk/waiting", params={"cursor": first_page["next_cursor"]})).json()

    assert [one["match"]["match_id"] for one in first_page["items"]] == [first.match_id]
    assert [one["match"]["request"]["request_id"] for one in rest["items"]] == ["r-2"]
    assert (await at_desk(matching, OTHER).get("/v1/desk/waiting")).json()["items"] == []


async def test_who_judges_the_last_match_of_a_page_finds_all_others_on_the_next(around: Matching):
    await around.given(an_offer("o"))
    for n in range(4):
        around.clock.move(hours=1)
        await around.given(a_request(f"r-{n}"))
    page = (await at_desk(around).get("/v1/desk/waiting", params={"limit": 1})).json()
    (waited_longest,) = page["items"]

    judged = await at_desk(around).post(f"/v1/matches/{waited_longest['match']['match_id']}/endorse")
    rest = (await at_desk(around).get("/v1/desk/waiting", params={"cursor": page["next_cursor"]})).json()

    assert (judged.status_code, waited_longest["match"]["request"]["request_id"]) == (200, "r-0")
    assert [one["match"]["request"]["request_id"] for one in rest["items"]] == ["r-1", "r-2", "r-3"]


@pytest.mark.parametrize("what", ["new", "waiting"])
async def test_a_cursor_that_we_did_not_give_is_a_wrong_field(matching: Matching, what):
    answer = await at_desk(matching).get(f"/v1/desk/{what}", params={"cursor": "0001-01-01T00:00:00+14:00~r"})
    assert (answer.status_code, slug(answer)) == (422, "invalid-fields")


# Asking another ambassador.


async def asked_over(matching: Matching) -> str:
    """The ambassador asks another to look instead."""
    match = await matching.proposed()
    await matching.given(appointed(OTHER, provinces=("Zeeland",)))
    body = {"member_id": OTHER, "note": "Jij kent deze school."}
    answer = await matching.ambassador().post(f"/v1/matches/{match.match_id}/hand-over", json=body)
    assert (answer.status_code, answer.json()["version"]) == (200, 1)
    return match.match_id


async def test_another_ambassador_is_asked_and_the_match_stays_until_they_say_yes(matching: Matching):
    match_id = await asked_over(matching)
    (asked,) = await matching.then_said(HandOverAsked)
    assert (asked.asked_by, asked.member_id, asked.asker_id, asked.match_version) == (AMBASSADOR, OTHER, ASKER, 1)
    (waiting,) = (await matching.ambassador().get("/v1/desk/waiting")).json()["items"]
    assert waiting["asked_instead"] == OTHER

    (seen,) = (await matching.ambassador(OTHER).get("/v1/hand-overs")).json()
    await matching.given()
    yes = await matching.ambassador(OTHER).post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": True})

    assert (seen["match"]["match_id"], seen["note"], seen["asked_by"]) == (
        match_id,
        "Jij kent deze school.",
        AMBASSADOR,
    )
    twice = await matching.ambassador(OTHER).post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": True})
    assert (yes.status_code, twice.status_code) == (204, 204)
    handed, answered = await matching.then_said(MatchHandedOver, HandOverAnswered)
    assert (handed.ambassador_ids, handed.said_yes, answered.accepted) == ((OTHER,), True, True)
    (waiting,) = (await matching.ambassador(OTHER).get("/v1/desk/waiting")).json()["items"]
    assert waiting["match"]["note"] == "Jij kent deze school."  # which they said yes to
    assert (await matching.ambassador(OTHER).post(f"/v1/matches/{match_id}/endorse")).status_code == 200
    assert (await matching.ambassador(OTHER).get("/v1/hand-overs")).json() == []


async def test_after_a_no_it_stays_and_somebody_else_can_be_asked(matching: Matching):
    match_id = await asked_over(matching)
    await matching.given(appointed("m-third"))
    other, own = matching.ambassador(OTHER), matching.ambassador()
    again = await own.post(f"/v1/matches/{match_id}/hand-over", json={"member_id": "m-third"})

    no = await other.post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": False})
    twice = await other.post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": False})
    third = await own.post(f"/v1/matches/{match_id}/hand-over", json={"member_id": "m-third"})

    assert (again.status_code, slug(again)) == (409, "hand-over-waits")
    assert (no.status_code, twice.status_code, third.status_code) == (204, 204, 200)
    changed = await other.post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": True})
    assert (changed.status_code, slug(changed)) == (404, "hand-over-not-found")
    assert len(await matching.said(MatchHandedOver)) == 0
    assert (await own.post(f"/v1/matches/{match_id}/endorse")).status_code == 200
    gone = await matching.ambassador("m-third").post(f"/v1/hand-overs/{match_id}/answer", json={"accepted": True})
    assert (gone.status_code, slug(gone)) == (404, "hand-over-not-found")


async def test_what_was_asked_can_be_taken_back_by_who_asked(matching: Matching):
    match_id = await asked_over(matching)
    (asked,) = await matching.said(HandOverAsked)

    strange = await matching.ambassador(OTHER).delete(f"/v1/hand-overs/{match_id}")
    back = [await matching.ambassador().delete(f"/v1/hand-overs/{match_id}") for _ in range(2)]

    assert [strange.status_code, *(one.status_code for one in back)] == [404, 204, 204]
    assert [one.hand_over_id for one in await matching.said(HandOverTakenBack)] == [asked.hand_over_id]
    assert (await matching.ambassador(OTHER).get("/v1/hand-overs")).json() == []


@pytest.mark.parametrize("of_the_team_too", [False, True])
async def test_who_stood_down_before_they_answered_keeps_no_match_waiting(matching: Matching, of_the_team_too):
    match_id = await asked_over(matching)
    await matching.given(*([in_team(OTHER)] if of_the_team_too else []))

    await matching.when(AmbassadorStoodDown(member_id=OTHER, version=3))

    answered = await matching.said(HandOverAnswered)
    (waiting,) = (await matching.ambassador().get("/v1/desk/waiting")).json()["items"]
    if of_the_team_too:
        assert (answered, waiting["asked_instead"]) == ([], OTHER)
        return
    assert [(one.match_id, one.asked_by, one.accepted) for one in answered] == [(match_id, AMBASSADOR, False)]
    assert (waiting["match"]["match_id"], waiting["asked_instead"]) == (match_id, None)
    await matching.given(appointed(OTHER, version=4))
    assert (await matching.ambassador(OTHER).get("/v1/hand-overs")).json() == []


# Bringing two together by hand.


async def test_who_looks_after_a_request_puts_it_next_to_an_offer_whatever_the_score(around: Matching):
    await around.given(a_request("r"), an_offer("o-far", **FAR))
    body = {"request_id": "r", "offer_id": "o-far"}

    strange = await at_desk(around, OTHER, AmbassadorScope(provinces=("Zeeland",))).post("/v1/matches", json=body)
    first, again = [await at_desk(around).post("/v1/matches", json=body) for _ in range(2)]

    assert (strange.status_code, slug(strange)) == (404, "request-not-yours-to-look-after")
    assert (first.status_code, first.json()["state"]) == (201, "endorsed")
    assert first.headers["location"] == f"/v1/matches/{first.json()['match_id']}"
    assert first.json()["match_id"] == again.json()["match_id"]
    (endorsed,) = await around.then_said(MatchEndorsed)
    assert (endorsed.request_id, endorsed.offer_id, endorsed.ambassador_ids) == ("r", "o-far", (AMBASSADOR,))
    page = (await at_desk(around).get("/v1/desk/requests/r")).json()
    assert [(m["offer_id"], m["state"]) for m in page["matches"]] == [("o-far", "endorsed")]
    (deed, _) = await around.said(DeedDone)
    assert (deed.deed, deed.done_by, deed.role, set(deed.whose)) == (
        Deed.MATCH_MADE, AMBASSADOR, Role.AMBASSADOR, {ASKER, OFFERER},
    )  # fmt: skip


async def test_a_pair_that_waited_for_a_look_is_endorsed_and_one_that_came_to_nothing_is_left(matching: Matching):
    waits = await matching.proposed(a_request("r"), an_offer("o"))
    made = await at_desk(matching).post("/v1/matches", json={"request_id": "r", "offer_id": "o"})
    await matching.asker.post(f"/v1/matches/{waits.match_id}/answer", json={"accepted": False})
    again = await at_desk(matching).post("/v1/matches", json={"request_id": "r", "offer_id": "o"})

    assert (made.status_code, made.json()["match_id"]) == (201, waits.match_id)
    assert (again.status_code, slug(again)) == (409, "matched-before")


async def lapsed(matching: Matching, *, looked_at: bool = True) -> MatchLapsed:
    """The ambassador's match of `r` and `o` ended because the sides, or who looks, did not answer."""
    if looked_at:
        match = await matching.endorsed(a_request("r"), an_offer("o"))
        await matching.asker.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    else:
        await matching.proposed(a_request("r"), an_offer("o"))
    for hours in (72, 96) if looked_at else (72, 96, 72, 96):
        await matching.given()
        await matching.later(hours=hours)
    (ended,) = await matching.said(MatchLapsed)
    assert ended.lapsed_because == "unanswered"
    await matching.given()
    return ended


@pytest.mark.parametrize("looked_at", [True, False])
async def test_two_of_whom_somebody_did_not_answer_are_brought_together_again_by_hand(matching, looked_at):
    first = await lapsed(matching, looked_at=looked_at)

    again, twice = [
        await at_desk(matching).post("/v1/matches", json={"request_id": "r", "offer_id": "o"}) for _ in range(2)
    ]

    assert (again.status_code, again.json()["state"]) == (201, "endorsed")
    assert twice.json()["match_id"] == again.json()["match_id"]
    (endorsed,) = await matching.said(MatchEndorsed)
    assert (endorsed.score, endorsed.reasons) == (first.score, first.reasons)
    page = (await at_desk(matching).get("/v1/desk/requests/r")).json()
    assert [one["lapsed_because"] for one in page["matches"]] == ["unanswered", None]


@pytest.mark.parametrize(
    ("offer", "problem"),
    [
        (an_offer("o", member_id=ASKER), "cannot-be-brought-together"),
        (an_offer("o", said=OfferClosed, status=Status.WITHDRAWN), "offer-not-open"),
        (an_offer("o-other"), "offer-not-open"),
    ],
)
async def test_nobody_is_brought_together_with_themselves_or_with_what_is_gone(around: Matching, offer, problem):
    await around.given(a_request("r"), offer)
    answer = await at_desk(around).post("/v1/matches", json={"request_id": "r", "offer_id": "o"})
    assert slug(answer) == problem


# Asking a member to help.


async def test_a_member_is_shown_a_request_and_nobody_else_sees_it(matching: Matching):
    ask = await helped(matching)

    (asked,) = await matching.said(HelpAsked)
    assert (asked.member_id, asked.asked_by, asked.request_id, asked.request_version) == (HELPER, AMBASSADOR, "r", 1)
    assert "vorig jaar" not in str(asked)
    seen = (await matching.running.http_as(HELPER).get(f"/v1/asks/{ask['ask_id']}")).json()
    assert (seen["request"]["title"], seen["note"]) == ("Gastles over warmtepompen", "Jij deed dit vorig jaar ook.")
    assert ASKER not in str(seen)
    for other in (matching.offerer, at_desk(matching), matching.team()):
        assert (await other.get(f"/v1/asks/{ask['ask_id']}")).status_code == 404
    again = await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": HELPER})
    own = await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": ASKER})
    assert again.json()["ask_id"] == ask["ask_id"]
    assert (own.status_code, slug(own)) == (422, "member-cannot-be-asked")


@pytest.mark.parametrize("offer_comes", ["before", "after"])
async def test_with_a_yes_their_offer_is_put_next_to_the_request_and_they_said_yes_already(matching, offer_comes):
    ask = await helped(matching)
    offer = an_offer("o-help", member_id=HELPER, organisation_id="o-smederij", **FAR)
    if offer_comes == "before":
        await matching.given(offer)
    helper = matching.running.http_as(HELPER)

    answers = [
        await helper.post(f"/v1/asks/{ask['ask_id']}/answer", json={"accepted": True, "offer_id": "o-help"})
        for _ in range(2)
    ]
    if offer_comes == "after":
        assert await matching.said(MatchEndorsed) == []
        await matching.when(offer)

    assert [answer.status_code for answer in answers] == [200, 200]
    assert len(await matching.said(HelpAnswered)) == 1
    (endorsed,) = await matching.said(MatchEndorsed)
    (yes,) = await matching.said(MatchAnswered)
    assert (endorsed.offer_id, yes.side, yes.accepted) == ("o-help", "offer", True)
    no = await helper.post(f"/v1/asks/{ask['ask_id']}/answer", json={"accepted": False})
    assert (no.status_code, slug(no)) == (409, "ask-answered-before")


async def test_who_helps_with_an_offer_that_was_not_answered_has_the_other_asked_again_and_that_once(matching):
    await lapsed(matching)
    ask = (await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": OFFERER})).json()
    yes = {"accepted": True, "offer_id": "o"}

    answer = await matching.offerer.post(f"/v1/asks/{ask['ask_id']}/answer", json=yes)
    assert (answer.status_code, answer.json()["accepted"]) == (200, True)
    (endorsed,), (said_yes,) = await matching.said(MatchEndorsed), await matching.said(MatchAnswered)
    assert (endorsed.offer_id, said_yes.match_id, said_yes.side) == ("o", endorsed.match_id, "offer")

    for hours in (72, 96):
        await matching.given()
        await matching.later(hours=hours)
    await matching.given(an_offer("o", said=OfferChanged, version=2))
    await matching.then_nothing_said()


@pytest.mark.parametrize(
    ("meanwhile", "problem"),
    [
        ([a_request("r", said=RequestClosed, version=2, status=Status.FULFILLED)], (404, "request-not-open")),
        ([an_offer("o", said=OfferClosed, version=2, status=Status.WITHDRAWN)], (404, "offer-not-open")),
    ],
)
async def test_a_yes_of_which_nothing_can_come_is_refused_and_nobody_is_told(around: Matching, meanwhile, problem):
    await around.given(a_request("r"), an_offer("o", **FAR))
    ask = (await at_desk(around).post("/v1/asks", json={"request_id": "r", "member_id": OFFERER})).json()
    await around.given(*meanwhile)

    yes = await around.offerer.post(f"/v1/asks/{ask['ask_id']}/answer", json={"accepted": True, "offer_id": "o"})

    assert (yes.status_code, slug(yes)) == problem
    await around.then_nothing_said()
    assert (await around.offerer.get(f"/v1/asks/{ask['ask_id']}")).json()["accepted"] is None


@pytest.mark.parametrize("said", [(False,), (True, True)])
async def test_who_helps_with_an_offer_that_was_refused_or_led_to_meeting_is_asked_for_another(matching, said):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    for side, accepted in zip((matching.asker, matching.offerer), said, strict=False):
        await side.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": accepted})
    await matching.given()
    ask = (await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": OFFERER})).json()
    await matching.given()

    answer = f"/v1/asks/{ask['ask_id']}/answer"
    before = await matching.offerer.post(answer, json={"accepted": True, "offer_id": "o"})
    assert (before.status_code, slug(before)) == (409, "matched-before")
    await matching.then_nothing_said()

    await matching.given(an_offer("o-2", **FAR))
    other = await matching.offerer.post(answer, json={"accepted": True, "offer_id": "o-2"})
    assert other.status_code == 200
    assert [one.offer_id for one in await matching.said(MatchEndorsed)] == ["o-2"]


async def test_nobody_helps_with_an_offer_of_somebody_else_and_a_no_brings_nobody_together(matching: Matching):
    ask = await helped(matching)
    await matching.given(an_offer("o", organisation_id="o-elders", **FAR))
    helper = matching.running.http_as(HELPER)
    answer = f"/v1/asks/{ask['ask_id']}/answer"

    strange = await helper.post(answer, json={"accepted": True, "offer_id": "o"})
    no = await helper.post(answer, json={"accepted": False, "offer_id": "o"})

    assert (strange.status_code, slug(strange), no.json()["accepted"]) == (404, "offer-not-open", False)
    (answered,) = await matching.then_said(HelpAnswered)
    assert (answered.accepted, answered.asked_by) == (False, AMBASSADOR)
    (row,) = (await at_desk(matching).get("/v1/desk/requests/r")).json()["asks"]
    assert (row["member_id"], row["accepted"], row["offer_id"]) == (HELPER, False, None)


async def test_a_request_goes_to_so_many_people_and_no_more(matching: Matching):
    await helped(matching)
    for n in range(desk_rules.ASKED_MAX - 1):
        await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": f"m-{n}"})
    answer = await at_desk(matching).post("/v1/asks", json={"request_id": "r", "member_id": "m-last"})
    assert (answer.status_code, slug(answer)) == (409, "asked-enough")


# Coming back to it.


async def test_a_note_to_oneself_comes_back_on_its_day_and_moved_to_a_later_one_again(matching: Matching):
    match = await matching.proposed()
    desk, today = at_desk(matching), matching.clock().date()
    draft = {"matter": "match", "matter_id": match.match_id, "note": "Bellen of het rooster rond is."}
    noted = (await desk.post("/v1/follow-ups", json=draft | {"due_on": str(today + timedelta(days=2))})).json()
    page, due = f"/v1/follow-ups/{noted['follow_up_id']}", FollowUpDue(follow_up_id=noted["follow_up_id"])

    assert await rings(matching, due) == []
    (came,) = await rings(matching, due, days=3)
    await matching.given()
    assert await rings(matching, due) == []

    assert (came.member_id, came.title, came.asker_id) == (AMBASSADOR, "Gastles over warmtepompen", ASKER)
    moved = [await desk.put(page, json={"note": "Weer", "due_on": str(today + timedelta(days=n))}) for n in (1, 5)]
    assert [one.status_code for one in moved] == [422, 200]
    (row,) = (await desk.get("/v1/follow-ups")).json()
    assert (row["note"], row["came_at"], row["title"]) == ("Weer", None, "Gastles over warmtepompen")
    assert [type(event) for event in await rings(matching, due, days=3)] == [FollowUpCame]
    assert (await at_desk(matching, OTHER).delete(page)).status_code == 404
    assert [(await desk.delete(page)).status_code for _ in range(2)] == [204, 204]
    assert (await desk.get("/v1/follow-ups")).json() == []


async def test_a_note_moved_at_the_moment_it_comes_back_comes_on_the_later_day(matching: Matching, monkeypatch):
    match = await matching.proposed()
    desk, today, ask = at_desk(matching), matching.clock().date(), following_up.ask
    draft = {"matter": "match", "matter_id": match.match_id, "note": "Bellen."}
    noted = (await desk.post("/v1/follow-ups", json=draft | {"due_on": str(today + timedelta(days=2))})).json()
    page, due = f"/v1/follow-ups/{noted['follow_up_id']}", FollowUpDue(follow_up_id=noted["follow_up_id"])

    async def moved_meanwhile(session, statement, values):
        found = await ask(session, statement, values)
        monkeypatch.undo()
        moved = await desk.put(page, json={"note": "Later", "due_on": str(today + timedelta(days=5))})
        assert moved.status_code == 200
        return found

    monkeypatch.setattr(following_up, "ask", moved_meanwhile)

    assert await rings(matching, due, days=3) == []
    assert [type(event) for event in await rings(matching, due, days=3)] == [FollowUpCame]


async def test_a_note_of_who_stood_down_is_told_to_nobody_and_waits_for_who_is_appointed_again(matching: Matching):
    match = await matching.proposed()
    day = str(matching.clock().date() + timedelta(days=2))
    draft = {"matter": "match", "matter_id": match.match_id, "note": "Bellen.", "due_on": day}
    noted = (await at_desk(matching).post("/v1/follow-ups", json=draft)).json()
    await matching.given(AmbassadorStoodDown(member_id=AMBASSADOR, version=3))

    assert await rings(matching, FollowUpDue(follow_up_id=noted["follow_up_id"]), days=3) == []
    await matching.given(appointed(version=4))

    (row,) = (await at_desk(matching).get("/v1/follow-ups")).json()
    assert (row["note"], row["came_at"] is not None) == ("Bellen.", True)


async def test_one_comes_back_only_to_what_one_may_see(matching: Matching):
    match = await matching.proposed(a_request("r"), an_offer("o"))
    day = str(matching.clock().date() + timedelta(days=1))
    stranger = at_desk(matching, OTHER, AmbassadorScope(provinces=("Zeeland",)))
    for matter, matter_id in (("match", match.match_id), ("request", "r"), ("request", "r-none")):
        body = {"matter": matter, "matter_id": matter_id, "note": "x", "due_on": day}
        assert (await stranger.post("/v1/follow-ups", json=body)).status_code == 404


# Who is erased.


@pytest.mark.parametrize("erased", [ASKER, HELPER, AMBASSADOR])
async def test_who_is_erased_is_gone_from_every_desk(matching: Matching, erased):
    ask = await helped(matching)
    day = str(matching.clock().date() + timedelta(days=1))
    about = {"matter": "request", "matter_id": "r", "note": "Anna bellen", "due_on": day}
    key = {"Idempotency-Key": "a-key-of-their-own"}
    await at_desk(matching).post("/v1/follow-ups", json=about, headers=key)
    helper = matching.running.http_as(HELPER)
    await helper.post(f"/v1/asks/{ask['ask_id']}/answer", json={"accepted": False}, headers=key)

    await matching.when(MemberErased(member_id=erased, version=9))

    (told,) = await matching.said(MemberForgotten)
    assert told.removed["asks"] == 1
    left = await everything(matching)
    words = ("vorig jaar", f'"{erased}"', *(("Anna bellen", a_request().title) if erased == ASKER else ()))
    assert [word for word in words if word in left] == []


# The rules alone.


@given(st.dates(), st.timedeltas(min_value=timedelta(hours=-30), max_value=timedelta(hours=30)))
def test_what_comes_back_is_there_from_the_morning_on_and_not_the_day_before(day, off):
    if not 2 < day.year < 9998:
        return
    moment = desk_rules.comes_at(day)
    assert (moment.hour, moment.date()) == (7, day)
    assert desk_rules.is_there(day, moment + off) is (off >= -desk_rules.EARLY_MAX)


@given(
    st.booleans(), st.booleans(), st.sampled_from([None, "zeeland"]),
    st.sampled_from([None, *SCOPES]), st.sampled_from(["Utrecht", "Arnhem"]),
)  # fmt: skip
def test_a_request_of_another_node_is_looked_after_there(team, ambassador, node, scope, place):
    roles = {role for role, has in ((Role.NODE_TEAM.value, team), (Role.AMBASSADOR.value, ambassador)) if has}
    request = replace(as_proposition(a_request("r", place=place)), node=node)
    found = desk_rules.looks_after(request, roles, scope)
    if node or not roles:
        assert not found
    elif team:
        assert found
    elif scope is None:
        assert not found
