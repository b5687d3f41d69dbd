"""Whose request or offer expired hears it, once for each time, and is led to where they can open it again."""

from datetime import timedelta

import pytest

from contracts.event import new_id
from contracts.members import Place
from contracts.requests import OfferClosed, RequestClosed
from contracts.vocabulary import Kind, Language, Status
from services.notify.expiry_notices import expiry_notices
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_person

SIDES = {
    "request": (RequestClosed, "requests", "Je vraag is verlopen: Wie weet een stage?"),
    "offer": (OfferClosed, "offers", "Je aanbod is verlopen: Wie weet een stage?"),
}


def closed(side, person, **changes):
    """What somebody asked or offered, as it closed."""
    said, _, _ = SIDES[side]
    state = {
        "member_id": person.member_id,
        f"{side}_id": new_id(),
        "organisation_id": "org",
        "version": 2,
        "kind": Kind.INTERNSHIP,
        "themes": (),
        "title": "Wie weet een stage?",
        "text": "Voor vier studenten.",
        "language": Language.DUTCH,
        "place": Place(name="Zeist", province="Utrecht", latitude=52.09, longitude=5.24),
        "status": Status.EXPIRED,
        "expires_at": "2026-01-01T00:00:00Z",
    }
    return said(**state | changes)


@pytest.mark.parametrize("side", SIDES)
async def test_whose_time_is_up_hears_it_by_mail_and_in_the_inbox_each_time(notify, side):
    _, page, subject = SIDES[side]
    noor = a_person("Noor Jansen")
    await notify.given(noor)
    event = closed(side, noor)

    await notify.when(event, event)
    await notify.when(event.model_copy(update={"version": 4}))

    assert notify.subjects(noor) == [subject] * 2
    assert f"{NODE_URL}/{page}/{event.entity_id}" in words(notify.mails(noor)[0])
    assert await notify.templates(noor) == [f"{side}-expired"] * 2


@pytest.mark.parametrize(("side", "step"), [("request", "Zoek verder"), ("offer", "Bied het weer aan")])
async def test_whose_last_day_is_over_reads_that_it_comes_first_to_change_that(notify, side, step):
    noor, yesterday = a_person("Noor Jansen"), notify.clock().date() - timedelta(days=1)
    await notify.given(noor)

    await notify.when(closed(side, noor, ends_on=yesterday))
    await notify.when(closed(side, noor, ends_on=yesterday + timedelta(days=9)))

    read = [words(mail) for mail in notify.mails(noor)]
    assert [(step in mail, "eerst de dag aan" in mail) for mail in read] == [(False, True), (True, False)]


@pytest.mark.parametrize("side", SIDES)
def test_what_its_member_closed_a_meeting_that_is_over_and_what_expired_long_ago_is_no_news(notify, side):
    noor, now = a_person("Noor Jansen"), notify.clock()
    cases = {
        "now": (closed(side, noor), now),
        "withdrawn": (closed(side, noor, status=Status.WITHDRAWN), now),
        "fulfilled": (closed(side, noor, status=Status.FULFILLED), now),
        "a meeting": (closed(side, noor, kind=Kind.MEETING), now),
        "long ago": (closed(side, noor), now - timedelta(days=8)),
    }

    assert [name for name, (event, said_at) in cases.items() if expiry_notices(event, said_at, now)] == ["now"]
