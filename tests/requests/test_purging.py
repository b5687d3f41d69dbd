"""Whoever asked very much is forgotten in the streams a part at a time, and keeps nobody waiting."""

import chassis.purging
from chassis import mailboxes
from contracts.members import MemberErased
from contracts.requests import MeetingCalledOff, MemberForgotten, MoreToForget, PropositionsForgotten
from services.requests import forgetting
from tests.holding import Holding
from tests.requests.conftest import a_request, an_introduction
from tests.requests.test_erasure import ERASED, everything_kept
from tests.requests.test_sign_ups import come, meet


async def test_others_ask_while_the_streams_are_rid_of_who_asked_much(requests, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    mine = {(await requests.placed())["id"] for _ in range(5)}
    await requests.given()
    purges = Holding(requests.service.streams, monkeypatch, after=2)

    await requests.publish(ERASED)
    await purges.waits.wait()
    answer = await requests.sem.post("/v1/requests", json=a_request())

    assert answer.status_code == 201
    assert len(purges.ids) <= 4  # what waits is one part
    assert not [event for _, event in await requests.envelopes() if isinstance(event, MemberForgotten)]
    purges.goes_on.set()
    assert len(await requests.said(MoreToForget)) == 2
    (forgotten,) = await requests.said(MemberForgotten)
    assert purges.ids == mine
    assert forgotten.removed.items() >= {"requests": 5, "stream-messages": 5}.items()
    kept = await everything_kept(requests)
    assert not [one for one in mine if one in kept]


async def test_a_part_that_nobody_will_handle_goes_when_the_erasure_is_said_again(requests, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    mine = [(await requests.placed())["id"] for _ in range(3)]
    await requests.given()
    with monkeypatch.context() as lost:
        lost.setattr(forgetting, "say", lambda *_: None)
        await requests.when(ERASED)
    await requests.then_said()

    await requests.when(MemberErased(member_id="noor"))

    await requests.then_said(MemberForgotten)
    kept = await everything_kept(requests)
    assert not [one for one in mine if one in kept]


async def test_what_people_were_introduced_for_goes_in_parts_too(requests, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    offered = await requests.placed("offer", who="sem", kind="internship")
    introduced = [an_introduction(await requests.placed(), offered) for _ in range(3)]
    await requests.given(*introduced)

    await requests.when(ERASED)

    assert len(await requests.said(MoreToForget)) == 2
    (forgotten,) = await requests.said(MemberForgotten)
    assert forgotten.removed.items() >= {"introductions": 3, "requests": 3}.items()


async def test_who_comes_hears_that_it_is_off_however_much_is_purged_after_that(region, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOGETHER", 2)
    for _ in range(5):
        await region.placed(who="sem")
    meeting = await meet(region)
    for who in ("ann", "bo", "noor"):
        await come(region, meeting, who)
    await region.given()

    await region.when(MemberErased(member_id="sem"))

    assert await region.said(MoreToForget)
    assert {event.member_id for event in await region.said(MeetingCalledOff)} == {"ann", "bo", "noor"}


async def test_more_than_one_event_can_tell_is_told_in_several(region, monkeypatch):
    monkeypatch.setattr(chassis.purging, "TOLD_AT_ONCE", 10)
    mine = [(await region.placed())["id"] for _ in range(25)]
    await region.given()
    monkeypatch.setattr(mailboxes, "EVENT_BYTES_MAX", 1_000)

    await region.when(ERASED)

    (forgotten,) = await region.said(MemberForgotten)
    assert forgotten.removed["requests"] == 25
    told = await region.said(PropositionsForgotten)
    assert sorted(one for event in told for one in event.proposition_ids) == sorted(mine)
