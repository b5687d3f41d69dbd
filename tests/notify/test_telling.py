"""Who is told what, where, and that nobody is told the same thing twice."""

from datetime import timedelta

import pytest

from contracts.event import new_id
from contracts.matching import (
    AnswerOverdue,
    IntroductionMade,
    MatchAnswered,
    MatchEndorsed,
    MatchHandedOver,
    MatchLapsed,
    MatchProposed,
    RequestUnanswered,
)
from contracts.members import NodeTeamJoined, NodeTeamLeft, SignInRequested
from contracts.notify import NotificationSent
from tests.catching import words
from tests.given import eventually
from tests.notify.conftest import a_match, a_party, a_person, a_team_member


@pytest.fixture
async def people(notify):
    """An asker, an offerer and an ambassador, whom the service knows."""
    three = a_person("Noor Jansen"), a_person("Fatima de Wit", organisation_name="Warmtewerk BV"), a_person("Amir Bos")
    await notify.given(*three)
    return three


def a_link(person, now, **changes):
    """Somebody asks to sign in."""
    link = {
        "sign_in_id": new_id(),
        "member_id": person.member_id,
        "name": person.name,
        "email": person.email,
        "language": person.language,
        "token": new_id(),
        "expires_at": now + timedelta(minutes=15),
        "joining": False,
    }
    return SignInRequested(**link | changes)


async def test_a_proposal_is_mailed_to_its_ambassadors_alone(notify, people):
    asker, offerer, ambassador = people

    await notify.when(MatchProposed(**a_match(*people)))

    assert notify.subjects(ambassador) == ["Past dit bij elkaar? Stage over circulair bouwen"]
    assert await notify.templates(ambassador) == ["match-proposed"]
    assert notify.mails(asker) == notify.mails(offerer) == []
    (sent,) = await notify.then_said(NotificationSent)
    assert (sent.member_id, sent.template) == (ambassador.member_id, "match-proposed")


async def test_the_main_story_is_told_step_by_step(notify, people):
    asker, offerer, ambassador = people
    match = a_match(*people)

    await notify.when(MatchProposed(**match))
    await notify.when(MatchEndorsed(**match))
    await notify.when(MatchAnswered(**match, side="offer", accepted=True))
    await notify.when(MatchAnswered(**match, side="request", accepted=True))
    await notify.when(IntroductionMade(**match))

    assert await notify.templates(asker) == ["match-endorsed", "introduction"]
    assert await notify.templates(offerer) == ["match-endorsed", "introduction"]
    assert await notify.templates(ambassador) == [
        "match-proposed",
        "match-answered",
        "match-answered",
        "introduced",
    ]
    assert notify.subjects(asker) == [
        "Om de hoek gevonden: Stageplek in de werkplaats",
        "Maak kennis met Warmtewerk BV",
    ]
    assert notify.subjects(offerer) == [
        "Om de hoek gevonden: Stage over circulair bouwen",
        "Maak kennis met ROC Vechtdal",
    ]
    assert len(notify.mails(ambassador)) == 1  # the other is gathered for tomorrow


@pytest.mark.parametrize("copies", ["the same event", "another event that says the same"])
async def test_nobody_hears_the_same_thing_twice(notify, people, copies):
    match = a_match(*people)
    steps = [
        MatchProposed(**match),
        MatchEndorsed(**match),
        MatchAnswered(**match, side="offer", accepted=True),
        AnswerOverdue(**match, waiting_for=(people[0].member_id,)),
        IntroductionMade(**match),
        MatchHandedOver(**match, version=3),
        MatchLapsed(**match, lapsed_because="closed", asked=(people[0].member_id,)),
    ]
    await notify.when(*steps)
    mails, told = [notify.subjects(p) for p in people], [await notify.templates(p) for p in people]
    await notify.given()

    if copies == "the same event":
        for step in steps:
            event_id = await notify.publish(step)
            await notify.publish(step, event_id=event_id)
        await notify.posted()
    else:
        await notify.when(*steps, *reversed(steps))

    assert [notify.subjects(p) for p in people] == mails
    assert [await notify.templates(p) for p in people] == told
    await notify.then_nothing_said()


async def test_steps_that_arrive_in_another_order_are_told_all_the_same(notify, people):
    match = a_match(*people)

    await notify.when(IntroductionMade(**match), MatchEndorsed(**match), MatchProposed(**match))

    assert sorted(await notify.templates(people[0])) == ["introduction", "match-endorsed"]
    assert sorted(await notify.templates(people[2])) == ["introduced", "match-proposed"]


async def test_a_match_handed_over_is_the_next_ambassadors(notify, people):
    *sides, first = people
    second = a_person("Bo de Jong")
    await notify.given(second)
    match = a_match(*sides, first)

    await notify.when(MatchProposed(**match))
    await notify.when(MatchHandedOver(**match | {"ambassador_ids": (second.member_id,), "version": 2}))

    assert await notify.templates(second) == ["match-handed-over"]
    assert await notify.templates(first) == ["match-proposed"]


async def test_whoever_has_not_answered_is_reminded_once_for_each_step(notify, people):
    asker, offerer, ambassador = people
    match = a_match(*people)

    for version in (4, 4, 9):
        await notify.when(AnswerOverdue(**match, waiting_for=(offerer.member_id,), version=version))

    assert notify.subjects(offerer) == ["We wachten nog op jou: Stageplek in de werkplaats"] * 2
    assert notify.mails(asker) == notify.mails(ambassador) == []


async def test_who_had_said_yes_is_mailed_that_it_ended_and_the_others_can_read_it(notify, people):
    asker, offerer, ambassador = people
    sides = (asker.member_id, offerer.member_id)

    await notify.when(
        MatchLapsed(**a_match(*people), lapsed_because="declined", asked=sides, accepted=(asker.member_id,))
    )

    assert notify.subjects(asker) == ["Gaat niet door: Stage over circulair bouwen"]
    assert "De ander zei nee." in words(notify.mails(asker)[0])
    assert (await notify.inbox(offerer))[0]["text"].endswith("Je zei nee.")
    assert (await notify.inbox(ambassador))[0]["text"].endswith("Een van de twee zei nee.")
    assert notify.mails(offerer) == notify.mails(ambassador) == []


async def test_an_unanswered_request_goes_to_whoever_asked_and_to_the_team_of_that_moment(notify, people):
    tess, was = await a_team_member(notify), await a_team_member(notify, "Wim van Vroeger")
    await notify.given(NodeTeamLeft(member_id=was.member_id, version=2))

    await notify.when(RequestUnanswered(request_id="r-1", member_id=people[0].member_id, title="Wie weet een stage?"))

    assert notify.subjects(people[0]) == ["Nog geen antwoord op: Wie weet een stage?"]
    assert notify.subjects(tess) == ["Wie weet raad? Wie weet een stage?"]
    assert notify.mails(was) == []
    assert "https://utrecht.omdehoek.example/requests/r-1" in words(notify.mails(tess)[0])


async def test_a_request_that_was_opened_again_and_stays_unanswered_is_told_again_once(notify, people):
    tess, request_id = await a_team_member(notify), new_id()

    for version in (1, 3, 3):
        await notify.when(
            RequestUnanswered(request_id=request_id, version=version, member_id=people[0].member_id, title="Stage?")
        )

    assert notify.subjects(people[0]) == ["Nog geen antwoord op: Stage?"] * 2
    assert notify.subjects(tess) == ["Wie weet raad? Stage?"] * 2
    assert await notify.templates(tess) == ["team-request-unanswered"] * 2


async def test_who_left_the_team_stays_out_of_it_when_an_older_event_comes_late(notify):
    tess = await a_team_member(notify)
    await notify.when(
        NodeTeamLeft(member_id=tess.member_id, version=5), NodeTeamJoined(member_id=tess.member_id, version=4)
    )
    await notify.when(RequestUnanswered(request_id=new_id(), member_id=a_person().member_id, title="Wie weet het?"))

    assert notify.mails(tess) == []


@pytest.mark.parametrize(
    ("why", "subject", "purpose"),
    [
        ({}, "Inloggen bij Om de Hoek", ""),
        ({"joining": True}, "Bevestig je e-mailadres bij Om de Hoek", "for=joining&"),
        ({"confirms": True}, "Bevestig je nieuwe e-mailadres bij Om de Hoek", "for=address&"),
    ],
)
async def test_whoever_asks_for_a_link_gets_it_though_we_do_not_know_them(notify, why, subject, purpose):
    stranger = a_person("Iris Smit")
    link = a_link(stranger, notify.clock(), **why)

    await notify.when(link)

    assert notify.subjects(stranger) == [subject]
    assert f"https://utrecht.omdehoek.example/sign-in?{purpose}token={link.token}" in words(notify.mails(stranger)[0])
    assert await notify.inbox(stranger) == []


async def test_every_link_that_is_asked_for_is_mailed(notify, people):
    await notify.when(*(a_link(people[0], notify.clock()) for _ in range(3)))

    assert notify.subjects(people[0]) == ["Inloggen bij Om de Hoek"] * 3


async def test_everybody_reads_their_own_language(notify):
    dutch, english = a_person("Noor Jansen"), a_person("Maya Singh", language="en")
    await notify.given(dutch, english)

    await notify.when(MatchEndorsed(**a_match(dutch, english)))

    assert notify.mails(dutch)[0]["Content-Language"] == "nl"
    assert notify.subjects(english) == ["Found around the corner: Stage over circulair bouwen"]
    assert "same theme: circular economy" in words(notify.mails(english)[0])
    assert (await notify.inbox(english))[0]["text"].startswith("ROC Vechtdal in Utrecht fits")


# The contact comes by another stream than the match: nothing says which is first.


async def test_what_is_told_before_we_know_how_to_reach_somebody_is_mailed_when_we_do(notify):
    asker, offerer, ambassador = a_person("Noor Jansen"), a_person("Fatima de Wit"), a_person("Amir Bos")

    await notify.when(MatchProposed(**a_match(asker, offerer, ambassador)))
    assert (await notify.kept(ambassador)).status == "awaiting-contact"
    await notify.when(ambassador)

    assert notify.subjects(ambassador) == ["Past dit bij elkaar? Stage over circulair bouwen"]


async def test_an_introduction_waits_until_both_contacts_are_known(notify):
    asker, offerer = a_person("Noor Jansen"), a_person("Fatima de Wit", phone=None)

    await notify.when(IntroductionMade(**a_match(asker, offerer)))
    await notify.when(asker)
    assert [(await notify.kept(who)).status for who in (asker, offerer)] == ["awaiting-contact"] * 2
    await notify.when(offerer)

    assert offerer.email in words(notify.mails(asker)[0])
    assert asker.email in words(notify.mails(offerer)[0])


async def test_a_mail_goes_to_the_newest_address_whatever_order_the_changes_arrive_in(notify):
    now = a_person("Noor Jansen", version=3)
    before = now.model_copy(update={"email": "oud-" + now.email, "version": 2})
    await notify.given(now, before)

    await notify.when(MatchEndorsed(**a_match(now, a_person("Fatima de Wit"))))

    assert len(notify.mails(now)) == 1
    assert notify.catcher.mails(before.email) == []


async def test_an_introduction_tells_the_address_of_the_moment_it_is_sent(notify):
    asker, offerer = a_person("Noor Jansen"), a_person("Fatima de Wit")
    await notify.given(offerer)
    await notify.when(IntroductionMade(**a_match(asker, offerer)))  # waits for the asker's contact

    moved = offerer.model_copy(update={"email": "nieuw-" + offerer.email, "version": 2})
    await notify.when(moved)
    await notify.when(asker)

    assert moved.email in words(notify.mails(asker)[0])


async def test_an_event_that_cannot_be_told_is_a_dead_letter_and_keeps_no_other_waiting(notify, people):
    poison = a_match(*people) | {"asker": a_party(people[0], title="no database keeps a \0")}

    await notify.publish(MatchEndorsed(**poison))
    await notify.publish(MatchEndorsed(**a_match(*people)))

    await notify.catcher.mail(people[0].email)

    async def buried():
        return [letter for letter in await notify.dead_letters() if poison["match_id"] in letter.subject]

    await eventually(buried, saying="a dead letter")
