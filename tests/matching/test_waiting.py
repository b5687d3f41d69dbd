"""When nobody answers: one reminder, then somebody else or the end, and a request that is unanswered."""

import asyncio
import itertools

import pytest
from sqlalchemy import text

from contracts.matching import (
    AnswerOverdue,
    IntroductionMade,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    RequestUnanswered,
)
from contracts.requests import RequestChanged, RequestClosed, RequestReopened
from contracts.vocabulary import Status
from services.matching import overdue, waiting
from services.matching.app import service
from services.matching.showing import NOT_ENDORSED_HERE, find
from services.matching.store import ask
from tests.given import eventually, running
from tests.matching.conftest import AMBASSADOR, ASKER, OFFERER, TEAM, Matching, a_request, an_offer


async def test_an_ambassador_who_does_not_look_is_reminded_once(matching: Matching):
    await matching.proposed()

    assert await matching.later(hours=71) == []
    (reminder,) = await matching.later(hours=1)
    assert (reminder.waiting_for, reminder.version) == ((AMBASSADOR,), 2)
    assert (matching.hours_until(reminder.answer_by), reminder.then_the_team) == (96, True)

    await matching.given()
    assert await matching.later(hours=1) == []


async def test_the_sides_that_have_not_answered_are_reminded(matching: Matching):
    match = await matching.endorsed()
    await matching.offerer.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await matching.given()

    (reminder,) = await matching.later(hours=72)

    assert reminder.waiting_for == (ASKER,)
    assert (matching.hours_until(reminder.answer_by), reminder.then_the_team) == (96, False)


async def test_each_step_has_all_the_time_that_there_is_for_it(matching: Matching):
    match = await matching.proposed()
    matching.clock.move(hours=48)
    await matching.ambassador().post(f"/v1/matches/{match.match_id}/endorse")
    await matching.given()

    assert await matching.later(hours=71) == []
    (reminder,) = await matching.later(hours=1)
    assert set(reminder.waiting_for) == {ASKER, OFFERER}


async def test_when_patience_ends_the_team_takes_over_from_an_ambassador_and_then_the_match_lapses(matching: Matching):
    await matching.proposed(a_request("r"), an_offer())
    assert await reminded(matching) == (AMBASSADOR,)

    (handed,) = await matching.later(hours=96)
    assert handed.ambassador_ids == (TEAM,)

    await matching.given()
    assert await reminded(matching) == (TEAM,)
    said = await matching.later(hours=96)
    lapsed, unanswered = sorted(said, key=lambda event: type(event).__name__)
    assert (lapsed.lapsed_because, lapsed.asked) == ("unanswered", ())
    assert (unanswered.request_id, unanswered.member_id, unanswered.title) == ("r", ASKER, "Gastles over warmtepompen")


async def reminded(matching: Matching) -> tuple[str, ...]:
    """Who is reminded when three days have gone by."""
    (reminder,) = await matching.later(hours=72)
    await matching.given()
    assert isinstance(reminder, AnswerOverdue)
    return reminder.waiting_for


async def test_who_is_reminded_late_has_as_long_after_that_as_ever(matching: Matching):
    """Nobody looked for ten days: the service was away."""
    await matching.endorsed()

    (reminder,) = await matching.later(days=10)
    assert (type(reminder), matching.hours_until(reminder.answer_by)) == (AnswerOverdue, 96)
    await matching.given()
    assert await matching.later(hours=95) == []
    said = {type(event) for event in await matching.later(hours=1)}

    assert said == {MatchLapsed, RequestUnanswered}


async def test_when_the_offerer_stays_silent_the_next_best_has_its_turn(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    await matching.asker.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await and_others_are_found_in_the_last_hour(matching)

    said = await matching.later(hours=1)

    assert {type(event) for event in said} == {MatchLapsed, MatchProposed}  # others run, so it is not unanswered yet


async def and_others_are_found_in_the_last_hour(matching: Matching) -> None:
    """More offers than a request is proposed at a time."""
    await matching.given()
    await reminded(matching)
    await matching.later(hours=95)
    for n in range(3):
        await matching.given(an_offer(f"o-{n}", organisation_id=f"o-{n}"))


async def test_when_the_asker_stays_silent_nobody_else_is_asked(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    await matching.offerer.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await and_others_are_found_in_the_last_hour(matching)

    (lapsed,) = await matching.later(hours=1)

    assert (lapsed.asked, lapsed.accepted) == ((ASKER, OFFERER), (OFFERER,))


@pytest.mark.parametrize(("answers", "is_unanswered"), [("offerer", False), (None, False), ("asker", True)])
async def test_a_request_is_not_unanswered_before_its_time_when_who_asks_did_not_answer(
    matching: Matching, answers, is_unanswered
):
    match = await matching.endorsed(a_request("r"), an_offer("o"))
    if answers:
        await getattr(matching, answers).post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await matching.given()
    await reminded(matching)

    said = {type(event) for event in await matching.later(hours=96)}

    assert said == {MatchLapsed, *([RequestUnanswered] if is_unanswered else [])}
    await matching.given()
    assert [type(one) for one in await matching.later(days=7)] == ([] if is_unanswered else [RequestUnanswered])


async def test_of_a_match_that_ended_nobody_hears_more(matching: Matching):
    await matching.endorsed(a_request("r"), an_offer())
    await matching.given(a_request("r", said=RequestClosed, version=2, status=Status.FULFILLED))

    assert await matching.later(days=30) == []


async def test_what_was_found_and_has_gone_or_was_answered_meanwhile_stays_as_it_is(matching: Matching):
    match = await matching.proposed()
    await matching.ambassador().post(f"/v1/matches/{match.match_id}/dismiss", json={"because": "other"})
    await matching.given()
    matching.clock.move(days=30)

    for then in (waiting.remind, waiting.end_patience):
        await overdue.in_one_turn(matching.service, [match.match_id, "no-such-match"], then)

    await matching.then_nothing_said()


async def test_who_was_asked_is_not_reminded_while_two_others_talk(matching: Matching):
    await matching.endorsed(a_request("r"), an_offer())
    await matching.given(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))

    assert await matching.later(hours=72) == []
    (lapsed,) = await matching.later(hours=96)
    assert lapsed.lapsed_because == "unanswered"


async def test_a_request_without_an_introduction_is_unanswered_and_that_is_said_once(matching: Matching):
    await matching.given(a_request("r", version=3))

    (unanswered,) = await matching.later(days=14)
    assert (unanswered.member_id, unanswered.version) == (ASKER, 3)

    await matching.given()
    assert await matching.later(days=1) == []


async def test_a_request_that_was_reopened_has_all_the_time_that_there_is_for_it(matching: Matching):
    await matching.given(a_request("r"))
    await matching.given(a_request("r", said=RequestClosed, version=2, status=Status.WITHDRAWN))
    matching.clock.move(days=10)
    await matching.given(a_request("r", said=RequestReopened, version=3))

    assert await matching.later(days=4) == []
    assert len(await matching.later(days=10)) == 1


async def test_a_request_that_was_reopened_is_unanswered_again_also_when_it_closed_is_heard_later(matching: Matching):
    await matching.given(a_request("r"))
    assert len(await matching.later(days=14)) == 1
    reopened = a_request("r", said=RequestReopened, version=3)

    await matching.given(reopened, a_request("r", said=RequestClosed, version=2, status=Status.WITHDRAWN))

    assert await matching.later(days=13) == []
    await matching.given(reopened)  # heard again
    assert len(await matching.later(days=1)) == 1


@pytest.mark.parametrize("status", [Status.WITHDRAWN, Status.IN_CONVERSATION, Status.EXPIRED])
async def test_a_request_that_is_not_open_is_not_unanswered(matching: Matching, status):
    await matching.given(a_request("r"))
    await matching.given(a_request("r", said=RequestChanged, version=2, status=status))

    assert await matching.later(days=14) == []


async def test_a_request_that_led_to_an_introduction_is_not_unanswered_until_it_is_reopened(matching: Matching):
    match = await matching.endorsed(a_request("r"), an_offer())
    for side in (matching.asker, matching.offerer):
        await side.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await matching.given()
    assert await matching.later(days=14) == []

    await matching.given(a_request("r", said=RequestChanged, version=2, status=Status.IN_CONVERSATION))
    await matching.given(a_request("r", said=RequestReopened, version=3))
    assert [type(event) for event in await matching.later(days=14)] == [RequestUnanswered]


async def test_an_answer_and_the_end_of_patience_at_once_leave_one_outcome(matching: Matching):
    match = await matching.endorsed()
    await matching.offerer.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True})
    await matching.later(hours=72)

    answer, _ = await asyncio.gather(
        matching.asker.post(f"/v1/matches/{match.match_id}/answer", json={"accepted": True}), matching.later(hours=96)
    )

    introduced, lapsed = len(await matching.said(IntroductionMade)), len(await matching.said(MatchLapsed))
    assert (introduced, lapsed) == ((1, 0) if answer.status_code == 200 else (0, 1))


async def test_who_cannot_be_dealt_with_keeps_nobody_else_waiting(matching: Matching):
    await matching.given(a_request("r-1"), a_request("r-2"))
    done = []

    async def then(session, one, now, settings):
        if one == "r-1":
            raise RuntimeError("canary")
        done.append(one)

    await overdue.in_one_turn(matching.service, ["r-1", "r-2"], then)

    assert done[-1] == "r-2"


@pytest.mark.parametrize(
    "waits_for_others",
    [
        "owner = 'national', offerer_node = 'national', state = 'endorsed', asker_accepted = true",
        "owner = 'national', offerer_node = 'national', endorsed_for = '{request}'",
        "owner = 'national', offerer_node = 'national', reminded_at = waiting_since, ambassador_ids = '{" + TEAM + "}'",
        "offerer_node = 'national', endorsed_for = '{request}'",
        "asker_node = 'drenthe', offerer_node = 'zeeland'",
    ],
)
async def test_what_waits_for_another_node_takes_nobodys_turn(matching: Matching, monkeypatch, waits_for_others):
    await matching.proposed()
    async with matching.service.engine.begin() as connection:
        await connection.execute(text(f"UPDATE match SET {waits_for_others}"))
    dealt_with: list[str] = []
    deal_with = overdue.in_one_turn

    async def deal_with_and_note(service, ids, then):
        dealt_with.extend(ids)
        await deal_with(service, ids, then)

    monkeypatch.setattr(overdue, "in_one_turn", deal_with_and_note)

    await matching.later(hours=170)

    assert dealt_with == []


async def test_replicas_that_look_at_the_same_time_remind_once(matching: Matching):
    await matching.endorsed()
    matching.clock.move(hours=72)

    await asyncio.gather(*(overdue.look(matching.service) for _ in range(4)))

    assert len(await matching.said(AnswerOverdue)) == 1


async def test_the_service_looks_by_itself(postgres, nats):
    async with running(service, postgres, nats, embedding_model="none", overdue_seconds=0.05) as started:
        matching = Matching(started)
        await matching.given(a_request("r"))
        matching.clock.move(days=14)

        async def is_unanswered() -> bool:
            return len(await matching.said(RequestUnanswered)) == 1

        await eventually(is_unanswered, saying="a request that nobody answered")


async def test_nobody_is_reminded_of_what_was_answered(matching: Matching):
    match = await matching.proposed()
    await matching.ambassador().post(f"/v1/matches/{match.match_id}/dismiss", json={"because": "other"})
    await matching.given()

    said = await matching.later(hours=72)

    assert not [event for event in said if isinstance(event, AnswerOverdue | MatchHandedOver)]


@pytest.mark.parametrize("endorsed_for", [None, [], ["request"], ["offer"], ["request", "offer"]])
@pytest.mark.parametrize(("asker_node", "offerer_node"), [*itertools.product([None, "zeeland"], repeat=2)])
async def test_the_database_says_as_the_rules_do_whether_our_own_part_of_looking_is_done(
    matching: Matching, asker_node, offerer_node, endorsed_for
):
    match = await matching.proposed()
    there = {"asker_node": asker_node, "offerer_node": offerer_node, "endorsed_for": endorsed_for}
    changed = ", ".join(f"{column} = :{column}" for column in there)
    statement = f"UPDATE match m SET {changed} WHERE match_id = :match_id RETURNING {NOT_ENDORSED_HERE}"
    async with matching.session() as session:
        says = (await ask(session, text(statement), there | {"match_id": match.match_id})).scalar_one()
        shown = await find(session, match.match_id)

    assert says is not shown.match.is_endorsed_here()
