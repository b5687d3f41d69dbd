"""Who takes part by what another did, or came to the node's team or left it, hears it once, in their own language."""

import pytest

from contracts.members import MemberJoined, MemberLeft, NodeTeamJoined, NodeTeamLeft
from contracts.welcoming import MemberWelcomed
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_person

WELCOMES = {
    "invitation": ("Je doet nu mee met Om de Hoek", "You take part in Om de Hoek now", "/my-data"),
    "team": ("Je kunt weer meedoen met Om de Hoek", "You can take part in Om de Hoek again", "/sign-in"),
}
ROLES = {
    NodeTeamJoined: ("Je hoort bij het team van Om de Hoek", "team-joined", "/team"),
    NodeTeamLeft: ("Je hoort niet meer bij het team van Om de Hoek", "team-left", "/"),
}


@pytest.mark.parametrize("by", WELCOMES)
@pytest.mark.parametrize("language", ["nl", "en"])
async def test_who_takes_part_by_what_another_did_gets_one_mail_and_nothing_in_the_inbox(notify, by, language):
    iris = a_person("Iris Bakker", language=language)
    await notify.given(iris)
    event = MemberWelcomed(member_id=iris.member_id, version=3, by=by)

    await notify.when(event, event)

    assert notify.subjects(iris) == [WELCOMES[by][language == "en"]]
    assert f"{NODE_URL}{WELCOMES[by][2]}" in words(notify.mails(iris)[0])
    assert await notify.templates(iris) == []


async def test_who_is_let_in_again_hears_it_also_when_that_is_known_before_that_they_take_part(notify):
    iris = a_person("Iris Bakker")
    state = {"member_id": iris.member_id, "organisation_ids": ()}
    await notify.given(iris, MemberLeft(**state, version=2))

    await notify.when(MemberWelcomed(member_id=iris.member_id, version=3, by="team"))
    await notify.when(MemberJoined(**state, version=3))

    assert notify.subjects(iris) == [WELCOMES["team"][0]]


@pytest.mark.parametrize("role", ROLES)
async def test_who_comes_to_the_team_or_is_taken_out_of_it_hears_it_when_another_did_it(notify, role):
    iris = a_person("Iris Bakker")
    await notify.given(iris)
    subject, template, page = ROLES[role]
    event = role(member_id=iris.member_id, version=3, news=True)

    await notify.when(role(member_id=iris.member_id, version=2), event, event)

    assert notify.subjects(iris) == [subject]
    assert f"{NODE_URL}{page}" in words(notify.mails(iris)[0])
    assert await notify.templates(iris) == [template]
