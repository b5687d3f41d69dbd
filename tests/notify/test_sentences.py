"""What mails and the pages behind their links say, where it was not what is so, or not as people say it."""

import pytest

from contracts.vocabulary import Language
from services.notify.rendering import Reading, inbox_lines, unsubscribe_page
from services.notify.templates import EVERYTHING, Category, Template
from tests.catching import words
from tests.notify.conftest import NODE_URL, a_party, a_person
from tests.notify.test_mail_texts import NOOR, a_mail, facts_of, page, sent

AMIR = a_person("Amir Bos")


def told(template, language, **facts):
    """What a mail says, on one line, after its subject."""
    mail = sent(a_mail(template, Language(language), **facts))
    return f"{mail['Subject']} / {' '.join(words(mail).split())}"


@pytest.mark.parametrize(
    ("language", "stops"),
    [
        ("nl", "Liever helemaal geen mails meer van ons? Zet alles uit wat uit kan: https://"),
        ("en", "Would you rather not get any mails from us? Turn off all that can be turned off: https://"),
    ],
)
def test_a_gathered_mail_says_that_its_link_stops_every_sort(language, stops):
    assert stops in told(Template.DIGEST, language)


@pytest.mark.parametrize("template", [Template.MATCH_PROPOSED, Template.MATCH_HANDED_OVER])
@pytest.mark.parametrize(
    ("language", "both", "then"),
    [
        ("nl", "Dan vragen we allebei", "Bij de match lees je wat er dan gebeurt."),
        ("en", "Then we ask both sides", "At the match you read what happens then."),
    ],
)
def test_who_looks_at_a_match_of_two_regions_is_not_promised_that_both_sides_are_asked(template, language, both, then):
    """Another region may have to look as well: the page of the match knows."""
    here = told(template, language)
    offerer = a_party(a_person("Fatima de Wit"), node="gelderland").model_dump(mode="json")
    of_two = told(template, language, offerer=offerer)

    assert [(both in one, then in one) for one in (here, of_two)] == [(True, False), (False, True)]


@pytest.mark.parametrize(
    ("category", "language", "stops"),
    [
        (EVERYTHING, "nl", "geen mails meer van ons, ook niet wat meteen komt. In je inbox"),
        (EVERYTHING, "en", "no more mails from us, also none that come at once. You will still see everything"),
        (Category.UNANSWERED, "nl", "geen mails meer over vragen zonder antwoord en over wat verloopt."),
        (Category.UNANSWERED, "en", "no more mails about requests without an answer and about what expires."),
        (Category.REMINDERS, "en", "no more mails about matches that wait for you and tomorrow's meetings."),
    ],
)
@pytest.mark.parametrize("state", ["asked", "off"])
def test_the_page_of_a_link_says_all_that_it_stops(category, language, stops, state):
    body = page(unsubscribe_page(category, Language(language), state)).find("body")

    assert stops in " ".join("".join(body.itertext()).split())


@pytest.mark.parametrize(
    ("language", "because", "goes_on"),
    [
        ("nl", "declined", "We zoeken verder zolang je vraag openstaat."),
        ("nl", "closed", "Staat je vraag nog open? Dan zoeken we verder."),
        ("en", "declined", "We go on looking as long as your request is open."),
        ("en", "closed", "Is your request still open? Then we go on looking."),
    ],
)
def test_who_may_have_closed_it_themselves_is_not_told_that_we_go_on_looking(language, because, goes_on):
    text = told(Template.MATCH_LAPSED, language, lapsed_because=because)

    assert goes_on in text
    assert ("Dan zoeken" in text or "Then we go" in text) == (because == "closed")


@pytest.mark.parametrize(
    ("language", "erased", "own_id", "button"),
    [
        ("nl", "offerer", "r-1", "Bekijk je vraag: https://utrecht.omdehoek.example/requests/r-1"),
        ("nl", "asker", "o-1", "Bekijk je aanbod: https://utrecht.omdehoek.example/offers/o-1"),
        ("nl", "asker", None, "Bekijk je matches: https://utrecht.omdehoek.example/matches "),
        ("en", "offerer", "r-1", "See your request: https://utrecht.omdehoek.example/requests/r-1"),
        ("en", "asker", "o-1", "See your offer: https://utrecht.omdehoek.example/offers/o-1"),
        ("en", "asker", None, "See your matches: https://utrecht.omdehoek.example/matches "),
    ],
)
def test_the_button_does_not_lead_to_a_match_that_went_with_who_was_erased(language, erased, own_id, button):
    sides = facts_of(Template.MATCH_LAPSED, Language(language))
    nobody, noor = {"member_id": "", "title": ""}, {"member_id": NOOR.member_id}
    left = "asker" if erased == "offerer" else "offerer"
    facts = {erased: sides[erased] | nobody, left: sides[left] | noor, "own_id": own_id}

    assert button in told(Template.MATCH_LAPSED, language, lapsed_because="erased", **facts)


@pytest.mark.parametrize("reader", [NOOR, AMIR], ids=lambda who: who.name)
@pytest.mark.parametrize("template", [Template.MATCH_ENDORSED, Template.ANSWER_OVERDUE])
@pytest.mark.parametrize(
    ("language", "day"), [("nl", "tot maandag 9 maart 2026."), ("en", "until Monday, 9 March 2026.")]
)
def test_a_question_in_the_inbox_or_in_a_digest_has_its_last_day_when_that_is_known(template, reader, language, day):
    facts = facts_of(template, Language(language)) | {"answer_by": "2026-03-08T23:30:00+00:00"}

    said, unknown = (
        inbox_lines(Reading(template, Language(language), reader.member_id, "m-1", one, NODE_URL)).text
        for one in (facts, facts | {"answer_by": None})
    )

    assert said.endswith(day)
    assert day.split()[0] not in unknown.split()


@pytest.mark.parametrize(
    ("template", "sentence"),
    [
        (Template.MATCH_LAPSED, "Not going ahead: Stage over circulair bouwen"),
        (Template.MATCH_LAPSED, "Meeting Warmtewerk BV is not going ahead."),
        (Template.MATCH_PROPOSED, "asks for an internship, offers one"),
        (Template.MEETING_LEFT, "You are no longer signed up: Warmtepompen in de praktijk"),
        (Template.ADDRESS_REPLACED, "somebody else is pretending to be you."),
    ],
)
def test_english_is_as_people_say_it(template, sentence):
    assert sentence in told(template, "en")


def test_a_note_about_what_is_gone_says_so_in_english():
    assert "You wanted to come back to this: a request that no longer exists" in told(
        Template.FOLLOW_UP, "en", title=""
    )
