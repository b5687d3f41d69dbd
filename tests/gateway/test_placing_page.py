"""The page to ask or to offer by: what is wrong with the day and the hours is said at the field, with what to do."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.gateway.test_pages import parsed, press, shown, well_made

LESSON = {
    "kind": "guest-lesson",
    "title": "Kijken bij de pompen",
    "text": "Kom kijken hoe het werkt.",
    "place": "Zeist",
}
LESSON |= {"themes": "energy-transition"}
WHEN = ("starts_on", "ends_on", "from_time", "until_time")
TODAY = datetime.now(UTC).date()


async def refused(neighbourhood, language="nl", **filled_in):
    """The page that an offer comes back on, and what is wrong, by field."""
    noor = await neighbourhood.member(name="Noor Jansen")
    form = await noor.get("/offers/new", params={"taal": language})
    answer = await press(noor, form, "place", **LESSON | filled_in)
    assert answer.status_code == 422, answer.headers
    page = well_made(answer, language)
    links = {one.get("href"): shown(one) for one in page.iter("a")}
    return page, {name: links[f"#{name}"] for name in WHEN if f"#{name}" in links}


def block_of(page, field):
    """The part of the page that folds, with a field in it."""
    (block,) = (one for one in page.iter("details") if any(x.get("id") == field for x in one.iter("input")))
    return block


async def test_a_meeting_with_hours_and_no_day_is_asked_its_day_in_a_block_that_is_open(neighbourhood):
    page, wrong = await refused(neighbourhood, kind="meeting", from_time="14:00", until_time="16:00")

    assert wrong == {"starts_on": "Kies op welke dag de bijeenkomst is."}
    assert block_of(page, "starts_on").get("open") is not None


@pytest.mark.parametrize(
    ("language", "begins", "ends"),
    [
        (
            "nl",
            "Alleen een bijeenkomst heeft een begintijd. Kies bij 'Wat voor aanbod is het?' voor bijeenkomst en vul de"
            " dag in. Of maak dit veld leeg.",
            "Een eindtijd hoort bij een bijeenkomst en is later dan de begintijd. Of maak dit veld leeg.",
        ),
        (
            "en",
            "Only a meeting has a time at which it begins. Choose meeting at 'What kind of offer is it?' and fill in"
            " the day. Or make this field empty.",
            "A time at which it ends is of a meeting, and later than the one at which it begins. Or make this field"
            " empty.",
        ),
    ],
)
async def test_who_fills_in_hours_of_what_is_no_meeting_reads_that_only_a_meeting_has_them(
    neighbourhood, language, begins, ends
):
    page, wrong = await refused(neighbourhood, language, from_time="14:00", until_time="16:00")

    assert wrong == {"from_time": begins, "until_time": ends}
    assert block_of(page, "from_time").get("open") is not None


@pytest.mark.parametrize(
    ("language", "first", "last"),
    [
        (
            "nl",
            "Kies een dag binnen vijf jaar. Een bijeenkomst begint vandaag of later. Of laat het leeg.",
            "Kies een dag vanaf vandaag en binnen vijf jaar, niet eerder dan de eerste dag. Of laat het leeg.",
        ),
        (
            "en",
            "Choose a day within five years. A meeting begins today or later. Or leave it empty.",
            "Choose a day from today on and within five years, not before the first day. Or leave it empty.",
        ),
    ],
)
async def test_what_is_said_of_a_wrong_day_is_the_rule(neighbourhood, language, first, last):
    away = (TODAY + timedelta(days=6 * 365)).isoformat()
    page, wrong = await refused(neighbourhood, language, starts_on=away, ends_on=away)

    assert wrong == {"starts_on": first, "ends_on": last}
    assert block_of(page, "starts_on").get("open") is not None


@pytest.mark.parametrize(
    ("language", "told"),
    [
        ("nl", "Dit is te lang: {length} tekens, en er passen er {most} in. Maak het korter."),
        ("en", "This is too long: {length} characters, where {most} fit. Make it shorter."),
    ],
)
async def test_what_is_pasted_is_not_cut_off_and_how_much_too_long_it_is_is_said(neighbourhood, language, told):
    noor = await neighbourhood.member(name="Noor Jansen")
    form = await noor.get("/requests/new", params={"taal": language})
    text, title = "Een regel over de tuin.\r\n" * 250, "Wie helpt ons met de tuin van de school? " * 6

    answer = await press(noor, form, "place", **LESSON | {"text": text, "title": title.strip()})

    page, as_written = well_made(answer, language), {"nl": ("5.999", "5.000"), "en": ("5,999", "5,000")}[language]
    cut_off = [one.get("name") for one in parsed(form).iter() if one.get("maxlength") and one.get("name") != "place"]
    links = {one.get("href"): shown(one) for one in page.iter("a")}
    written = next(one for one in page.iter("textarea") if one.get("name") == "text")
    assert (answer.status_code, cut_off) == (422, [])
    assert links["#text"] == told.format(length=as_written[0], most=as_written[1])
    assert links["#title"] == told.format(length=len(title.strip()), most=200)
    assert written.text.strip().count("\n") == 249
