"""The report of an erasure: what each service removed of somebody, and what comes of one that is not complete."""

import pytest

from chassis.behind import troubles_of
from chassis.figures import figures_of
from contracts import matching, notify, partners, requests
from contracts.envelope import encode
from contracts.event import EventRejected, new_id
from contracts.members import MemberErased, MemberJoined
from tests.members.conftest import COMPANY
from tests.node.commands import odh

OTHERS = (requests.MemberForgotten, matching.MemberForgotten, notify.MemberForgotten, partners.MemberForgotten)


async def erased(members, member_id):
    """The team erases somebody; returns the report."""
    answer = await members.team().delete(f"/v1/members/{member_id}")
    assert answer.status_code == 202, answer.text
    return (await members.http.get(f"/v1/erasures/{answer.json()['erasure_id']}")).json()


async def test_what_is_told_late_takes_nothing_from_the_report(members):
    """As of what a network told of them just before, or of an erasure that was heard a second time."""
    noor = await members.joined()
    erasure_id = (await members.http_as(noor).delete("/v1/members/me")).json()["erasure_id"]

    for removed in ({"records": 2, "stream-messages": 5}, {"records": 0, "receipts": 1, "stream-messages": 3}, {}):
        await members.given(partners.MemberForgotten(member_id=noor, removed=removed))

    report = (await members.http.get(f"/v1/erasures/{erasure_id}")).json()
    (told,) = [part["removed"] for part in report["parts"] if part["service"] == "partners"]
    assert told == {"records": 2, "receipts": 1, "stream-messages": 5}


async def test_an_erasure_that_is_asked_again_is_said_again_until_everybody_has_told(members):
    noor = await members.joined()
    await erased(members, noor)
    await members.given(*(one(member_id=noor, removed={}) for one in OTHERS[1:]))

    not_complete = await erased(members, noor)
    said = await members.said(MemberErased)
    await members.given(OTHERS[0](member_id=noor, removed={"requests": 1}))
    complete = await erased(members, noor)

    assert [one.member_id for one in said] == [noor]
    assert (not_complete["complete"], complete["complete"]) == (False, True)
    assert await members.said(MemberErased) == []
    assert not_complete["erasure_id"] == complete["erasure_id"]


async def test_an_erasure_that_is_not_complete_after_an_hour_is_a_trouble(members):
    noor, other = await members.joined(), await members.joined(email="sem@warmtewerk.example", organisation=COMPANY)
    for one in (noor, other):
        await erased(members, one)
    await members.given(*(one(member_id=other, removed={}) for one in OTHERS))

    soon = await told(members)
    members.clock.move(hours=1)

    assert soon == []
    assert await told(members) == ["not erased everywhere after an hour: 1"]
    await members.given(*(one(member_id=noor, removed={}) for one in OTHERS))
    assert await told(members) == []


async def told(members):
    figures = await figures_of(members.service)
    return [one.en for one in troubles_of({"members": [figures]}) if "erased" in one.en]


async def buried(members, event, reason="KeyError at x.py:1"):
    """A dead letter of members; returns where the team has it."""
    node, streams = members.service.settings.node, members.service.streams
    body = encode(event, event_id=new_id(), node=node, time=members.clock(), traceparent=None)
    subject = event.subject(node)
    headers = {"Odh-Subject": subject, "Odh-Service": "members", "Odh-Reason": reason, "Odh-Attempts": "6"}
    about = subject.split(".", 3)[3]
    await streams.js.publish(f"odh.{node}.dead.members.{about}", body, headers=headers)
    return f"/team/dead-letters/{about}"


async def drop_all(members):
    """By command, in a process of its own, which knows the events of no service by itself."""
    settings = members.service.settings
    return await odh("dead-letters", "drop", "all", "--node", settings.node, "--nats", settings.nats_url)


@pytest.mark.parametrize("event", [MemberErased(member_id="noor"), OTHERS[0](member_id="noor", removed={})])
async def test_what_erases_somebody_cannot_be_thrown_away_and_is_handled_once_more(members, event):
    letter = await buried(members, event)

    refused = await members.team().delete(letter)
    by_command = await drop_all(members)

    assert (refused.status_code, refused.json()["type"].rpartition("/")[2]) == (409, "dead-letter-of-erasure")
    assert (by_command.code, "0 dead letters dropped." in by_command.out) == (1, True)
    assert "1 blijft: daarmee wordt iemand gewist" in by_command.err
    (seen,) = (await members.team().get("/team/dead-letters")).json()
    assert seen["may_go"] is False
    assert (await members.team().post(f"{letter}/replay")).status_code == 204
    assert (await members.team().get("/team/dead-letters")).json() == []


async def test_what_erases_nobody_here_can_be_thrown_away(members):
    """What was not understood, what nobody here hears any more, and all that is no erasure."""
    of_another = matching.MatchesForgotten(member_id="noor", match_ids=(), lapsed_ids=())
    joined = MemberJoined(member_id="noor", organisation_ids=())
    letters = [
        await buried(members, MemberErased(member_id="noor"), "not understood: ValidationError"),
        await buried(members, of_another),
        await buried(members, joined),
    ]

    assert [one["may_go"] for one in (await members.team().get("/team/dead-letters")).json()] == [True] * 3
    assert [(await members.team().delete(letter)).status_code for letter in letters] == [204] * 3


async def test_the_command_throws_away_all_but_what_erases_somebody_and_says_what_went(members):
    await buried(members, requests.RecordAccepted(record_id="sem", known_as="sem"))
    await buried(members, MemberErased(member_id="noor"))

    assert "1 dead letters dropped." in (await drop_all(members)).out

    (rejected,) = await members.said(EventRejected)
    assert rejected.rejected_about == "sem"
    (left,) = (await members.team().get("/team/dead-letters")).json()
    assert left["event"] == "members.member-erased"
