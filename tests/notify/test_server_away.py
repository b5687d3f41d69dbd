"""A mail server that is away for days: what waits for it goes when it is back, and no member's address is blamed."""

import pytest

from contracts.matching import IntroductionMade, MatchEndorsed
from contracts.notify import NotificationFailed
from services.notify import attempts
from services.notify.figures import figures
from tests.given import eventually
from tests.notify.conftest import a_match, a_person, a_team_member


@pytest.fixture(autouse=True)
def impatient(monkeypatch):
    """A server that is away is asked again at once."""
    monkeypatch.setattr(attempts, "_SERVER_BACK_OFF_SECONDS", (0.05,))


async def away_for_days(notify, *people):
    """The server is away for longer than a mail is tried, and each mail to these people is tried on each day."""
    for _ in range(4):
        notify.clock.move(hours=23)
        moved = notify.clock()

        async def all_tried(since=moved):
            mails = await notify.mails_kept(*people)
            return all(mail.status == "waiting" and mail.next_attempt_at >= since for mail in mails)

        await eventually(all_tried, saying="a try of each mail")


async def test_an_introduction_goes_when_the_server_is_back_and_the_team_is_not_told_that_addresses_are_wrong(
    own_notify,
):
    tess, noor, fatima = await a_team_member(own_notify), a_person("Noor Jansen"), a_person("Fatima de Wit")
    await own_notify.given(noor, fatima)
    await own_notify.catcher.away()
    await own_notify.running.when(IntroductionMade(**a_match(noor, fatima)))
    await own_notify.becomes(noor, "waiting", refusal="disconnected")
    await own_notify.becomes(fatima, "waiting", refusal="disconnected")

    await away_for_days(own_notify, noor, fatima)
    await own_notify.catcher.back()
    await own_notify.posted()

    for person in (noor, fatima):
        assert own_notify.subjects(person) == ["Maak kennis met ROC Vechtdal"]
    assert await own_notify.said(NotificationFailed) == []
    assert await own_notify.inbox(tess) == []


async def test_that_the_server_is_away_is_told_also_where_only_a_mail_waits_that_it_put_off_before(own_notify):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 451, "times": 1})
    await own_notify.running.when(MatchEndorsed(**a_match(noor, a_person())))
    await own_notify.becomes(noor, "waiting", attempts=1)
    await own_notify.catcher.away()
    own_notify.clock.move(minutes=1)
    await own_notify.becomes(noor, "waiting", refusal="disconnected")
    own_notify.clock.move(hours=1)

    told = await figures(own_notify.service)

    assert 3600 <= told["mails-stuck-seconds"] < 3700
    await own_notify.catcher.back()
    await own_notify.posted()
    assert (await figures(own_notify.service))["mails-stuck-seconds"] == 0


@pytest.mark.parametrize("before", [0, 1])
async def test_the_days_without_a_server_use_up_none_of_the_tries(own_notify, before):
    noor = a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 451, "times": before + 1})
    if not before:
        await own_notify.catcher.away()
    await own_notify.running.when(MatchEndorsed(**a_match(noor, a_person())))
    await own_notify.becomes(noor, "waiting", attempts=before)
    await own_notify.catcher.away()

    await away_for_days(own_notify, noor)
    await own_notify.catcher.back()
    await own_notify.becomes(noor, "waiting", attempts=before + 1, refusal="451")
    own_notify.clock.move(minutes=1)
    await own_notify.posted()

    assert len(own_notify.mails(noor)) == 1


async def test_a_mail_that_stays_refused_by_our_own_fault_is_no_matter_of_the_team(own_notify):
    tess, noor = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "stage": "data", "hang_up": "before-answer"})

    await own_notify.running.when(MatchEndorsed(**a_match(noor, a_person())))
    for attempt in range(1, 5):
        await own_notify.becomes(noor, "waiting", attempts_unsure=attempt)
        own_notify.clock.move(minutes=1)
    await own_notify.becomes(noor, "failed", refusal="disconnected")
    await own_notify.running.quiet()

    assert await own_notify.inbox(tess) == []


async def test_of_a_mail_that_was_not_taken_the_team_does_not_read_that_the_address_is_wrong(own_notify):
    tess, noor = await a_team_member(own_notify), a_person("Noor Jansen")
    await own_notify.given(noor)
    own_notify.catcher.behave({"to": noor.email, "answer": 552, "times": 1})

    await own_notify.when(MatchEndorsed(**a_match(noor, a_person())))

    (item,) = await own_notify.inbox(tess)
    assert item["text"] == (
        "De mailserver nam een mail aan Noor Jansen van ROC Vechtdal niet aan (code 552). "
        "De mailbox kan vol zijn; bel als het dringend is."
    )
