"""Each step of a match leaves feedback: what it was proposed on, by which weights, and what became of it."""

from typing import Any

import pytest
from sqlalchemy import text

from contracts.members import MemberErased
from contracts.requests import InitiativeStarted, RequestClosed
from contracts.vocabulary import Kind, Status
from services.matching.rules import signals
from services.matching.weights import kept_weights
from tests.matching.conftest import AMBASSADOR, ASKER, OFFERER, Matching, a_request, an_offer
from tests.matching.pure import a_pair

YES, NO = {"accepted": True}, {"accepted": False}


async def kept(matching: Matching) -> dict[str, Any]:
    """The only feedback that there is."""
    async with matching.service.engine.connect() as connection:
        return dict((await connection.execute(text("SELECT * FROM feedback"))).mappings().one())


async def became(matching: Matching) -> tuple[Any, ...]:
    """What became of the only match."""
    row = await kept(matching)
    return row["reached"], row["ended"], row["because"], row["ended_by"]


async def answered(matching: Matching, match_id: str, **answers: dict[str, Any]) -> None:
    """The sides answer, in this order."""
    for side, answer in answers.items():
        client = getattr(matching, side)
        assert (await client.post(f"/v1/matches/{match_id}/answer", json=answer)).status_code == 200


async def test_what_a_match_was_proposed_on_is_kept_and_nobodys_name_with_it(matching: Matching):
    match = await matching.proposed()

    row = await kept(matching)
    assert (row["match_id"], row["request_id"]) == (match.match_id, match.request_id)
    assert row["strengths"].keys() == {*(signal.name for signal in signals(a_pair())), "content-counts"}  # no model
    assert (row["strengths"]["same-theme"], row["strengths"]["kind"]) == (1.0, 1.0)
    assert 0.9 < row["strengths"]["distance"] < 1
    assert row["has_ambassador"]
    assert not [who for who in (ASKER, OFFERER, AMBASSADOR) if who in str(row)]
    assert await became(matching) == ("proposed", None, None, None)


async def test_the_weights_of_the_release_are_the_first_version(matching: Matching):
    await matching.proposed()

    async with matching.service.engine.connect() as connection:
        version = (await connection.execute(text("SELECT * FROM weights"))).mappings().one()
    assert (version["version"], version["made_by"], version["is_in_use"]) == (1, "release", True)
    assert (version["weights"], version["score_min"]) == (kept_weights().weights, kept_weights().score_min)
    assert (await kept(matching))["weights_version"] == 1


async def test_that_an_ambassador_saw_a_fit_is_kept(matching: Matching):
    await matching.endorsed()

    assert await became(matching) == ("endorsed", None, None, None)


async def test_why_an_ambassador_saw_none_is_kept(matching: Matching):
    match = await matching.proposed()

    dismissal = {"because": "too-far", "note": "Naar de andere kant van de stad."}
    await matching.ambassador().post(f"/v1/matches/{match.match_id}/dismiss", json=dismissal)

    assert await became(matching) == ("proposed", "dismissed", "too-far", "ambassador")
    assert "andere kant" not in str(await kept(matching))


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ({"asker": YES}, ("accepted", None, None, None)),
        ({"asker": YES, "offerer": YES}, ("introduced", None, None, None)),
        ({"asker": NO}, ("endorsed", "declined", None, "request")),
        ({"offerer": NO | {"because": "no-capacity"}}, ("endorsed", "declined", "no-capacity", "offer")),
        ({"asker": YES, "offerer": NO | {"because": "other-need"}}, ("accepted", "declined", "other-need", "offer")),
    ],
)
async def test_what_the_sides_say_is_kept(matching: Matching, answers, expected):
    match = await matching.endorsed()

    await answered(matching, match.match_id, **answers)

    assert await became(matching) == expected


async def test_that_the_two_do_something_together_is_kept_when_they_say_so_themselves(matching: Matching):
    request, offer = a_request("r"), an_offer()
    match = await matching.endorsed(request, offer)
    place = {"place": request.place, "request_organisation_id": "s", "offer_organisation_id": "c"}
    what = {"kind": request.kind, "themes": request.themes, "status": "running"}
    started = InitiativeStarted(
        initiative_id=match.match_id, request_id=request.request_id, offer_id=offer.offer_id, **place, **what
    )
    await matching.when(started)
    assert await became(matching) == ("endorsed", None, None, None)  # nobody was introduced

    await answered(matching, match.match_id, asker=YES, offerer=YES)
    await matching.publish_elsewhere(started, said_by="another-node")
    await matching.quiet()
    assert await became(matching) == ("introduced", None, None, None)

    await matching.when(started)
    assert await became(matching) == ("initiative", None, None, None)


async def test_that_nobody_answered_is_kept(matching: Matching):
    match = await matching.endorsed()
    await answered(matching, match.match_id, offerer=YES)
    for days in (3, 4):
        await matching.later(days=days)

    assert await became(matching) == ("accepted", "lapsed", "unanswered", None)


async def test_that_a_request_closed_is_kept(matching: Matching):
    request = a_request("r")
    await matching.proposed(request, an_offer())

    closed = request.model_dump() | {"version": 2, "status": Status.WITHDRAWN, "place": request.place}
    await matching.when(RequestClosed(**closed))

    assert await became(matching) == ("proposed", "lapsed", "closed", None)


async def test_what_needs_no_ambassador_was_endorsed_by_nobody(matching: Matching):
    await matching.given(a_request("r", kind=Kind.TIP), an_offer("o", kind=Kind.TIP))
    assert not (await kept(matching))["has_ambassador"]
    ((match_id,),) = await matches(matching)
    assert await became(matching) == ("proposed", None, None, None)

    await answered(matching, match_id, asker=NO)

    assert await became(matching) == ("proposed", "declined", None, "request")


async def matches(matching: Matching) -> list[Any]:
    """The ids of all matches."""
    async with matching.service.engine.connect() as connection:
        return list(await connection.execute(text("SELECT match_id FROM match")))


@pytest.mark.parametrize("erased", [ASKER, OFFERER])
async def test_the_feedback_of_somebody_erased_goes_with_their_matches(matching: Matching, erased):
    await matching.endorsed()

    await matching.when(MemberErased(member_id=erased, version=9))

    async with matching.service.engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM feedback"))).scalar_one() == 0
    forgotten = [event for _, event in await matching.envelopes() if hasattr(event, "removed")]
    assert forgotten[0].removed.items() >= {"matches": 1, "feedback": 1}.items()


async def test_the_feedback_of_an_erased_ambassador_stays_with_the_two_sides(matching: Matching):
    await matching.endorsed()

    await matching.when(MemberErased(member_id=AMBASSADOR, version=9))

    assert await became(matching) == ("endorsed", None, None, None)


async def test_the_team_sees_what_a_score_was_made_of(matching: Matching):
    match = await matching.proposed()

    view = (await matching.team().get(f"/v1/matches/{match.match_id}")).json()

    found = view["explanation"]
    assert (found["weights_version"], found["score_min"]) == (1, kept_weights().score_min)
    strengths = (await kept(matching))["strengths"]
    assert {signal["name"] for signal in found["signals"]} == strengths.keys() - {"content-counts"}
    assert sum(signal["part"] for signal in found["signals"]) == pytest.approx(view["score"], abs=0.002)
    parts = [signal["part"] for signal in found["signals"]]
    assert parts == sorted(parts, reverse=True)
    counts = {"content": strengths["content-counts"]}  # there is no model in these tests
    for signal in found["signals"]:
        whole = kept_weights().weights[signal["name"]]
        assert signal["weight"] == pytest.approx(whole * counts.get(signal["name"], 1.0), abs=0.001)


async def test_others_see_the_reasons_in_words_and_no_numbers_behind_them(matching: Matching):
    match = await matching.endorsed()

    for who in (matching.ambassador(), matching.asker, matching.offerer):
        view = (await who.get(f"/v1/matches/{match.match_id}")).json()
        assert view["explanation"] is None
        assert all(reason["words"] for reason in view["reasons"])


async def test_a_match_from_before_there_was_feedback_has_no_explanation_and_goes_on(matching: Matching):
    match = await matching.proposed()
    async with matching.service.engine.begin() as connection:
        await connection.execute(text("DELETE FROM feedback"))

    assert (await matching.ambassador().post(f"/v1/matches/{match.match_id}/endorse")).status_code == 200
    view = (await matching.team().get(f"/v1/matches/{match.match_id}")).json()
    assert (view["state"], view["explanation"]) == ("endorsed", None)
