"""Whose request or offer expires soon hears it once, and not any more when it is closed, talked about or changed."""

from datetime import date, timedelta

import pytest

from contracts.event import new_id
from contracts.expiry import ExpiryNear
from contracts.requests import OfferChanged, OfferClosed, RequestChanged, RequestClosed
from contracts.vocabulary import Status
from services.notify.expiry_notices import near_notices
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_person
from tests.notify.test_asking import digest_comes
from tests.notify.test_expired import closed
from tests.notify.test_preferences import choose

PAGES = {"request": "requests", "offer": "offers"}
SUBJECTS = {
    "request": "Je vraag verloopt binnenkort: Wie weet een stage?",
    "offer": "Je aanbod verloopt binnenkort: Wie weet een stage?",
}
GOES_ON = {"request": (RequestChanged, RequestClosed), "offer": (OfferChanged, OfferClosed)}


def near(notify, side, person, **changes):
    """That what somebody asks or offers stands for a week more."""
    expires_at = (notify.clock() + timedelta(days=7)).replace(hour=23, minute=0, second=0, microsecond=0)
    told = {"member_id": person.member_id, "proposition_id": new_id(), "side": side, "title": "Wie weet een stage?"}
    return ExpiryNear(**told | {"version": 3, "expires_at": expires_at} | changes)


@pytest.fixture
async def noor(notify):
    """Somebody whom the service knows."""
    person = a_person("Noor Jansen")
    await notify.given(person)
    return person


@pytest.mark.parametrize("side", PAGES)
async def test_it_is_told_by_mail_and_in_the_inbox_once_for_each_time_until_which_it_stands(notify, noor, side):
    event = near(notify, side, noor)

    await notify.when(event, event)
    await notify.when(event.model_copy(update={"version": 5}))

    assert notify.subjects(noor) == [SUBJECTS[side]] * 2
    assert f"{NODE_URL}/{PAGES[side]}/{event.proposition_id}" in words(notify.mails(noor)[0])
    assert await notify.templates(noor) == [f"{side}-expiry-near"] * 2


@pytest.mark.parametrize("side", PAGES)
async def test_it_says_the_last_day_and_how_it_stands_on(notify, noor, side):
    ends = {"expires_at": "2099-02-01T23:00:00Z"}
    await notify.when(near(notify, side, noor, **ends), near(notify, side, noor, **ends, ends_on=date(2099, 2, 1)))

    read = [words(mail) for mail in notify.mails(noor)]
    assert all("staat nog open tot en met zondag 1 februari 2099." in mail for mail in read)
    buttons = [("Laat langer openstaan" in mail, "de laatste dag aan" in mail) for mail in read]
    assert sorted(buttons) == [(False, True), (True, False)]


@pytest.mark.parametrize("side", PAGES)
@pytest.mark.parametrize("is_heard_first", [False, True])
async def test_no_digest_says_it_of_what_was_closed_talked_about_or_changed_meanwhile(
    notify, noor, side, is_heard_first
):
    await choose(notify, noor, unanswered="daily")
    changed, ended, stands = (near(notify, side, noor) for _ in range(3))
    said_changed, said_closed = GOES_ON[side]
    state = closed(side, noor, version=4, status=Status.OPEN).model_dump()
    over = [
        said_changed(**state | {f"{side}_id": changed.proposition_id}),
        said_closed(**state | {f"{side}_id": ended.proposition_id, "status": Status.WITHDRAWN}),
        said_changed(**state | {f"{side}_id": stands.proposition_id, "version": 3}),  # what it was before
    ]

    for events in (over, [changed, ended, stands]) if is_heard_first else ([changed, ended, stands], over):
        await notify.when(*events)
    await digest_comes(notify, noor)

    kept = {mail.matter_id: mail.status for mail in await notify.mails_kept(noor)}
    matters = (changed, ended, stands)
    assert [kept[one.proposition_id] for one in matters] == ["expired", "expired", "sent"]


def test_what_expired_before_it_was_heard_is_not_told_of(notify):
    event = near(notify, "request", a_person())

    assert near_notices(event, event.expires_at) == []
    assert len(near_notices(event, event.expires_at - timedelta(minutes=1))) == 1
