"""An address that refused mail: the team hears of the one that is somebody's, and it is tried again after a while."""

import pytest

from contracts.matching import IntroductionMade, MatchEndorsed
from contracts.vocabulary import Language
from services.notify import contacts
from services.notify.rendering import Reading, inbox_lines
from services.notify.rules import Notice
from services.notify.telling import tell
from services.notify.templates import Template
from tests.notify.conftest import NODE_URL, a_match, a_person, a_team_member
from tests.notify.test_telling import a_link


async def refused_at(notify, person):
    """Since when the service holds the address of somebody for refused."""
    async with notify.running.session() as session:
        return (await contacts.contacts_of(session, [person.member_id]))[person.member_id].refused_at


async def asked(notify, person):
    """Somebody is asked whether they want to meet; returns when the mail about it is settled."""
    await notify.running.when(MatchEndorsed(**a_match(person, a_person("Vera Vreemd"))))
    await notify.posted()


# What the team reads of it.


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("nl", "De mailserver weigert mail aan lid m-7 (code 550). Vraag om een ander e-mailadres."),
        ("en", "The mail server refuses mail to member m-7 (code 550). Ask for another email address."),
    ],
)
def test_who_could_not_be_reached_is_named_by_their_reference_where_no_more_is_known(language, text):
    facts = {"refusal": "550"}
    lines = inbox_lines(Reading(Template.TEAM_MAIL_REFUSED, Language(language), "m-team", "m-7", facts, NODE_URL))

    assert lines.text == text


async def test_the_team_reads_of_a_member_whose_contact_is_not_known(notify):
    tess, stranger = await a_team_member(notify), a_person("Iris Smit")
    told = Notice(tess.member_id, Template.TEAM_MAIL_REFUSED, stranger.member_id, {"refusal": "550"}, by_mail=False)
    async with notify.running.session() as session:
        await tell(session, [told], notify.service.settings, notify.clock())
        await session.commit()

    (item,) = await notify.inbox(tess)
    assert (item["title"], stranger.member_id in item["text"]) == ("Mail aan een lid komt niet aan", True)


async def test_a_typing_error_in_a_new_address_does_not_say_that_the_member_cannot_be_reached(own_notify):
    tess, noor = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": "typo-" + noor.email, "answer": 550})

    await own_notify.when(a_link(noor, own_notify.clock(), email="typo-" + noor.email, confirms=True))

    assert (await own_notify.kept(noor)).status == "failed"
    assert (await own_notify.inbox(tess), await refused_at(own_notify, noor)) == ([], None)
    await asked(own_notify, noor)
    assert len(own_notify.mails(noor)) == 1


async def test_the_team_hears_of_the_address_that_somebody_signs_in_with(own_notify):
    tess, noor = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 550, "times": 1})

    await own_notify.when(a_link(noor, own_notify.clock()))

    assert await own_notify.templates(tess) == ["team-mail-refused"]


# It is tried again.


async def test_an_address_is_tried_again_after_a_week_and_then_gets_what_it_missed_of_introductions(own_notify):
    noor, fatima, sem = a_person("Noor Jansen"), a_person("Fatima de Wit"), a_person("Sem de Vries")
    await own_notify.given(noor, fatima, sem)
    own_notify.catcher.behave({"to": noor.email, "answer": 550, "times": 1})
    await own_notify.when(IntroductionMade(**a_match(noor, fatima)))
    await own_notify.when(IntroductionMade(**a_match(noor, fatima)))
    assert [mail.refusal for mail in await own_notify.mails_kept(noor)] == ["550", "address-refused"]

    own_notify.clock.move(days=30)
    await own_notify.when(IntroductionMade(**a_match(noor, sem)))

    assert [mail.status for mail in await own_notify.mails_kept(noor)] == ["sent"] * 3
    assert await refused_at(own_notify, noor) is None


async def test_an_address_that_goes_on_refusing_is_tried_once_a_week_and_the_team_hears_of_it_once(own_notify):
    tess, noor = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 550})

    for days in (0, 6, 1, 6, 1):
        own_notify.clock.move(days=days, seconds=1)
        await asked(own_notify, noor)

    refusals = [mail.refusal for mail in await own_notify.mails_kept(noor)]
    assert refusals == ["550", "address-refused", "550", "address-refused", "550"]
    assert await own_notify.templates(tess) == ["team-mail-refused"]
