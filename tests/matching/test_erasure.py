"""Who is erased leaves nothing here, and whoever was in a match with them hears that it ended."""

from datetime import datetime

import pytest

from contracts.matching import (
    IntroductionMade,
    MatchDismissed,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    MemberForgotten,
    RequestUnanswered,
)
from contracts.members import MemberErased
from contracts.requests import RequestChanged
from tests.kept import rows_kept
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
)

WHO = {ASKER: ("request", "De vraag van Anna"), OFFERER: ("offer", "Het aanbod van Bas")}
YES = {"accepted": True}

OF_THE_ERASURE = (".member-forgotten.", ".more-to-forget.")


def a_telling_pair():
    """A request and an offer whose titles can be found again."""
    return a_request("r-told", title="De vraag van Anna"), an_offer("o-told", title="Het aanbod van Bas")


def of_the_erasure(said: str) -> bool:
    """Whether it is what tells of the erasure itself."""
    return any(what in said for what in OF_THE_ERASURE)


async def everything(matching: Matching) -> str:
    """All bytes that matching holds: its database, and what it has ever said, timers included."""
    kept = await rows_kept(matching.service)
    found = [row for table, row in kept if table not in ("inbox", "forgotten_member") and not of_the_erasure(row)]
    for kind in ("shared", "local"):
        for subject, body in await matching.messages(kind):
            if ".matching." in subject and not of_the_erasure(subject):
                found.append(subject + body.decode())
    return "\n".join(found)


@pytest.mark.parametrize("erased", [ASKER, OFFERER])
async def test_a_side_that_is_erased_leaves_nothing_and_the_other_hears_that_it_ended(matching: Matching, erased):
    match = await matching.endorsed(*a_telling_pair())
    for side, key in ((matching.asker, "the-askers-key-0001"), (matching.team(), "somebody-elses-key")):
        await side.post(f"/v1/matches/{match.match_id}/answer", json=YES, headers={"Idempotency-Key": key})
    await matching.given()
    other = OFFERER if erased == ASKER else ASKER

    await matching.when(MemberErased(member_id=erased, version=9))

    lapsed, forgotten = await matching.then_said(MatchLapsed, MemberForgotten)
    assert (lapsed.match_id, lapsed.lapsed_because, lapsed.asked) == (match.match_id, "erased", (other,))
    assert forgotten.member_id == erased
    assert forgotten.removed.items() >= {"matches": 1, "propositions": 1}.items()
    assert forgotten.removed["stream-messages"] >= 3
    left = await everything(matching)
    assert erased not in left
    assert WHO[erased][1] not in left
    assert (await matching.http_as(other).get(f"/v1/matches/{match.match_id}")).status_code == 404
    assert (await matching.http_as(other).get("/v1/matches")).json()["items"] == []


async def test_when_both_are_erased_nothing_is_left_of_either(matching: Matching):
    await matching.endorsed(*a_telling_pair())

    await matching.when(MemberErased(member_id=ASKER, version=9))
    await matching.when(MemberErased(member_id=OFFERER, version=9))

    left = await everything(matching)
    assert not [what for who in WHO.items() for what in (who[0], who[1][1]) if what in left]


async def test_a_match_that_ended_before_is_removed_without_a_word(matching: Matching):
    match = await matching.endorsed(*a_telling_pair())
    for side in (matching.asker, matching.offerer):
        await side.post(f"/v1/matches/{match.match_id}/answer", json=YES)
    assert await matching.said(IntroductionMade)
    await matching.given()

    await matching.when(MemberErased(member_id=ASKER, version=9))

    await matching.then_said(MemberForgotten)
    assert match.match_id not in await everything(matching)


async def test_nothing_that_somebody_erased_offered_is_proposed_any_more(matching: Matching):
    await matching.proposed(*a_telling_pair())
    await matching.given(*[an_offer(organisation_id=f"o-{n}") for n in range(2)])
    await matching.given(an_offer("next", organisation_id="o-next"))

    await matching.when(MemberErased(member_id=OFFERER, version=9))  # who offered all of them

    assert not await matching.said(MatchProposed)
    await matching.when(a_request("r-new", member_id="m-other", organisation_id="s-other"))
    assert not await matching.said(MatchProposed)


async def test_the_request_that_lost_its_match_gets_the_next_best(matching: Matching):
    await matching.proposed(*a_telling_pair())
    for n in range(3):
        await matching.given(an_offer(f"o-{n}", member_id=f"m-{n}", organisation_id=f"o-{n}"))

    await matching.when(MemberErased(member_id=OFFERER, version=9))

    _, following, _ = await matching.then_said(MatchLapsed, MatchProposed, MemberForgotten)
    assert following.offer_id == "o-2"


async def test_what_comes_late_of_somebody_erased_is_not_kept(matching: Matching):
    await matching.given(*SCHOOL_AND_COMPANY, an_offer())
    await matching.given(MemberErased(member_id=ASKER, version=9))

    await matching.when(
        a_request("r-late"),
        a_request("r-late", said=RequestChanged, version=12),
        appointed(ASKER, version=12),
        in_team(ASKER, version=12),
    )

    await matching.then_nothing_said()
    assert ASKER not in await everything(matching)


async def test_an_erasure_that_is_said_again_removes_nothing_more_and_is_told_again(matching: Matching):
    await matching.endorsed(*a_telling_pair())
    await matching.when(MemberErased(member_id=ASKER, version=9), delivered_times=3)
    await matching.given()

    await matching.when(MemberErased(member_id=ASKER))

    (told,) = await matching.then_said(MemberForgotten)
    assert told.removed == {"stream-messages": 0}  # which takes nothing from the report


@pytest.mark.parametrize("judged", [False, True])
async def test_an_ambassador_who_is_erased_is_replaced_and_leaves_no_note(matching: Matching, judged):
    match = await matching.proposed(*a_telling_pair())
    if judged:
        note = {"because": "other", "note": "Ik ken ze allebei."}
        page, key = f"/v1/matches/{match.match_id}/dismiss", {"Idempotency-Key": "a-key-of-their-own"}
        await matching.ambassador().post(page, json=note)
        assert "Ik ken ze allebei." in (await matching.team().post(page, json=note, headers=key)).text
        await matching.given()

    await matching.when(MemberErased(member_id=AMBASSADOR, version=9))

    if judged:
        _, forgotten = await matching.then_said(MatchDismissed, MemberForgotten)
        assert forgotten.removed.items() >= {"notes": 1, "appointments": 1, "matches-looked-at": 1}.items()
    else:
        handed, _ = await matching.then_said(MatchHandedOver, MemberForgotten)
        assert handed.ambassador_ids == (TEAM,)
    view = (await matching.team().get(f"/v1/matches/{match.match_id}")).json()
    assert (view["note"], view["state"]) == (None, "dismissed" if judged else "proposed")
    left = await everything(matching)
    assert [words for words in (AMBASSADOR, "Ik ken ze allebei.") if words in left] == []


@pytest.mark.parametrize("answers", [(), (ASKER,), (ASKER, OFFERER)])
async def test_what_an_erased_ambassador_endorsed_goes_on(matching: Matching, answers):
    match = await matching.endorsed(*a_telling_pair())
    for side in answers:
        await matching.http_as(side).post(f"/v1/matches/{match.match_id}/answer", json=YES)
    await matching.given()

    await matching.when(MemberErased(member_id=AMBASSADOR, version=9))

    last = IntroductionMade if len(answers) == 2 else MatchEndorsed
    told, _ = await matching.then_said(last, MemberForgotten)  # for who has not heard it before it was purged
    looks_now = (TEAM,) if last is MatchEndorsed else ()  # and hears what becomes of it
    assert (told.match_id, told.ambassador_ids) == (match.match_id, looks_now)
    if last is MatchEndorsed:
        view = (await matching.http_as(ASKER).get(f"/v1/matches/{match.match_id}")).json()
        assert (told.answer_by, told.answer_by is None) == (datetime.fromisoformat(view["answer_by"]), False)
    assert AMBASSADOR not in await everything(matching)
    await matching.given()
    reminded = [set(event.waiting_for) for event in await matching.later(hours=72)]
    assert reminded == ([] if len(answers) == 2 else [{ASKER, OFFERER} - set(answers)])


async def test_a_colleague_of_an_erased_member_of_the_team_goes_on(matching: Matching):
    await matching.given(in_team("m-1"), in_team("m-2"))
    await matching.given(*a_telling_pair())

    await matching.when(MemberErased(member_id="m-1", version=9))

    told, _ = await matching.then_said(MatchProposed, MemberForgotten)
    assert told.ambassador_ids == ("m-2",)
    assert "m-1" not in await everything(matching)


async def test_that_a_request_is_unanswered_is_forgotten_with_it(matching: Matching):
    await matching.given(a_request("r-told", title="De vraag van Anna"))
    await matching.later(days=14)
    assert await matching.said(RequestUnanswered)

    await matching.when(MemberErased(member_id=ASKER, version=9))

    left = await everything(matching)
    assert not [what for what in (ASKER, "r-told", "De vraag van Anna") if what in left]


async def test_an_erasure_of_somebody_unknown_is_told_too(matching: Matching):
    await matching.when(MemberErased(member_id="m-nobody", version=2))

    (forgotten,) = await matching.then_said(MemberForgotten)
    assert forgotten.removed == {"stream-messages": 0}
