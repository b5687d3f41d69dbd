"""An address that refused mail: the team hears of the one that is somebody's, and it is tried again after a while."""

import pytest

from contracts.vocabulary import Language
from services.notify.rendering import Reading, inbox_lines
from services.notify.rules import Notice
from services.notify.telling import tell
from services.notify.templates import Template
from tests.notify.conftest import NODE_URL, a_person, a_team_member

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
