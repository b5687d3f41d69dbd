"""When nobody answers: one reminder, then somebody else or the end, and a request that is unanswered."""

import asyncio
from datetime import datetime

import pytest

from contracts.envelope import decode
from contracts.matching import (
    AnswerAwaited,
    AnswerOverdue,
    IntroductionMade,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    PatienceEnded,
    ReminderDue,
    RequestUnanswered,
)
from contracts.requests import RequestChanged, RequestClosed, RequestReopened
from contracts.vocabulary import Status
from tests.matching.conftest import AMBASSADOR, ASKER, OFFERER, TEAM, Matching, a_request, an_offer


async def rings(matching: Matching, timer, **later: float) -> list:
    """Time passes, and the broker's timer rings; what is said besides the timer itself."""
    matching.clock.move(**later)
    await matching.when(timer)
    return [event for _, event in await matching.envelopes() if type(event) is not type(timer)]


async def timers(matching: Matching) -> list[str]:
    """Which timers wait now, without the node and the id."""
    subjects = [subject for subject, _ in await matching.messages("local", since_given=True)]
    return [subject.split(".")[4] for subject in subjects if subject.split(".")[2] == "timer"]


async def test_an_ambassador_who_does_not_look_is_reminded_once(matching: Matching):
    match = await matching.proposed()

    (overdue,) = await rings(matching, ReminderDue(match_id=match.match_id), hours=72)
    assert (overdue.waiting_for, overdue.version) == ((AMBASSADOR,), 2)
    assert await timers(matching) == ["patience-ended"]

    await matching.given()
    assert await rings(matching, ReminderDue(match_id=match.match_id), hours=1) == []
    assert await timers(matching) == []


async def test_the_sides_that_have_not_answered_are_reminded(matching: Matching):
    match = await matching.endorsed()
    await matching.offerer.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await matching.given()

    (overdue,) = await rings(matching, ReminderDue(match_id=match.match_id), hours=72)

    assert overdue.waiting_for == (ASKER,)


async def test_a_timer_that_rings_too_early_is_set_again(matching: Matching):
    match = await matching.proposed()
    matching.clock.move(hours=48)
    await matching.ambassador().post(f"/v1/matches/{match.match_id}/endorse")
    await matching.given()

    assert await rings(matching, ReminderDue(match_id=match.match_id), hours=24) == []
    assert await timers(matching) == ["reminder-due"]


async def test_a_broker_with_a_fast_clock_does_not_make_it_ring_for_ever(matching: Matching):
    match = await matching.proposed()

    assert len(await rings(matching, ReminderDue(match_id=match.match_id), hours=71)) == 1


async def test_when_patience_ends_the_team_takes_over_from_an_ambassador_and_then_the_match_lapses(matching: Matching):
    match = await matching.proposed(a_request("r"), an_offer())
    (handed,) = await rings(matching, PatienceEnded(match_id=match.match_id), hours=168)
    assert handed.ambassador_ids == (TEAM,)
    assert await timers(matching) == ["reminder-due"]

    await matching.given()
    assert await rings(matching, PatienceEnded(match_id=match.match_id), hours=24) == []

    await matching.given()
    said = await rings(matching, PatienceEnded(match_id=match.match_id), hours=144)
    lapsed, unanswered = sorted(said, key=lambda event: type(event).__name__)
    assert (lapsed.lapsed_because, lapsed.asked) == ("unanswered", ())
    assert (unanswered.request_id, unanswered.member_id, unanswered.title) == ("r", ASKER, "Gastles over warmtepompen")


async def test_when_the_offerer_stays_silent_the_next_best_has_its_turn(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    await matching.asker.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    for n in range(3):
        await matching.given(an_offer(f"o-{n}", organisation_id=f"o-{n}"))

    said = await rings(matching, PatienceEnded(match_id=match.match_id), hours=168)

    assert {type(event) for event in said} == {MatchLapsed, MatchProposed}  # others run, so it is not unanswered yet


async def test_when_the_asker_stays_silent_nobody_else_is_asked(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    await matching.offerer.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    for n in range(3):
        await matching.given(an_offer(f"o-{n}", organisation_id=f"o-{n}"))

    (lapsed,) = await rings(matching, PatienceEnded(match_id=match.match_id), hours=168)

    assert (lapsed.asked, lapsed.accepted) == ((ASKER, OFFERER), (OFFERER,))


@pytest.mark.parametrize("timer", [ReminderDue, PatienceEnded])
async def test_a_timer_of_a_match_that_ended_or_never_was_says_nothing(matching: Matching, timer):
    match = await matching.endorsed(a_request("r"), an_offer())
    await matching.given(a_request("r", said=RequestClosed, version=2, status=Status.FULFILLED))

    assert await rings(matching, timer(match_id=match.match_id), days=30) == []
    assert await rings(matching, timer(match_id="no-such-match")) == []


async def test_who_was_asked_is_not_reminded_while_two_others_talk(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer())
    await matching.given(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))

    assert await rings(matching, ReminderDue(match_id=match.match_id), hours=72) == []
    assert await timers(matching) == ["patience-ended"]
    await matching.given()
    (lapsed,) = await rings(matching, PatienceEnded(match_id=match.match_id), hours=96)
    assert lapsed.lapsed_because == "unanswered"


async def test_a_request_without_an_introduction_is_unanswered_and_that_is_said_once(matching: Matching):
    await matching.given(a_request("r", version=3))

    (unanswered,) = await rings(matching, AnswerAwaited(request_id="r"), days=14)
    assert (unanswered.member_id, unanswered.version) == (ASKER, 3)

    await matching.given()
    assert await rings(matching, AnswerAwaited(request_id="r"), days=1) == []


async def test_an_old_timer_of_a_request_that_was_reopened_says_nothing(matching: Matching):
    await matching.given(a_request("r"))
    await matching.given(a_request("r", said=RequestClosed, version=2, status=Status.WITHDRAWN))
    matching.clock.move(days=10)
    await matching.given(a_request("r", said=RequestReopened, version=3))

    assert await rings(matching, AnswerAwaited(request_id="r"), days=4) == []
    assert len(await rings(matching, AnswerAwaited(request_id="r"), days=10)) == 1


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.IN_CONVERSATION, Status.EXPIRED])
async def test_a_request_that_is_not_open_is_not_unanswered(matching: Matching, status):
    await matching.given(a_request("r"))
    await matching.given(a_request("r", said=RequestChanged, version=2, status=status))

    assert await rings(matching, AnswerAwaited(request_id="r"), days=14) == []


async def test_a_request_that_led_to_an_introduction_is_not_unanswered_until_it_is_reopened(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer())
    for side in (matching.asker, matching.offerer):
        await side.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await matching.given()
    assert await rings(matching, AnswerAwaited(request_id="r"), days=14) == []

    await matching.given(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))
    await matching.given(a_request("r", said=RequestReopened, version=3))
    assert [type(event) for event in await rings(matching, AnswerAwaited(request_id="r"), days=14)] == [
        RequestUnanswered
    ]


async def test_an_answer_and_the_end_of_patience_at_once_leave_one_outcome(matching: Matching):
    match = await matching.endorsed()
    await matching.offerer.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    matching.clock.move(hours=168)

    answer, _ = await asyncio.gather(
        matching.asker.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True}),
        matching.publish(PatienceEnded(match_id=match.match_id)),
    )

    introduced, lapsed = len(await matching.said(IntroductionMade)), len(await matching.said(MatchLapsed))
    assert (introduced, lapsed) == ((1, 0) if answer.status_code == 200 else (0, 1))


async def test_the_timers_are_set_for_the_times_that_the_node_chose(matching: Matching):
    await matching.when(a_request("r"), an_offer())

    waiting = {}
    for subject, body in await matching.messages("local", since_given=True):
        envelope, _ = decode(body)
        message = await matching.service.streams.js.get_last_msg(matching.service.streams.name("local"), subject)
        due = datetime.fromisoformat(message.headers["Nats-Schedule"].removeprefix("@at "))
        waiting[subject.split(".")[4]] = round((due - envelope.time).total_seconds() / 3600)
    assert waiting == {"answer-awaited": 14 * 24, "reminder-due": 72}


async def test_nobody_is_reminded_of_what_was_answered(matching: Matching):
    match = await matching.proposed()
    await matching.ambassador().post(f"/v1/matches/{match.match_id}/dismiss", json={"because": "other"})
    await matching.given()

    said = await rings(matching, ReminderDue(match_id=match.match_id), hours=72)

    assert not [event for event in said if isinstance(event, AnswerOverdue | MatchHandedOver)]
