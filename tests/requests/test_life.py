"""The steps of a request or an offer: taken by its member, by an introduction, or by its member's leaving."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from contracts.event import new_id
from contracts.members import MemberJoined, MemberLeft
from contracts.requests import (
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    RequestChanged,
    RequestClosed,
    RequestReopened,
)
from services.requests import rules
from services.requests.app import service
from tests.given import eventually, running
from tests.requests.conftest import Requests, an_introduction, slug, wrong_fields

CLOSED = {"request": RequestClosed, "offer": OfferClosed}
REOPENED = {"request": RequestReopened, "offer": OfferReopened}


# What its member does.


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_its_member_withdraws_fulfils_and_reopens_it(requests, side):
    placed = await requests.placed(side)
    await requests.given()

    assert (await requests.step(placed, "withdraw"))["status"] == "withdrawn"
    assert (await requests.step(placed, "reopen"))["status"] == "open"
    assert (await requests.step(placed, "fulfil"))["status"] == "fulfilled"

    withdrawn, fulfilled = await requests.said(CLOSED[side])
    (reopened,) = await requests.said(REOPENED[side])
    assert [(event.status, event.version) for event in (withdrawn, reopened, fulfilled)] == [
        ("withdrawn", 2),
        ("open", 3),
        ("fulfilled", 4),
    ]
    assert reopened.title == placed["title"]


async def test_a_step_that_does_not_start_from_here_is_refused_and_says_where_it_stands(requests):
    placed = await requests.placed()
    draft = await requests.placed(draft=True)
    await requests.step(placed, "withdraw")
    await requests.given()

    for thing, step, standing in (
        (placed, "withdraw", "withdrawn"),
        (placed, "fulfil", "withdrawn"),
        (placed, "open", "withdrawn"),
        (draft, "withdraw", "draft"),
        (draft, "fulfil", "draft"),
        (draft, "reopen", "draft"),
    ):
        answer = await requests.noor.post(f"{thing['path']}/{step}")
        assert (answer.status_code, slug(answer)) == (409, "step-not-possible")
        assert (answer.json()["step"], answer.json()["standing"]) == (step, standing)
    await requests.then_nothing_said()


async def test_a_step_is_held_to_the_version_that_it_names(requests):
    placed = await requests.placed("offer")

    async def withdrawn(version: str) -> int:
        answer = await requests.noor.post(f"{placed['path']}/withdraw", headers={"If-Match": version})
        return answer.status_code

    assert [await withdrawn('"2"'), await withdrawn("nonsense")] == [412, 422]
    assert await requests.status(placed) == "open"
    assert await withdrawn('"1"') == 200


async def test_of_many_who_withdraw_at_once_one_does(requests):
    placed = await requests.placed()

    answers = await asyncio.gather(*(requests.noor.post(f"{placed['path']}/withdraw") for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 7
    assert len(await requests.said(RequestClosed)) == 1


async def test_what_is_reopened_stands_for_a_while_again(requests):
    today = rules.day_of(datetime.now(UTC))
    placed = await requests.placed(expires_on=(today + timedelta(days=3)).isoformat())
    await requests.step(placed, "fulfil")
    requests.clock.move(days=30)

    reopened = await requests.step(placed, "reopen")

    assert reopened["expires_on"] is None
    assert datetime.fromisoformat(reopened["expires_at"]) == rules.end_of(today + timedelta(days=120))


async def test_what_is_over_is_reopened_with_another_period(requests):
    today = rules.day_of(datetime.now(UTC))
    placed = await requests.placed("offer", ends_on=(today + timedelta(days=5)).isoformat())
    await requests.step(placed, "withdraw")
    requests.clock.move(days=30)

    refused = await requests.noor.post(f"{placed['path']}/reopen")
    change = {"ends_on": (today + timedelta(days=50)).isoformat(), "title": "Nog een keer"}
    changed = await requests.noor.patch(placed["path"], json=change, headers={"If-Match": '"2"'})
    reopened = await requests.step(placed, "reopen")

    assert wrong_fields(refused) == {"ends_on": "must not be in the past"}
    assert (changed.status_code, changed.json()["status"]) == (200, "withdrawn")
    assert (reopened["status"], reopened["version"], reopened["title"]) == ("open", 4, "Nog een keer")


# An introduction.


async def test_an_introduction_begins_a_conversation_about_a_request(requests):
    request = await requests.placed()
    offer = await requests.placed("offer", "sem", kind="internship")
    await requests.given()

    await requests.when(an_introduction(request, offer))

    asked, offered = await requests.then_said(RequestChanged, OfferChanged)
    assert (asked.status, asked.version, asked.title) == ("in-conversation", 2, request["title"])
    assert (offered.status, offered.version) == ("in-conversation", 2)


@pytest.mark.parametrize("kind", ["guest-lesson", "tip"])
async def test_an_offer_that_many_can_take_up_stays_open(requests, kind):
    offer = await requests.placed("offer", "sem", kind=kind)
    await requests.given()

    await requests.when(an_introduction(None, offer))

    assert await requests.status(offer) == "open"
    await requests.then_nothing_said()


async def test_an_introduction_counts_once_however_often_it_is_heard(requests):
    request = await requests.placed()
    introduction = an_introduction(request)
    await requests.given(introduction)
    await requests.step(request, "reopen")
    await requests.given()

    await requests.when(introduction, introduction, delivered_times=2)  # with another event id each

    assert await requests.status(request) == "open"
    await requests.then_nothing_said()

    await requests.when(an_introduction(request))  # a second one, after the first led nowhere
    assert await requests.status(request) == "in-conversation"


async def test_an_introduction_that_could_not_be_handled_is_handled_once_more_where_it_failed(
    postgres, nats, monkeypatch
):
    """Two handlers hear it, each for itself: the one that did not fail has had it already."""
    async with running(service, postgres, nats, attempts_max=1) as here:
        requests, team = Requests(here), here.http_as("m-team", roles=("node-team",))
        request, offer = await requests.placed(), await requests.placed("offer", who="sem", kind="internship")
        with monkeypatch.context() as trouble:
            trouble.setattr(rules, "is_taken_up", lambda *_: 1 / 0)
            await here.publish(an_introduction(request, offer))
            await eventually(here.dead_letters, saying="a dead letter")
            await here.quiet()
        (letter,) = (await team.get("/team/dead-letters")).json()

        answer = await team.post(f"/team/dead-letters/{letter['letter_id']}/replay")

        assert (answer.status_code, await here.dead_letters()) == (204, [])
        assert (await requests.noor.get(request["path"])).json()["status"] == "in-conversation"


@pytest.mark.parametrize("ending", ["fulfil", "withdraw", "reopen"])
async def test_a_conversation_ends_as_its_member_says(requests, ending):
    request = await requests.placed()
    await requests.given(an_introduction(request))

    ended = await requests.step(request, ending)

    assert ended["status"] == {"fulfil": "fulfilled", "withdraw": "withdrawn", "reopen": "open"}[ending]


async def test_an_introduction_opens_nothing_that_its_member_closed(requests):
    request = await requests.placed()
    await requests.step(request, "withdraw")
    await requests.given()

    await requests.when(an_introduction(request), an_introduction())

    assert await requests.status(request) == "withdrawn"
    await requests.then_nothing_said()


# Leaving.


async def test_what_a_member_who_leaves_has_standing_is_withdrawn(requests):
    standing, talking = await requests.placed(), await requests.placed("offer", kind="equipment")
    draft, done = await requests.placed(draft=True), await requests.placed()
    others = await requests.placed(who="sem")
    await requests.step(done, "fulfil")
    await requests.given(an_introduction(None, talking))

    await requests.when(MemberLeft(member_id="noor", version=4))

    asked, offered = await requests.then_said(RequestClosed, OfferClosed)
    assert (asked.request_id, asked.status) == (standing["id"], "withdrawn")
    assert (offered.offer_id, offered.status) == (talking["id"], "withdrawn")
    assert [await requests.status(thing) for thing in (draft, done, others)] == ["draft", "fulfilled", "open"]


async def test_a_leaving_that_is_heard_again_withdraws_nothing_of_who_came_back(requests):
    left = MemberLeft(member_id="noor", version=4)
    await requests.given(left, MemberJoined(member_id="noor", version=5))
    asked = await requests.placed()
    await requests.given()

    await requests.when(left, MemberLeft(member_id="noor", version=3))
    assert await requests.status(asked) == "open"
    await requests.then_nothing_said()

    await requests.when(MemberLeft(member_id="noor", version=7))
    assert await requests.status(asked) == "withdrawn"


async def test_events_of_one_thing_are_told_in_versions_that_only_rise(requests):
    offer = await requests.placed("offer", "sem", kind="equipment")
    for step in ("withdraw", "reopen", "fulfil", "reopen"):
        await requests.step(offer, step, who="sem")
    await requests.when(an_introduction(None, offer, match_id=new_id()))

    await requests.quiet()
    told = [event for _, event in await requests.envelopes()]
    assert [event.version for event in told] == [1, 2, 3, 4, 5, 6]
    assert isinstance(told[0], OfferPlaced)
