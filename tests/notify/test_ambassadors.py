"""Who becomes an ambassador hears for what, and who is one no more hears that; not what follows by itself."""

import pytest

from contracts.members import AmbassadorAppointed, AmbassadorScope, AmbassadorStoodDown
from contracts.vocabulary import Language
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_person

SCOPE = AmbassadorScope(provinces=("Zeeland",), themes=("circular-economy",), organisation_ids=("o-1", "o-2"))


@pytest.mark.parametrize(
    ("language", "area"),
    [
        (Language.DUTCH, "Zeeland, circulaire economie, 2 organisaties"),
        (Language.ENGLISH, "Zeeland, circular economy, 2 organisations"),
    ],
)
async def test_who_is_appointed_hears_for_what_and_where_their_desk_is(notify, language, area):
    noor = a_person("Noor Jansen", language=language)
    await notify.given(noor)
    appointed = AmbassadorAppointed(member_id=noor.member_id, version=2, scope=SCOPE, news=True)

    await notify.when(appointed, appointed)

    (mail,) = notify.mails(noor)
    assert area in words(mail)
    assert f"{NODE_URL}/desk" in words(mail)
    (item,) = await notify.inbox(noor)
    assert (item["template"], area in item["text"]) == ("ambassador-appointed", True)


async def test_who_is_an_ambassador_no_more_hears_that(notify):
    noor = a_person("Noor Jansen")
    await notify.given(noor)

    await notify.when(AmbassadorStoodDown(member_id=noor.member_id, version=3, news=True))

    assert notify.subjects(noor) == ["Je bent geen ambassadeur meer"]
    assert await notify.templates(noor) == ["ambassador-stood-down"]


async def test_nobody_is_told_of_a_scope_that_followed_a_merger_or_of_a_role_given_back_by_leaving(notify):
    noor = a_person("Noor Jansen")
    await notify.given(noor)

    await notify.when(AmbassadorAppointed(member_id=noor.member_id, version=2, scope=SCOPE))
    await notify.when(AmbassadorStoodDown(member_id=noor.member_id, version=3))

    assert (notify.mails(noor), await notify.inbox(noor)) == ([], [])
