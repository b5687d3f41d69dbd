"""Whoever is in conversation for long is asked what came of it, once, and not any more when they said it meanwhile."""

import pytest

from contracts.event import new_id
from contracts.expiry import ConversationQuiet
from contracts.requests import OfferClosed, OfferReopened, RequestClosed, RequestReopened
from contracts.vocabulary import Status
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_person
from tests.notify.test_asking import digest_comes
from tests.notify.test_expired import closed
from tests.notify.test_preferences import choose

PAGES = {"request": "requests", "offer": "offers"}
SUBJECTS = {
    "request": "Hoe gaat het met je vraag: Wie weet een stage?",
    "offer": "Hoe gaat het met je aanbod: Wie weet een stage?",
}
SAYS = {
    "request": ("Is hij beantwoord, of zoek je verder?", "Was it answered, or do you look further?"),
    "offer": ("Is er gebruik van gemaakt, of bied je het weer aan?", "Was it taken up, or do you offer it again?"),
}
GOES_ON = {"request": (RequestReopened, RequestClosed), "offer": (OfferReopened, OfferClosed)}


def quiet(side, person, **changes):
    """That nothing is known of what came of a conversation."""
    told = {"member_id": person.member_id, "proposition_id": new_id(), "side": side, "title": "Wie weet een stage?"}
    return ConversationQuiet(**told | {"version": 3} | changes)


@pytest.mark.parametrize("side", PAGES)
async def test_it_is_asked_by_mail_and_in_the_inbox_once_for_each_conversation(notify, side):
    noor = a_person("Noor Jansen")
    await notify.given(noor)
    event = quiet(side, noor)

    await notify.when(event, event)
    await notify.when(event.model_copy(update={"version": 5}))

    assert notify.subjects(noor) == [SUBJECTS[side]] * 2
    assert f"{NODE_URL}/{PAGES[side]}/{event.proposition_id}" in words(notify.mails(noor)[0])
    assert await notify.templates(noor) == [f"{side}-quiet"] * 2


@pytest.mark.parametrize("side", PAGES)
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_it_asks_whether_it_helped_or_they_look_further(notify, side, language):
    noor = a_person("Noor Jansen", language=language)
    await notify.given(noor)

    await notify.when(quiet(side, noor))

    (mail,) = notify.mails(noor)
    assert SAYS[side][language == "en"] in " ".join(words(mail).split())


@pytest.mark.parametrize("side", PAGES)
@pytest.mark.parametrize("is_heard_first", [False, True])
async def test_no_digest_asks_it_of_what_was_closed_or_opened_again_meanwhile(notify, side, is_heard_first):
    noor = a_person("Noor Jansen")
    await notify.given(noor)
    await choose(notify, noor, initiatives="daily")
    opened, ended, talks = (quiet(side, noor) for _ in range(3))
    said_opened, said_closed = GOES_ON[side]
    state = closed(side, noor, version=4, status=Status.OPEN).model_dump()
    over = [
        said_opened(**state | {f"{side}_id": opened.proposition_id}),
        said_closed(**state | {f"{side}_id": ended.proposition_id, "status": Status.FULFILLED}),
        said_opened(**state | {f"{side}_id": talks.proposition_id, "version": 2}),  # before they talked
    ]

    asked = [opened, ended, talks]
    for events in (over, asked) if is_heard_first else (asked, over):
        await notify.when(*events)
    await digest_comes(notify, noor)

    kept = {mail.matter_id: mail.status for mail in await notify.mails_kept(noor)}
    assert [kept[one.proposition_id] for one in asked] == ["expired", "expired", "sent"]
