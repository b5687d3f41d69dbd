"""Mail that waits for its moment, and what goes together in one."""

from datetime import timedelta

import pytest
from sqlalchemy import text

from chassis.sql import run
from contracts.days import AMSTERDAM
from contracts.desk import FollowUpCame
from contracts.event import new_id
from contracts.matching import AnswerOverdue, IntroductionMade, MatchAnswered, MatchEndorsed, MatchProposed
from contracts.members import MemberErased
from contracts.notify import DigestDue
from tests.catching import words
from tests.notify.conftest import a_match, a_person
from tests.notify.test_preferences import choose
from tests.notify.test_telling import a_link


@pytest.fixture
async def noor(notify):
    """Somebody whom the service knows."""
    person = a_person("Noor Jansen")
    await notify.given(person)
    return person


async def proposals(notify, ambassador, count):
    """So many matches for an ambassador to look at."""
    matches = [a_match(a_person("Vera"), a_person("Bram"), ambassador) for _ in range(count)]
    await notify.when(*(MatchProposed(**match) for match in matches))
    return matches


async def digests_gathered(notify, person):
    """The digests that are being gathered for somebody, with when they go."""
    return {
        mail.digest_id: mail.next_attempt_at.astimezone(AMSTERDAM)
        for mail in await notify.mails_kept(person)
        if mail.status == "gathered"
    }


async def timers(notify):
    """The ids of the digests for which a timer is set."""
    subjects = [subject.split(".") for subject, _ in await notify.messages("local", since_given=True)]
    return {parts[-1] for parts in subjects if parts[2] == "timer" and parts[4] == "digest-due"}


async def test_an_ambassador_gets_the_first_of_a_day_at_once_and_the_rest_in_one_mail(notify, noor):
    matches = await proposals(notify, noor, 3)
    assert notify.subjects(noor) == [f"Past dit bij elkaar? {matches[0]['asker'].title}"]
    assert await notify.templates(noor) == ["match-proposed"] * 3
    ((digest_id, moment),) = (await digests_gathered(notify, noor)).items()
    assert (moment.hour, moment.date() > notify.clock().astimezone(AMSTERDAM).date()) == (8, True)
    assert digest_id in await timers(notify)

    await notify.when(DigestDue(digest_id=digest_id), DigestDue(digest_id=digest_id))

    assert notify.subjects(noor)[1:] == ["2 berichten van Om de Hoek"]
    text = words(notify.mails(noor)[1])
    assert all(text.count(f"/matches/{match['match_id']}") == 1 for match in matches[1:])
    assert {mail.status for mail in await notify.mails_kept(noor)} == {"sent"}


async def test_a_follow_up_names_no_day_since_the_second_of_a_day_comes_the_next_morning(notify, noor):
    asker = new_id()
    came = [
        FollowUpCame(follow_up_id=new_id(), member_id=noor.member_id, title=title, asker_id=asker)
        for title in ("Stage in een werkplaats", "Gastles over warmte", "")
    ]

    await notify.when(*came)
    ((digest_id, _),) = (await digests_gathered(notify, noor)).items()
    await notify.when(DigestDue(digest_id=digest_id))

    first, digest = [words(mail) for mail in notify.mails(noor)]
    assert ("terugkomen op" in first, "terugkomen op" in digest) == (True, True)
    assert "vandaag" not in first + digest
    assert 'Je wilde terugkomen op "Gastles over warmte".' in digest
    assert "Hier wilde je op terugkomen: een vraag die er niet meer is" in digest


async def test_what_was_chosen_to_come_daily_comes_daily_and_the_rest_at_once(notify, noor):
    await choose(notify, noor, proposals="daily")
    other = a_person("Fatima de Wit")
    await notify.given(other)
    match = a_match(noor, other)

    await notify.when(MatchEndorsed(**match), IntroductionMade(**a_match(noor, other)))

    assert notify.subjects(noor) == ["Maak kennis met ROC Vechtdal"]
    (digest_id,) = await digests_gathered(notify, noor)
    await notify.when(DigestDue(digest_id=digest_id))
    assert notify.subjects(noor)[1:] == ["Om de hoek gevonden: Stageplek in de werkplaats"]


async def test_who_wants_it_at_once_after_all_gets_what_was_gathered(notify, noor):
    await choose(notify, noor, desk="weekly")
    await proposals(notify, noor, 2)
    assert notify.subjects(noor) == []

    await choose(notify, noor, if_match='"2"', desk="at-once")
    await notify.posted()

    assert len(notify.mails(noor)) == 2


async def test_what_is_not_wanted_any_more_is_in_no_digest(notify, noor):
    await choose(notify, noor, proposals="daily")
    await notify.when(MatchEndorsed(**a_match(noor, a_person())))
    (digest_id,) = await digests_gathered(notify, noor)
    mail = a_match(noor, a_person())
    await choose(notify, noor, if_match='"2"', proposals="none")

    await notify.when(DigestDue(digest_id=digest_id), MatchEndorsed(**mail))

    assert notify.mails(noor) == []
    assert {kept.status for kept in await notify.mails_kept(noor)} == {"unwanted"}


def around_noon(notify):
    """Moves the time to about noon, far from where the clock changes; returns the hour."""
    notify.clock.move(hours=(36 - notify.clock().astimezone(AMSTERDAM).hour) % 24)
    return notify.clock().astimezone(AMSTERDAM).hour


async def test_quiet_hours_keep_a_mail_until_they_are_over(own_notify):
    noor = a_person("Noor Jansen")
    hour = around_noon(own_notify)
    await own_notify.given(noor)
    await choose(own_notify, noor, quiet_from=hour, quiet_until=(hour + 2) % 24)

    await own_notify.when(MatchEndorsed(**a_match(noor, a_person())))
    assert own_notify.mails(noor) == []

    own_notify.clock.move(hours=2)
    await own_notify.posted()
    assert len(own_notify.mails(noor)) == 1


async def test_what_comes_for_a_desk_in_quiet_hours_is_one_mail_on_the_morning_after_them(own_notify):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    hour = around_noon(own_notify)
    await choose(own_notify, noor, quiet_from=hour, quiet_until=(hour + 2) % 24)

    await proposals(own_notify, noor, 3)

    assert [mail.status for mail in await own_notify.mails_kept(noor)] == ["gathered"] * 3
    assert len(await digests_gathered(own_notify, noor)) == 1


async def test_who_is_erased_is_in_no_digest_and_the_others_in_it_are(notify, noor):
    vera = a_person("Vera Vos")
    await choose(notify, noor, proposals="daily")
    gone, stays = a_match(noor, vera), a_match(noor, a_person("Bram"))
    await notify.when(MatchEndorsed(**gone), MatchEndorsed(**stays))
    (digest_id,) = await digests_gathered(notify, noor)

    await notify.when(MemberErased(member_id=vera.member_id))
    await notify.when(DigestDue(digest_id=digest_id))

    (mail,) = notify.mails(noor)
    assert stays["match_id"] in words(mail)
    assert gone["match_id"] not in words(mail)


async def test_a_digest_in_the_post_of_which_nothing_is_left_is_not_mailed(own_notify):
    noor, vera = a_person("Noor Jansen"), a_person("Vera Vos")
    await own_notify.given(noor)
    await choose(own_notify, noor, proposals="daily")
    await own_notify.when(MatchEndorsed(**a_match(noor, vera)))
    (digest_id,) = await digests_gathered(own_notify, noor)
    await own_notify.catcher.away()
    await own_notify.running.when(DigestDue(digest_id=digest_id))

    await own_notify.running.when(MemberErased(member_id=vera.member_id))
    await own_notify.catcher.back()

    await own_notify.becomes(noor, "unwanted")
    assert own_notify.mails(noor) == []


async def test_what_is_stopped_while_a_digest_is_in_the_post_is_not_in_it(own_notify):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    await choose(own_notify, noor, proposals="daily", reminders="daily")
    match = a_match(noor, a_person())
    await own_notify.when(MatchEndorsed(**match), AnswerOverdue(**match, waiting_for=(noor.member_id,)))
    (digest_id,) = await digests_gathered(own_notify, noor)
    await own_notify.catcher.away()
    await own_notify.running.when(DigestDue(digest_id=digest_id))

    await choose(own_notify, noor, if_match='"2"', proposals="none", reminders="daily")
    await own_notify.catcher.back()
    await own_notify.posted()

    assert own_notify.subjects(noor) == ["We wachten nog op jou: Stage over circulair bouwen"]
    kept = {mail.template: mail.status for mail in await own_notify.mails_kept(noor)}
    assert kept == {"digest": "sent", "answer-overdue": "sent", "match-endorsed": "unwanted"}


async def test_what_is_answered_while_a_digest_is_in_the_post_is_not_asked_by_it(own_notify):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    await choose(own_notify, noor, proposals="daily")
    answered, stays = a_match(noor, a_person()), a_match(noor, a_person())
    await own_notify.when(*(MatchEndorsed(**match | {"version": 2}) for match in (answered, stays)))
    (digest_id,) = await digests_gathered(own_notify, noor)
    await own_notify.catcher.away()
    await own_notify.running.when(DigestDue(digest_id=digest_id))

    await own_notify.running.when(MatchAnswered(**answered | {"version": 3}, side="request", accepted=True))
    await own_notify.catcher.back()
    await own_notify.posted()

    (mail,) = own_notify.mails(noor)
    assert (stays["match_id"] in words(mail), answered["match_id"] in words(mail)) == (True, False)
    kept = {mail.matter_id: mail.status for mail in await own_notify.mails_kept(noor) if mail.template != "digest"}
    assert kept == {stays["match_id"]: "sent", answered["match_id"]: "unwanted"}


async def test_a_mail_in_the_post_waits_for_the_end_of_quiet_hours_and_a_link_does_not(own_notify):
    noor = a_person("Noor Jansen")
    hour = around_noon(own_notify)
    await own_notify.given(noor)
    await own_notify.catcher.away()
    await own_notify.running.when(MatchEndorsed(**a_match(noor, a_person())))
    await choose(own_notify, noor, quiet_from=hour, quiet_until=(hour + 2) % 24)

    await own_notify.catcher.back()
    await own_notify.when(a_link(noor, own_notify.clock()))
    assert own_notify.subjects(noor) == ["Inloggen bij Om de Hoek"]

    own_notify.clock.move(hours=2)
    await own_notify.posted()
    assert len(own_notify.mails(noor)) == 2


async def test_what_has_no_words_keeps_the_others_of_a_digest_from_nobody_and_is_tried_on_its_own(own_notify):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    await choose(own_notify, noor, proposals="daily")
    wordless, told = a_match(noor, a_person()), a_match(noor, a_person())
    await own_notify.when(MatchEndorsed(**wordless), MatchEndorsed(**told))
    (digest_id,) = await digests_gathered(own_notify, noor)
    async with own_notify.session() as session:
        taken = "UPDATE notification SET facts = '{}' WHERE matter_id = :match_id"
        await run(session, text(taken), {"match_id": wordless["match_id"]})
        await session.commit()

    await own_notify.when(DigestDue(digest_id=digest_id))

    (mail,) = own_notify.mails(noor)
    assert (told["match_id"] in words(mail), wordless["match_id"] in words(mail)) == (True, False)
    await own_notify.becomes(noor, "waiting", matter_id=wordless["match_id"], refusal="not-composed", digest_id=None)

    async with own_notify.session() as session:  # a release that knows the words
        given = "UPDATE notification SET facts = CAST(:facts AS jsonb) WHERE matter_id = :match_id"
        facts = MatchEndorsed(**wordless).model_dump_json()
        await run(session, text(given), {"match_id": wordless["match_id"], "facts": facts})
        await session.commit()
    own_notify.clock.move(minutes=1)
    await own_notify.posted()

    assert own_notify.subjects(noor)[1:] == ["Om de hoek gevonden: Stageplek in de werkplaats"]
    assert {kept.status for kept in await own_notify.mails_kept(noor)} == {"sent"}


async def test_a_digest_can_be_stopped_with_one_click_and_introductions_still_come(notify, noor):
    await choose(notify, noor, proposals="daily")
    await notify.when(MatchEndorsed(**a_match(noor, a_person())))
    (digest_id,) = await digests_gathered(notify, noor)
    await notify.when(DigestDue(digest_id=digest_id))
    link = notify.mails(noor)[0]["List-Unsubscribe"].strip("<>").partition("/api")[2]

    assert (await notify.http.post(link)).json() == {"category": "everything", "unsubscribed": True}

    chosen = (await notify.http_as(noor.member_id).get("/v1/preferences")).json()
    assert {chosen[name] for name in ("desk", "proposals", "reminders", "unanswered", "outcomes", "initiatives")} == {
        "none"
    }


@pytest.mark.parametrize(
    ("language", "still"),
    [
        (
            "nl",
            "Mails over een kennismaking of een bijeenkomst waarvoor je je aanmeldde, krijg je nog wel, maar geen"
            " herinneringen.",
        ),
        ("en", "You still get mails about an introduction or a meeting that you signed up for, but no reminders."),
    ],
)
async def test_who_stops_all_that_is_gathered_reads_what_still_comes_and_nothing_turns_on_what_was_off(
    notify, language, still
):
    maya, page = a_person("Maya Singh", language=language), {"Accept": "text/html"}
    await notify.given(maya)
    await choose(notify, maya, proposals="daily", outcomes="none")
    await notify.when(MatchEndorsed(**a_match(maya, a_person())))
    (digest_id,) = await digests_gathered(notify, maya)
    await notify.when(DigestDue(digest_id=digest_id))
    link = notify.mails(maya)[0]["List-Unsubscribe"].strip("<>").partition("/api")[2]

    asked, off = await notify.http.get(link, headers=page), await notify.http.post(link, headers=page)
    on = await notify.http.post(link, headers=page, data={"mails": "on"})  # of a page of before
    again = await notify.http.get(link, headers=page)

    assert [still in one.text for one in (asked, off)] == [True, True]
    assert ('name="mails"' in off.text, 'href="/preferences"' in off.text) == (False, True)
    assert (asked.text == off.text, on.text, again.text) == (False, off.text, off.text)
    chosen = (await notify.http_as(maya.member_id).get("/v1/preferences")).json()
    assert (chosen["outcomes"], chosen["proposals"]) == ("none", "none")


async def test_a_timer_of_nothing_says_nothing(notify):
    await notify.when(DigestDue(digest_id=new_id()))

    await notify.then_said(DigestDue)
    assert not [letter for letter in await notify.dead_letters() if "digest-due" in letter.subject]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quiet_from": 22}, ""),
        ({"quiet_from": 24, "quiet_until": 7}, "quiet_from"),
        ({"quiet_from": 8, "quiet_until": 8}, ""),
        ({"proposals": "at-most-daily"}, "proposals"),
        ({"desk": "hourly"}, "desk"),
    ],
)
async def test_a_moment_that_there_is_not_is_a_wrong_field(notify, noor, changes, field):
    answer = await choose(notify, noor, **changes)

    assert answer.status_code == 422
    assert any(error["field"].startswith(field) for error in answer.json()["errors"])


async def test_a_gathered_mail_is_shown_to_the_team_as_such(notify, noor):
    await proposals(notify, noor, 2)
    assert timedelta(0) < next(iter((await digests_gathered(notify, noor)).values())) - notify.clock()
