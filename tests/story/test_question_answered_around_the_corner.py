"""The whole main story, with every service a process of its own: start reading here.

A school and a company join, an ambassador is appointed, the company asks, the answer is found around the corner, the
ambassador brings the two together, both say yes, both get each other's contact details, and they start something
together. It is played once, by the same people as in `./odh story`; each test then looks at another side of it.
"""

import io
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node import story
from node.client import Mail
from node.story import Story
from node.telling import Teller
from tests.given import eventually, fresh_name
from tests.story.collector import Collector, collecting
from tests.story.conftest import running_node
from tests.story.onlooker import Onlooker

pytestmark = [pytest.mark.whole_node, pytest.mark.timeout(300)]  # whole nodes start, on whatever machine

#: What each mail begins with, and how many of it: one for each person and step.
CAUSES = {
    "joining": ("POST /api/v1/members", 4),
    "sign-in": ("POST /api/v1/sign-in-links", 2),
    "ambassador-appointed": ("PUT /api/v1/ambassadors/{member_id}", 1),
    "match-proposed": ("POST /api/v1/requests", 1),
    "match-endorsed": ("POST /api/v1/matches/{match_id}/endorse", 2),
    "introduction": ("POST /api/v1/matches/{match_id}/answer", 2),
    "introduced": ("POST /api/v1/matches/{match_id}/answer", 1),
    "initiative-started": ("POST /api/v1/initiatives", 1),
}


class Played(Onlooker):
    """The node after the story, and what can be looked at."""

    told: Story
    screen: str
    traces: Collector

    async def introductions(self) -> list[Mail]:
        return [mail for mail in await self.mails() if mail.subject.startswith("Maak kennis met")]

    def personal(self) -> set[str]:
        """What may be nowhere but in mail, in the databases, and in local events."""
        people = self.told.people
        phones = {digits for person in people for digits in _spellings(person.details["phone"])}
        return phones | {detail for person in people for detail in (person.name, person.email, person.name.split()[1])}


@pytest.fixture(scope="module")
async def played(run_directory: Path) -> AsyncIterator[Played]:
    """With the model that compares meanings, and with every trace exported."""
    with collecting() as traces:
        exported = {"ODH_OTLP_ENDPOINT": traces.url, "ODH_TRACE_RATIO": "1", "OTEL_BSP_SCHEDULE_DELAY": "100"}
        async with running_node(run_directory / fresh_name("story"), **exported) as node:
            played, screen = Played(node), io.StringIO()
            await played.look()
            played.told = await story.play(node.addresses(), Teller(screen))
            await played.quiet()
            played.screen, played.traces = screen.getvalue(), traces
            yield played
            await played.look_away()


async def test_it_ends_in_exactly_one_introduction(played):
    said = {"match-proposed": 1, "match-endorsed": 1, "match-answered": 2, "introduction-made": 1}
    about = await played.said_about(played.told.match_id)
    assert about == said | {"initiative-started": 1}  # which has the match's id
    assert said.items() <= (await played.said_about("*")).items()
    talking = await played.rows("requests", "SELECT side FROM proposition WHERE status = 'in-conversation'")
    assert sorted(row["side"] for row in talking) == ["offer", "request"]
    assert await played.messages("dead") == []


async def test_the_answer_around_the_corner_was_chosen_for_reasons_people_understand(played):
    assert "zelfde thema: circulaire economie" in played.screen
    assert "8 km verderop" in played.screen
    assert "vraagt praktijkopdracht, biedt praktijkopdracht" in played.screen
    assert played.told.offer["title"] in (await played.introductions())[0].text


async def test_what_the_two_do_together_is_kept_and_the_country_hears_no_word_of_it(played):
    (kept,) = await played.rows(
        "requests", "SELECT i.status, n.side FROM initiative i JOIN note n USING (initiative_id)"
    )
    assert (kept["status"], kept["side"]) == ("running", "offer")
    (told,) = [m for m in await played.messages("shared") if ".initiative-started." in m.subject]
    assert b"toonbank" not in (told.data or b"")
    counted = await played.rows("insight", "SELECT status FROM initiative")
    assert [row["status"] for row in counted] == ["running"]


async def test_each_person_got_one_mail_for_each_step(played):
    mails = await played.mails()

    assert len({mail.message_id for mail in mails}) == len(mails) == sum(count for _, count in CAUSES.values())
    assert set(Counter((mail.to, mail.subject) for mail in mails).values()) == {1}
    sent = await played.rows("notify", "SELECT template, count(*) FROM notification WHERE status = 'sent' GROUP BY 1")
    assert {row["template"]: row["count"] for row in sent} == {name: count for name, (_, count) in CAUSES.items()}


async def test_only_the_introduction_has_the_others_contact_details(played):
    teacher, owner = played.told.teacher, played.told.owner

    introduced = {mail.to: mail for mail in await played.introductions()}
    assert set(introduced) == {teacher.email, owner.email}
    for person, other in ((teacher, owner), (owner, teacher)):
        mail = introduced[person.email]
        assert other.name in mail.text
        assert other.email in mail.text
        assert any(spelling in mail.text for spelling in _spellings(other.details["phone"]))
    for mail in await played.mails():
        strangers = [p for p in played.told.people if p.email != mail.to and mail not in introduced.values()]
        assert not [p.name for p in strangers if p.name in mail.text + mail.html or p.email in mail.text + mail.html]


@pytest.mark.parametrize("template", CAUSES)
async def test_one_trace_goes_from_the_call_to_the_mail(played, template):
    """I10: what somebody did has the same trace as what others were mailed about it."""
    call, count = CAUSES[template]

    async def all_came() -> bool:
        return len(played.traces.named(f"mail {template}")) == count

    await eventually(all_came, saying=f"{count} spans of mail {template}")
    for mail in played.traces.named(f"mail {template}"):
        way = [(span.service, span.name) for span in played.traces.spans if span.trace_id == mail.trace_id]
        assert ("odh-gateway", call) in way


async def test_nothing_personal_is_in_a_log_a_shared_event_or_a_trace(played):
    """I9 and more: the names, addresses and numbers of these people are canaries."""
    logs = {file.name: file.read_text(errors="replace") for file in (played.node.data / "logs").iterdir()}
    shared = {message.subject: (message.data or b"").decode() for message in await played.messages("shared")}
    spans = {span.name: span.everything for span in played.traces.spans}
    assert len(logs) == 10
    assert len(shared) > 10
    assert len(spans) > 10

    for where in (logs, shared, spans):
        found = [(name, canary) for name, text in where.items() for canary in played.personal() if canary in text]
        assert found == []


async def test_what_a_link_opens_is_shown_to_nobody_who_watches(played):
    tokens = [mail.link("/sign-in").partition("token=")[2] for mail in await played.mails(page="/sign-in")]

    assert len(tokens) == 6
    assert not [token for token in tokens if token in played.screen]


def _spellings(phone: str) -> set[str]:
    """As it was typed, and in the international form."""
    digits = phone.replace(" ", "")
    return {phone, digits, "+31" + digits[1:], digits[2:]}
