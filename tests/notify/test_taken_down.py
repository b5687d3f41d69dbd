"""Whose request or offer the node's team took down hears why, by mail and in the inbox, whatever mail they stopped."""

import pytest

from contracts.event import new_id
from contracts.taking_down import TakenDown, TakenDownBecause
from services.notify.templates import Category
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_person
from tests.notify.test_preferences import choose

SUBJECTS = {
    "request": "Het team heeft je vraag weggehaald: Wie weet een stage?",
    "offer": "Het team heeft je aanbod weggehaald: Wie weet een stage?",
}
REASONS = {
    "hurts-somebody": ("schaadt", "harms somebody else"),
    "not-true": ("niet klopt", "not true"),
    "out-of-place": ("hoort niet op deze plek", "does not belong here"),
}


def taken_down(side, person, **changes):
    """That the team took something down."""
    told = {"member_id": person.member_id, "proposition_id": new_id(), "side": side, "title": "Wie weet een stage?"}
    why = {"because": TakenDownBecause.NOT_TRUE, "note": "Deze cijfers kloppen niet."}
    return TakenDown(**told | why | {"version": 3} | changes)


@pytest.mark.parametrize("side", SUBJECTS)
async def test_its_member_hears_it_once_for_each_time_whatever_mail_they_stopped(notify, side):
    noor = a_person("Noor Jansen")
    await notify.given(noor)
    await choose(notify, noor, **dict.fromkeys(Category, "none"))
    event = taken_down(side, noor)

    await notify.when(event, event)
    await notify.when(event.model_copy(update={"version": 6}))

    assert notify.subjects(noor) == [SUBJECTS[side]] * 2
    mail = words(notify.mails(noor)[0])
    assert "Deze cijfers kloppen niet." in mail
    assert f"{NODE_URL}/{side}s/{event.proposition_id}" in mail
    assert await notify.templates(noor) == ["taken-down"] * 2


@pytest.mark.parametrize("because", TakenDownBecause)
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_it_says_why(notify, because, language):
    noor = a_person("Noor Jansen", language=language)
    await notify.given(noor)

    await notify.when(taken_down("offer", noor, because=because, note=None))

    (mail,) = notify.mails(noor)
    assert REASONS[because][language == "en"] in " ".join(words(mail).split())
