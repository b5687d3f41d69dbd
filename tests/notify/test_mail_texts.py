"""What a mail says and how it is made: read back as a mail program and a browser read it, whatever people fill in."""

import re
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import formataddr
from typing import Any

import html5lib
import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.matching import Reason
from contracts.meetings import Meeting
from contracts.members import Place
from contracts.vocabulary import Language
from services.notify.composing import AddressNotSupported, compose
from services.notify.post import Claimed
from services.notify.rendering import SUBJECT_CHARACTERS_MAX, unsubscribe_link_unknown_page, unsubscribe_page
from services.notify.settings import NotifySettings
from services.notify.templates import CATEGORY_OF, EVERYTHING, MEETING_TEMPLATES, Category, Template
from services.notify.texts import as_greeted, as_one_line
from tests.catching import words
from tests.notify.conftest import NODE_URL, SETTINGS, a_match, a_person

NOW = datetime(2026, 3, 2, 13, 20, tzinfo=UTC)
NOTIFY = NotifySettings(**SETTINGS)
INBOX_ONLY = {
    *(Template.MATCH_ANSWERED, Template.TEAM_MAIL_REFUSED, Template.REQUEST_ESCALATED, Template.HAND_OVER_DECLINED),
    *(Template.TEAM_PERSON_MERGED, Template.INITIATIVE_CHANGED, Template.HAND_OVER_ACCEPTED),
}
STOPPED = [*(category.value for category in Category), EVERYTHING]
MAILED = [template for template in Template if template not in INBOX_ONLY]
LINKS = (Template.SIGN_IN, Template.JOINING, Template.INVITATION)
TO_ADDRESS = (*LINKS, Template.ADDRESS_REPLACED)
MERGED = (Template.PERSON_MERGED, Template.TEAM_PERSON_MERGED)
WELCOMES = (*(Template.INVITATION_ACCEPTED, Template.LET_IN_AGAIN, Template.TEAM_JOINED, Template.TEAM_LEFT),)
AMBASSADOR = (Template.AMBASSADOR_APPOINTED, Template.AMBASSADOR_STOOD_DOWN)
INITIATIVES = tuple(template for template in Template if template.value.startswith("initiative-"))
DESK = (Template.HAND_OVER_ASKED, Template.FOLLOW_UP)
HELP = (Template.HELP_ASKED, Template.HELP_ANSWERED)
REQUESTS = (
    *(Template.REQUEST_UNANSWERED, Template.TEAM_REQUEST_UNANSWERED, Template.REQUEST_ESCALATED),
    *(Template.REQUEST_EXPIRED, Template.REQUEST_EXPIRY_NEAR, Template.REQUEST_QUIET),
)
OFFERS = (Template.OFFER_EXPIRED, Template.OFFER_EXPIRY_NEAR, Template.OFFER_QUIET)
every_mail = pytest.mark.parametrize(
    ("template", "language"), [(template, language) for template in MAILED for language in Language]
)

A_MEETING = Meeting(
    offer_id="01890a5d-ac96-774b-bcce-b302099a8057",
    sequence=3,
    title="Warmtepompen in de praktijk",
    language=Language.DUTCH,
    organisation_name="Warmtewerk BV",
    place=Place(name="Zeist", province="Utrecht", latitude=52.09, longitude=5.24),
    venue="Werkplaats 2.04",
    starts_on=date(2026, 3, 12),
    from_time=time(14),
    until_time=time(16, 30),
)
NOOR = a_person("Noor Jansen")
FATIMA = a_person("Fatima de Wit", organisation_name="Warmtewerk BV", phone="+31302345678")


def a_mail(template: Template, language: Language = Language.DUTCH, **facts: Any) -> Claimed:
    """A mail to Noor that is about to be sent, with everything known that its words need."""
    contacts = {
        who.member_id: who.model_dump(mode="json") | {"language": language, "refused_at": None}
        for who in (NOOR, FATIMA)
    }
    to_noor = {"member_id": NOOR.member_id, "needs": [NOOR.member_id]}
    if template is Template.INTRODUCTION:
        to_noor["needs"] = [NOOR.member_id, FATIMA.member_id]
    return Claimed(
        notification_id="0b9c2f1e-9d5c-5d0a-8f5e-2c9a3a1f7b60",
        template=template,
        matter_id="01890a5d-ac96-774b-bcce-b302099a8057",
        facts=facts_of(template, language) | facts,
        due_at=NOW,
        tried_since=None,
        attempts=1,
        attempts_unsure=0,
        cause=None,
        contacts=contacts,
        has_left=False,
        is_over=False,
        chosen=None,
        category_kept=None,
        items=digested(language, facts) if template is Template.DIGEST else [],
        tokens={category: f"token-of-{category}-0123456789" for category in STOPPED},
        **to_noor,
    )


def digested(language: Language, facts: dict[str, Any]) -> list[dict[str, Any]]:
    """What a digest tells: something to answer, how a match went on, and a request without an answer."""
    return [
        {
            "notification_id": template,
            "template": template,
            "matter_id": f"matter-{template}",
            "facts": facts_of(template, language) | facts,
        }
        for template in (Template.MATCH_ENDORSED, Template.INTRODUCED, Template.REQUEST_UNANSWERED)
    ]


def facts_of(template: Template, language: Language) -> dict[str, Any]:
    """What is kept of a notice until it is sent."""
    if template in TO_ADDRESS:
        expires_at = NOW + timedelta(minutes=15)
        return {
            "name": "Noor Jansen",
            "email": NOOR.email,
            "language": language,
            "token": "a-token_123",
            "expires_at": expires_at.isoformat(),
            **({"by_name": "Amir Bos", "is_member": False} if template is Template.INVITATION else {}),
        }
    if template is Template.DIGEST:
        return {}
    if template in (*REQUESTS, *DESK, *OFFERS):
        near = {"last_day": "2026-03-08", "by_period": False} if template.endswith("expiry-near") else {}
        return {"title": "Wie weet een stage?"} | near
    if template is Template.TAKEN_DOWN:
        return {"title": "Wie weet een stage?", "side": "offer", "because": "not-true", "note": "Zo niet."}
    if template in INITIATIVES:
        return {"title": "Zon op school", "other_organisation": "Warmtewerk BV", "status": "done", "outcome": None}
    if template in HELP:
        return {"title": "Wie weet een stage?", "request_id": "r-1", "accepted": True}
    if template is Template.PARTNER_ENDPOINT_DISABLED:
        return {"partner": "centra", "because": "failing"}
    if template in (*MERGED, *WELCOMES):
        return {}
    if template in AMBASSADOR:
        return {"scope": {"provinces": ["Zeeland"], "themes": ["circular-economy"], "organisation_ids": ["o-1", "o-2"]}}
    if template in MEETING_TEMPLATES:
        return {"meeting": A_MEETING.model_dump(mode="json"), "standing": "place"}
    match = a_match(NOOR, FATIMA)
    parties = {side: match[side].model_dump(mode="json") for side in ("asker", "offerer")}
    reasons = [reason.model_dump(mode="json") for reason in match["reasons"]]
    kinds = {"request_kind": "internship", "offer_kind": "guest-lesson"}
    return parties | kinds | {"reasons": reasons, "lapsed_because": "declined", "said_yes": True}


def sent(mail: Claimed, notify: NotifySettings = NOTIFY) -> EmailMessage:
    """The mail as its reader's program has it; anything wrong with its form fails here."""
    _, content = compose(mail, notify, NOW)
    assert all(len(line) <= 998 for line in content.split(b"\r\n"))
    assert b"\n" not in content.replace(b"\r\n", b"")
    message = message_from_bytes(content, policy=policy.strict)
    assert isinstance(message, EmailMessage)
    assert not message.defects
    return message


def page(html: str) -> Any:
    """An HTML document, parsed as a browser does, and refused when a browser would have to guess."""
    parser = html5lib.HTMLParser(strict=True, namespaceHTMLElements=False)
    return parser.parse(html)


def shown(html: str) -> str:
    """The words that a reader of an HTML document sees, without the spaces that do not count."""
    return _dense("".join(page(html).find("body").itertext()))


def _dense(text: str) -> str:
    return re.sub(r"\s+", "", text)


def hrefs(html: str) -> list[str]:
    return [link.get("href") for link in page(html).iter("a")]


@every_mail
def test_every_mail_is_well_formed_and_in_one_language(template, language):
    mail = sent(a_mail(template, language))

    document = page(words(mail, "html"))
    assert document.get("lang") == language.value
    assert document.find("head/title").text == mail["Subject"]
    assert mail["Content-Language"] == language.value
    *files, _, _ = [part.get_content_type() for part in mail.walk() if not part.is_multipart()][::-1]
    assert files == (["text/calendar"] if template in MEETING_TEMPLATES else [])
    greeting = {"nl": "Dag Noor Jansen,", "en": "Hello Noor Jansen,"}[language]
    assert words(mail).startswith(greeting)


@every_mail
def test_the_text_says_what_the_html_says(template, language):
    mail = sent(a_mail(template, language))
    text, document = _dense(words(mail)), page(words(mail, "html"))

    sentences = [sentence for tag in ("p", "li") for sentence in document.find("body").iter(tag)]
    assert sentences
    for sentence in sentences:
        if sentence.find("a") is None:  # a button stands in the text as a link
            assert _dense("".join(sentence.itertext())) in text


@every_mail
def test_every_link_goes_to_this_node_and_stands_in_the_text_too(template, language):
    mail = sent(a_mail(template, language))

    for href in hrefs(words(mail, "html")):
        if not href.startswith(("mailto:", "tel:")):
            assert href.startswith(f"{NODE_URL}/")
            assert href in words(mail)


@pytest.mark.parametrize("template", [t for t in MAILED if t is not Template.ADDRESS_REPLACED])
def test_a_mail_leads_to_a_page_of_the_gateway(template):
    leads_to = {
        Template.SIGN_IN: f"{NODE_URL}/sign-in?token=a-token_123",
        Template.JOINING: f"{NODE_URL}/sign-in?for=joining&token=a-token_123",
        Template.INVITATION: f"{NODE_URL}/invited?token=a-token_123",
        **dict.fromkeys(REQUESTS, f"{NODE_URL}/requests/01890a5d-ac96-774b-bcce-b302099a8057"),
        **dict.fromkeys(INITIATIVES, f"{NODE_URL}/initiatives/01890a5d-ac96-774b-bcce-b302099a8057"),
        **dict.fromkeys(DESK, f"{NODE_URL}/desk"),
        **dict.fromkeys((*OFFERS, Template.TAKEN_DOWN), f"{NODE_URL}/offers/01890a5d-ac96-774b-bcce-b302099a8057"),
        Template.HELP_ASKED: f"{NODE_URL}/asks/01890a5d-ac96-774b-bcce-b302099a8057",
        Template.HELP_ANSWERED: f"{NODE_URL}/desk/requests/r-1",
        Template.DIGEST: f"{NODE_URL}/inbox",
        Template.AMBASSADOR_APPOINTED: f"{NODE_URL}/desk",
        **dict.fromkeys((Template.AMBASSADOR_STOOD_DOWN, Template.TEAM_LEFT), f"{NODE_URL}/"),
        Template.TEAM_JOINED: f"{NODE_URL}/team",
        Template.INVITATION_ACCEPTED: f"{NODE_URL}/my-data",
        Template.LET_IN_AGAIN: f"{NODE_URL}/sign-in",
        Template.PARTNER_ENDPOINT_DISABLED: f"{NODE_URL}/partner/centra",
        Template.PERSON_MERGED: f"{NODE_URL}/same/mine",
    }
    found = hrefs(words(sent(a_mail(template)), "html"))
    leads_to |= dict.fromkeys(MEETING_TEMPLATES, f"{NODE_URL}/meetings/01890a5d-ac96-774b-bcce-b302099a8057")
    leads_to |= {Template.MEETING_CALLED_OFF: f"{NODE_URL}/meetings"}
    assert leads_to.get(template, f"{NODE_URL}/matches/01890a5d-ac96-774b-bcce-b302099a8057") in found


@pytest.mark.parametrize("template", MAILED)
def test_what_may_be_stopped_can_be_stopped_with_one_click_in_the_mail_program(template):
    mail = sent(a_mail(template))

    if category := CATEGORY_OF.get(template, EVERYTHING if template is Template.DIGEST else None):
        link = f"{NODE_URL}/api/v1/unsubscribe/token-of-{category}-0123456789"
        assert mail["List-Unsubscribe"] == f"<{link}>"
        assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
        assert link in hrefs(words(mail, "html"))
    else:
        assert mail["List-Unsubscribe"] is None
        assert "unsubscribe" not in str(mail)


@pytest.mark.parametrize("template", [Template.MEETING_LEFT, Template.MEETING_CALLED_OFF])
def test_who_only_waited_has_nothing_in_their_calendar_and_is_not_told_that_they_have(template):
    assert "in je agenda? Met het bestand bij deze mail haal je hem eruit." in words(sent(a_mail(template)))


@pytest.mark.parametrize(
    "template", [Template.MEETING_SIGNED_UP, Template.MEETING_LEFT, Template.MEETING_CALLED_OFF], ids=str
)
@pytest.mark.parametrize(("language", "file"), [("nl", "bestand"), ("en", "The file")])
def test_a_mail_about_a_meeting_of_which_the_day_is_not_known_has_no_file_and_names_none(template, language, file):
    hours = dict.fromkeys(("starts_on", "from_time", "until_time"))
    meeting = A_MEETING.model_copy(update=hours).model_dump(mode="json")

    mail = sent(a_mail(template, Language(language), meeting=meeting))

    assert "text/calendar" not in [part.get_content_type() for part in mail.walk()]
    assert file not in words(mail)


@pytest.mark.parametrize("template", MAILED)
@pytest.mark.parametrize("standing", ["place", "waiting", "refused"])
def test_one_idea_has_one_word_in_dutch(template, standing):
    standing = {"standing": standing} if template in MEETING_TEMPLATES else {}
    text = words(sent(a_mail(template, **standing)))

    assert re.search(r"(?<![-\w])mailadres|(een|geen) plaats\b|plaatsen zijn", text, re.IGNORECASE) is None


def test_a_long_link_to_unsubscribe_stays_one_link():
    settings_ = NotifySettings(**SETTINGS | {"public_url": "https://" + "een-heel-lang-domein." * 5 + "example:8443"})
    _, content = compose(a_mail(Template.MATCH_PROPOSED), settings_, NOW)
    (line,) = [line for line in content.split(b"\r\n") if line.startswith(b"List-Unsubscribe: ")]
    assert re.fullmatch(rb"List-Unsubscribe: <https://[!-~]+>", line)


def test_the_mail_about_a_proposal_gives_the_reasons_in_words():
    text = words(sent(a_mail(Template.MATCH_PROPOSED)))

    assert (
        "- zelfde thema: circulaire economie (telt het zwaarst)\n- 4 km verderop\n- vraagt stage, biedt stage" in text
    )
    assert "Vraag: stage\nStage over circulair bouwen\nROC Vechtdal, Utrecht" in text
    assert "Aanbod: gastles\nStageplek in de werkplaats\nWarmtewerk BV, Utrecht" in text


@pytest.mark.parametrize("template", [Template.MATCH_ENDORSED, Template.ANSWER_OVERDUE])
def test_who_is_asked_reads_until_when_they_can_answer(template):
    by = {"answer_by": datetime(2026, 3, 8, 23, 30, tzinfo=UTC).isoformat()}

    said = [" ".join(words(sent(a_mail(template, language, **by))).split()) for language in Language]

    assert "Je kunt antwoorden tot maandag 9 maart 2026. Daarna stopt deze match." in said[0]
    assert "You can answer until Monday, 9 March 2026. After that this match stops." in said[1]
    assert "antwoorden tot" not in words(sent(a_mail(template, answer_by=None)))


@pytest.mark.parametrize(
    ("then_the_team", "told"),
    [
        (True, "Kijk je niet voor maandag 9 maart 2026, dan kijkt het team van de regio."),
        (False, "Kijkt niemand voor maandag 9 maart 2026, dan stopt deze match."),
    ],
)
def test_who_looks_reads_in_the_reminder_what_comes_of_it_when_they_do_not(then_the_team, told):
    by = {"answer_by": datetime(2026, 3, 9, 13, tzinfo=UTC).isoformat(), "then_the_team": then_the_team}
    mail = a_mail(Template.ANSWER_OVERDUE, **by)
    others = {side: mail.facts[side] | {"member_id": f"m-{side}"} for side in ("asker", "offerer")}

    text = words(sent(a_mail(Template.ANSWER_OVERDUE, **by | others)))

    assert f"We herinneren je hier één keer aan. {told}" in " ".join(text.split())


@pytest.mark.parametrize("template", [Template.MATCH_PROPOSED, Template.MATCH_HANDED_OVER, Template.MATCH_ENDORSED])
def test_that_somebody_asked_about_the_offer_is_the_first_reason_in_a_mail(template):
    nl, en = [words(sent(a_mail(template, language, asked_about=True))) for language in Language]

    assert "- gevraagd bij dit aanbod\n- zelfde thema" in nl
    assert "- asked about this offer\n- same theme" in en
    assert "gevraagd bij dit aanbod" not in words(sent(a_mail(template)))


def test_a_reason_that_is_not_known_yet_keeps_no_mail_back():
    reasons = [Reason(code="distance", value="?", weight=0.5).model_dump(mode="json")]
    assert "- ?" in words(sent(a_mail(Template.MATCH_PROPOSED, reasons=reasons)))


def test_an_introduction_gives_the_other_sides_details_and_not_the_readers_own():
    mail = sent(a_mail(Template.INTRODUCTION))

    for form in ("plain", "html"):
        said = words(mail, form)
        assert "Fatima de Wit" in said
        assert "030 234 5678" in said
        assert NOOR.email not in said
        assert NOOR.phone not in said
    assert FATIMA.email in words(mail)
    assert {f"mailto:{FATIMA.email}", "tel:+31302345678"} <= set(hrefs(words(mail, "html")))


def test_who_belongs_to_several_organisations_is_introduced_as_of_the_one_that_the_match_is_about():
    mail = a_mail(Template.INTRODUCTION)
    mail.contacts[FATIMA.member_id]["organisation_name"] = "Bakkerij De Korenaar"

    for form in ("plain", "html"):
        said = words(sent(mail), form)
        assert said.count("Warmtewerk BV") >= 2
        assert "Korenaar" not in said


def test_an_answer_to_an_introduction_goes_to_the_other():
    assert sent(a_mail(Template.INTRODUCTION))["Reply-To"] == formataddr((FATIMA.name, FATIMA.email))


def test_an_introduction_goes_without_an_address_to_answer_that_mail_cannot_reach():
    mail = a_mail(Template.INTRODUCTION)
    mail.contacts[FATIMA.member_id]["email"] = "fátima@warmtewerk.example"
    assert sent(mail)["Reply-To"] is None


@pytest.mark.parametrize("template", [t for t in MAILED if t is not Template.INTRODUCTION])
def test_no_other_mail_gives_anybodys_details(template):
    mail = sent(a_mail(template))
    assert mail["Reply-To"] is None
    for secret in (FATIMA.email, FATIMA.name, FATIMA.phone, "234 5678", "302345678"):
        assert secret not in words(mail)
        assert secret not in words(mail, "html")


@pytest.mark.parametrize(("language", "team"), [("nl", "het team van de regio"), ("en", "the team of the region")])
def test_who_begins_something_reads_that_the_team_reads_it_too(language, team):
    assert team in words(sent(a_mail(Template.INITIATIVE_STARTED, Language(language))))


def test_an_introduction_without_a_phone_number_has_no_line_for_it():
    mail = a_mail(Template.INTRODUCTION)
    mail.contacts[FATIMA.member_id]["phone"] = None
    assert "Telefoon" not in words(sent(mail))


def test_each_side_of_a_match_is_spoken_to_as_what_they_are():
    mail = a_mail(Template.MATCH_ENDORSED)
    assert "We hebben een aanbod gevonden dat bij jouw vraag past." in words(sent(mail))

    swapped = mail.facts | {"asker": mail.facts["offerer"], "offerer": mail.facts["asker"]}
    text = words(sent(a_mail(Template.MATCH_ENDORSED, **swapped)))
    assert "We hebben een vraag gevonden die bij jouw aanbod past." in text
    assert "Jouw aanbod: gastles\nStage over circulair bouwen" in text


@pytest.mark.parametrize("because", ["declined", "closed", "unanswered", "erased"])
@pytest.mark.parametrize("language", list(Language))
def test_a_match_that_ended_says_why(because, language):
    said = {
        words(sent(a_mail(Template.MATCH_LAPSED, language, lapsed_because=why))) for why in (because, "something new")
    }
    assert len(said) == (1 if because == "declined" else 2)


@pytest.mark.parametrize("is_member", [False, True])
def test_an_invitation_says_in_its_first_sentence_who_invites(is_member):
    told = [
        words(sent(a_mail(Template.INVITATION, language, is_member=is_member, by_name=by)))
        for language in Language
        for by in ("Amir Bos", "Kijk op prijs.example")  # no name is mailed to somebody else that says something
    ]

    assert [text.splitlines()[2].partition(".")[0] for text in told] == [
        "Amir Bos nodigt je uit voor Om de Hoek",
        "Iemand nodigt je uit voor Om de Hoek",
        "Amir Bos invites you to Om de Hoek",
        "Somebody invites you to Om de Hoek",
    ]


@pytest.mark.parametrize("template", [Template.SIGN_IN, Template.JOINING])
def test_a_link_says_until_which_day_and_hour_it_works_on_a_dutch_clock(template):
    night = datetime(2026, 7, 5, 22, 30, tzinfo=UTC).isoformat()

    winter = [words(sent(a_mail(template, language))) for language in Language]
    summer = words(sent(a_mail(template, expires_at=night)))

    assert "tot maandag 2 maart 2026 om 14:35 uur" in winter[0]
    assert "until Monday, 2 March 2026 at 14:35." in winter[1]
    assert "tot maandag 6 juli 2026 om 00:30 uur" in summer


def test_the_headers_say_who_whom_and_that_no_person_wrote_it():
    mail = sent(a_mail(Template.MATCH_PROPOSED))

    assert mail["From"] == "Om de Hoek Utrecht <noreply@utrecht.omdehoek.example>"
    assert mail["To"] == f"Noor Jansen <{NOOR.email}>"
    assert mail["Message-ID"] == "<0b9c2f1e-9d5c-5d0a-8f5e-2c9a3a1f7b60@utrecht.omdehoek.example>"
    assert mail["Date"].datetime == NOW
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize(
    ("template", "standing", "method", "status"),
    [
        (Template.MEETING_SIGNED_UP, "place", "PUBLISH", "CONFIRMED"),
        (Template.MEETING_MOVED, "place", "PUBLISH", "CONFIRMED"),
        (Template.MEETING_CALLED_OFF, "called-off", "CANCEL", "CANCELLED"),
        (Template.MEETING_LEFT, "withdrawn", "CANCEL", "CANCELLED"),
    ],
)
def test_a_mail_about_a_meeting_changes_what_stands_in_a_calendar(template, standing, method, status):
    mail = sent(a_mail(template, standing=standing))

    (file,) = mail.iter_attachments()
    assert (file.get_content_type(), file.get_param("method")) == ("text/calendar", method)
    (event,) = icalendar.Calendar.from_ical(file.get_content()).walk("VEVENT")
    assert (event["STATUS"], int(event["SEQUENCE"]), event["UID"]) == (status, 3, f"{A_MEETING.offer_id}@omdehoek.nl")
    assert "donderdag 12 maart 2026, van 14:00 tot 16:30 uur\nWerkplaats 2.04, Zeist" in words(mail)


@pytest.mark.parametrize("standing", ["waiting", "refused"])
def test_who_has_no_place_gets_nothing_for_their_calendar(standing):
    assert list(sent(a_mail(Template.MEETING_SIGNED_UP, standing=standing)).iter_attachments()) == []


# Whatever people fill in.

HOSTILE = [
    "x\r\nBcc: iedereen@evil.example",
    "x\n\n<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title></style></p></table><h1>kaping",
    '" onmouseover="alert(1)',
    "{{ 7*7 }}{% for x in y %}",
    "javascript:alert(1)",
    "\u202egnp.exe\u2066",
    "=?utf-8?q?Subject?=",
    "a\x00b\x1b[31m",
    "👩‍🏫 école ﷽ 漢字",
    "x" * 200,
    "\N{LATIN SMALL LETTER E}" + "\N{COMBINING ACUTE ACCENT}" * 50,
    ".",
    "-- \nFrom nobody",
]


def hostile_facts(template: Template, text: str) -> dict[str, Any]:
    """The facts of a mail with a text in every place that people fill in."""
    facts = facts_of(template, Language.DUTCH)
    if "asker" in facts:
        for side in ("asker", "offerer"):
            facts[side] |= {"title": text, "organisation_name": text, "place": text}
        facts["reasons"] = [{"code": "words", "value": text, "weight": 1.0}]
    if "meeting" in facts:
        facts["meeting"] |= {"title": text, "venue": text, "organisation_name": text}
    if template in INITIATIVES:
        facts |= {"other_organisation": text}
    return facts | ({"name": text} if template in TO_ADDRESS else {"title": text})


def hostile_mail(template: Template, text: str) -> Claimed:
    mail = a_mail(template, **hostile_facts(template, text))
    for contact in mail.contacts.values():
        contact |= {"name": text, "organisation_name": text}
    return mail


def check_hostile(template: Template, text: str) -> None:
    mail, harmless = sent(hostile_mail(template, text)), sent(hostile_mail(template, "x"))
    line = as_one_line(text)

    assert mail.keys() == harmless.keys()
    assert [address.addr_spec for address in mail["To"].addresses] == [NOOR.email]
    # Python's own reader puts spaces between the parts of a long encoded name.
    assert _dense(mail["To"].addresses[0].display_name) == _dense(as_greeted(text))
    assert len(str(mail["Subject"])) <= SUBJECT_CHARACTERS_MAX
    assert len(str(mail["Subject"]).splitlines()) == 1
    document, expected = page(words(mail, "html")), page(words(harmless, "html"))
    assert [e.tag for e in document.iter() if e.tag not in ("bdi", "wbr")] == [
        e.tag for e in expected.iter() if e.tag not in ("bdi", "wbr")
    ]
    assert [link.get("href") for link in document.iter("a")] == [link.get("href") for link in expected.iter("a")]
    if template not in (
        *TO_ADDRESS,
        *MERGED,
        *WELCOMES,
        *AMBASSADOR,
        Template.PARTNER_ENDPOINT_DISABLED,
    ):  # these greet by name, if it is one, and no more
        assert _dense(line) in shown(words(mail, "html"))
        assert line in words(mail)


@pytest.mark.parametrize(
    "template", [Template.MATCH_PROPOSED, Template.INTRODUCTION, Template.REQUEST_UNANSWERED, Template.JOINING]
)
@pytest.mark.parametrize("text", HOSTILE, ids=map(str, range(len(HOSTILE))))
def test_what_people_fill_in_is_words_and_nothing_else(template, text):
    check_hostile(template, text)


anything = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=200)


@settings(max_examples=80)
@given(st.sampled_from(MAILED), anything)
def test_anything_that_people_fill_in_is_words_and_nothing_else(template, text):
    check_hostile(template, text)


@settings(max_examples=200)
@given(anything)
def test_a_subject_arrives_as_it_was_written(text):
    subject = as_one_line(f"Past dit bij elkaar? {text}").replace("=?", "= ?")
    message = message_from_bytes(compose(hostile_mail(Template.MATCH_PROPOSED, text), NOTIFY, NOW)[1])
    found = str(make_header(decode_header(message["Subject"])))
    assert found == subject or (len(subject) > SUBJECT_CHARACTERS_MAX and subject.startswith(found[:-1].rstrip()))


def test_a_stranger_cannot_send_a_message_by_joining_with_somebodys_address():
    mail = sent(a_mail(Template.JOINING, name="Haal je prijs op bij prijs.evil.example"))
    assert "evil" not in str(mail)


# Where it goes.


def to_address(address: str) -> str:
    mail = a_mail(Template.MATCH_PROPOSED)
    mail.contacts[NOOR.member_id]["email"] = address
    return compose(mail, NOTIFY, NOW)[0]


def test_a_domain_with_other_letters_has_a_form_in_ascii():
    assert to_address("info@café.example") == "info@xn--caf-dma.example"


@pytest.mark.parametrize(
    "address",
    ["", "geen adres", "a@b@c.example", "jörg@school.example", "a@b.example\r\nRCPT TO:<x@y.example>", "a b@c.example"],
)
def test_no_mail_goes_to_what_is_no_address(address):
    with pytest.raises(AddressNotSupported):
        to_address(address)


@pytest.mark.parametrize(
    "sender", ["", "Om de Hoek", "a@b@c.example", "a@", "@b.example", "jörg@b.example", "a b@c.example"]
)
def test_a_sender_that_is_no_address_is_refused_at_the_start(sender):
    with pytest.raises(ValueError, match="must be an address"):
        NotifySettings(**SETTINGS | {"mail_from": sender})


@pytest.mark.parametrize("name", ["Om de Hoek Fryslân", 'De "Hoek", Utrecht', ""])
def test_the_sender_may_be_called_anything(name):
    settings_ = NotifySettings(**SETTINGS | {"mail_from": formataddr((name, "post@omdehoek.example"))})
    _, content = compose(a_mail(Template.MATCH_PROPOSED), settings_, NOW)
    (address,) = message_from_bytes(content, policy=policy.strict)["From"].addresses
    assert (address.display_name, address.addr_spec) == (name or "Om de Hoek", "post@omdehoek.example")


@pytest.mark.parametrize("url", ["ftp://x.example", "https://x.example/<>", "https://x example", "https://x\r\ny"])
def test_a_public_address_that_would_break_a_header_is_refused_at_the_start(url):
    with pytest.raises(ValueError, match="must begin with"):
        NotifySettings(**SETTINGS | {"public_url": url})


# The pages behind a link to unsubscribe.


@pytest.mark.parametrize("language", list(Language))
@pytest.mark.parametrize("category", STOPPED)
def test_the_pages_to_unsubscribe_post_to_where_they_are(category, language):
    asked, off, on = (page(unsubscribe_page(category, language, state)) for state in ("asked", "off", "on"))
    back = off.find(".//form/button")

    for document in (asked, off, on):
        assert document.get("lang") == language.value
        assert document.find("body/main/h1").text
    assert dict(asked.find(".//form").attrib) == {"method": "post"}
    assert (back is None) == (category == EVERYTHING)
    assert back is None or back.attrib.items() >= {"name": "mails", "value": "on"}.items()
    assert on.find(".//form") is None


def test_the_page_of_a_link_that_does_not_work_speaks_both_languages():
    document = page(unsubscribe_link_unknown_page(None))
    assert {document.get("lang"), *(e.get("lang") for e in document.iter("p") if e.get("lang"))} == {"nl", "en"}
