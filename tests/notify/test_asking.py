"""What was answered, is over or was read is not asked once more by a mail that was gathered."""

import pytest

from contracts.desk import HandOverAnswered, HandOverAsked, HandOverTakenBack, HelpAnswered, HelpAsked
from contracts.event import new_id
from contracts.matching import (
    AnswerOverdue,
    IntroductionMade,
    MatchAnswered,
    MatchDismissed,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
)
from contracts.notify import DigestDue
from contracts.vocabulary import Status
from services.notify.asking import Asked, asked_until
from tests.catching import words
from tests.notify.conftest import a_match, a_person
from tests.notify.test_digests import digests_gathered, proposals
from tests.notify.test_expired import closed as closed_request
from tests.notify.test_preferences import choose
from tests.notify.test_sending import sending

MATCH = a_match(a_person(), a_person(), version=2)
EVERYBODY = tuple(Asked)


@pytest.fixture
async def noor(notify):
    """Somebody whom the service knows, and who has everything once a day."""
    person = a_person("Noor Jansen")
    await notify.given(person)
    await choose(notify, person, desk="daily", proposals="daily", reminders="daily")
    return person


async def digest_comes(notify, *people):
    """What was gathered for them is mailed."""
    for person in people:
        for digest_id in await digests_gathered(notify, person):
            await notify.when(DigestDue(digest_id=digest_id))


def asked_of(notify, person, *matters):
    """Which of these a mail asks of somebody."""
    mailed = " ".join(words(mail) for mail in notify.mails(person))
    return [matter for matter in matters if matter in mailed]


@pytest.mark.parametrize(
    ("event", "nobody"),
    [
        (MatchHandedOver(**MATCH), (Asked.DESK,)),
        (MatchEndorsed(**MATCH), (Asked.DESK,)),
        (MatchAnswered(**MATCH, side="offer", accepted=True), (Asked.DESK, Asked.OFFER)),
        (IntroductionMade(**MATCH), EVERYBODY),
        (MatchLapsed(**MATCH, lapsed_because="unanswered"), EVERYBODY),
        (MatchDismissed(**MATCH, dismissed_because="too-far"), EVERYBODY),
    ],
)
def test_each_step_of_a_match_ends_what_was_asked_before_it(event, nobody):
    assert asked_until(event) == nobody


async def test_who_judged_at_the_desk_is_not_mailed_to_look_at_it_the_next_morning(notify, noor):
    endorsed, dismissed, waits = await proposals(notify, noor, 3)
    await notify.when(MatchEndorsed(**endorsed | {"version": 2}))
    await notify.when(MatchDismissed(**dismissed | {"version": 2}, dismissed_because="too-far"))

    await digest_comes(notify, noor)

    matters = [match["match_id"] for match in (endorsed, dismissed, waits)]
    assert asked_of(notify, noor, *matters) == matters[2:]
    kept = {mail.matter_id: mail.status for mail in await notify.mails_kept(noor)}
    assert [kept[matter] for matter in matters] == ["expired", "expired", "sent"]


async def test_of_what_is_over_no_mail_comes_whichever_was_heard_first(notify, noor):
    match = a_match(a_person("Vera"), a_person("Bram"), noor)

    await notify.when(MatchLapsed(**match | {"version": 2}, lapsed_because="closed"))
    await notify.when(MatchProposed(**match))
    await digest_comes(notify, noor)

    assert notify.mails(noor) == []
    assert await notify.templates(noor) == ["match-lapsed", "match-proposed"]


async def test_who_answered_is_not_asked_again_and_the_other_is(notify, noor):
    fatima = a_person("Fatima de Wit")
    await notify.given(fatima)
    await choose(notify, fatima, proposals="daily", reminders="daily")
    match = a_match(noor, fatima)
    await notify.when(MatchEndorsed(**match | {"version": 2}))
    await notify.when(AnswerOverdue(**match | {"version": 3}, waiting_for=(noor.member_id, fatima.member_id)))
    await notify.when(MatchAnswered(**match | {"version": 4}, side="request", accepted=True))

    await digest_comes(notify, noor, fatima)

    assert notify.mails(noor) == []
    assert notify.subjects(fatima) == ["2 berichten van Om de Hoek"]


async def test_who_handed_a_match_over_is_not_asked_to_look_and_who_got_it_is(notify, noor):
    bo = a_person("Bo de Jong")
    await notify.given(bo)
    await choose(notify, bo, desk="daily")
    (match,) = await proposals(notify, noor, 1)
    await notify.when(MatchHandedOver(**match | {"ambassador_ids": (bo.member_id,), "version": 2}))

    await digest_comes(notify, noor, bo)

    assert notify.mails(noor) == []
    assert asked_of(notify, bo, match["match_id"]) == [match["match_id"]]


async def test_what_was_answered_around_a_desk_is_not_asked_again(notify, noor):
    ids = {"asked_by": new_id(), "member_id": noor.member_id, "title": "Stage", "asker_id": new_id()}
    hand_over, other = ({"hand_over_id": new_id(), "match_id": new_id()} | ids for _ in range(2))
    ask = {"ask_id": new_id(), "request_id": new_id()} | ids
    await notify.when(HandOverAsked(**hand_over), HandOverAsked(**other), HelpAsked(**ask))
    await notify.when(HandOverAnswered(**hand_over, accepted=True), HelpAnswered(**ask, accepted=False))

    await digest_comes(notify, noor)

    kept = {mail.matter_id: mail.status for mail in await notify.mails_kept(noor)}
    assert [kept[one] for one in (hand_over["hand_over_id"], other["hand_over_id"], ask["ask_id"])] == [
        "expired",
        "sent",
        "expired",
    ]


async def test_nobody_is_asked_to_look_at_a_match_that_was_judged_or_that_the_other_looks_at_after_all(notify, noor):
    ids = {"asked_by": new_id(), "member_id": noor.member_id, "title": "Stage", "asker_id": new_id()}
    judged, taken_back, waits, older = (
        {"hand_over_id": new_id(), "match_id": new_id(), "match_version": 2} | ids for _ in range(4)
    )
    match = {name: value for name, value in MATCH.items() if name not in ("match_id", "version")}
    await notify.when(MatchDismissed(**match, match_id=judged["match_id"], version=3, dismissed_because="too-far"))
    await notify.when(MatchHandedOver(**match, match_id=waits["match_id"], version=2))
    asked = [HandOverAsked(**one) for one in (judged, taken_back, waits)]
    await notify.when(*asked, HandOverAsked(**older | {"match_version": None}))
    await notify.when(HandOverTakenBack(hand_over_id=taken_back["hand_over_id"]))
    await notify.when(MatchDismissed(**match, match_id=older["match_id"], version=3, dismissed_because="too-far"))

    await digest_comes(notify, noor)

    kept = {mail.matter_id: mail.status for mail in await notify.mails_kept(noor)}
    assert [kept[one["hand_over_id"]] for one in (judged, taken_back, waits)] == ["expired", "expired", "sent"]
    assert kept[older["hand_over_id"]] == "sent"  # of which match it was, a release of before does not say


async def test_nobody_is_asked_to_help_with_a_request_that_closed_unless_it_is_asked_again(notify, noor):
    ids = {"asked_by": new_id(), "member_id": noor.member_id, "title": "Stage", "asker_id": new_id()}
    closed, asked_again = ({"ask_id": new_id(), "request_id": new_id()} | ids for _ in range(2))
    for one in (closed, asked_again):
        await notify.when(closed_request("request", a_person(), request_id=one["request_id"], status=Status.WITHDRAWN))
    await notify.when(HelpAsked(**closed, request_version=1), HelpAsked(**asked_again, request_version=3))

    await digest_comes(notify, noor)

    kept = {mail.matter_id: mail.status for mail in await notify.mails_kept(noor)}
    assert [kept[one["ask_id"]] for one in (closed, asked_again)] == ["expired", "sent"]


async def test_what_was_read_in_the_inbox_is_in_no_digest(notify, noor):
    matches = await proposals(notify, noor, 2)
    newest = (await notify.inbox(noor))[0]
    await notify.http_as(noor.member_id).post(f"/v1/inbox/{newest['item_id']}/read")

    await digest_comes(notify, noor)

    matters = [match["match_id"] for match in matches]
    assert asked_of(notify, noor, *matters) == [one for one in matters if one != newest["matter_id"]]


@pytest.mark.parametrize("turned", [False, True])
async def test_the_inbox_says_what_is_not_asked_any_more_whichever_was_heard_first(notify, noor, turned):
    fatima, amir = a_person("Fatima de Wit"), a_person("Amir Bos")
    match = a_match(noor, fatima, amir, noor)  # who looks at it is a side, too
    steps = [
        MatchProposed(**match),
        MatchEndorsed(**match | {"version": 2}),
        AnswerOverdue(**match | {"version": 3}, waiting_for=(noor.member_id, fatima.member_id)),
        MatchAnswered(**match | {"version": 4}, side="request", accepted=True),
    ]

    for step in reversed(steps) if turned else steps:
        await notify.when(step)

    over = {who.name: {one["template"]: one["is_over"] for one in await notify.inbox(who)} for who in (noor, fatima)}
    assert over == {
        noor.name: {"match-proposed": True, "match-endorsed": True, "answer-overdue": True},
        fatima.name: {"match-endorsed": False, "answer-overdue": False},
    }
    told = {one["template"]: one["is_over"] for one in await notify.inbox(amir)}
    assert told == {"match-proposed": True, "match-answered": False}


async def test_who_looks_at_a_match_is_reminded_until_it_was_judged(notify, noor):
    matches = judged, waits = [a_match(a_person(), a_person(), noor) for _ in range(2)]
    for match in matches:
        await notify.when(AnswerOverdue(**match | {"version": 2}, waiting_for=(noor.member_id,)))

    await notify.when(MatchEndorsed(**judged | {"version": 3}))

    over = {one["matter_id"]: one["is_over"] for one in await notify.inbox(noor)}
    assert over == {judged["match_id"]: True, waits["match_id"]: False}


async def test_what_was_answered_while_its_mail_waited_in_the_post_is_not_asked_by_it(idle_notify):
    noor, fatima = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await idle_notify.given(noor, fatima)
    match = a_match(noor, fatima)
    await idle_notify.running.when(MatchEndorsed(**match | {"version": 2}))
    await idle_notify.running.when(MatchAnswered(**match | {"version": 3}, side="request", accepted=True))

    async with sending(idle_notify):
        await idle_notify.posted()

    assert (await idle_notify.kept(noor)).status == "expired"
    assert (await idle_notify.kept(fatima)).status == "sent"
    assert idle_notify.mails(noor) == []
