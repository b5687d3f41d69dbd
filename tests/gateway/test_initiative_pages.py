"""The pages of what two people do together, without a script."""

import pytest

from contracts.vocabulary import Language
from services.gateway.pages.words import say
from tests.gateway.test_pages import heading, press, shown, well_made
from tests.given import eventually

BROWSER = {"Accept": "text/html", "Accept-Language": "nl"}


@pytest.fixture
async def pair(neighbourhood):
    """Two who were introduced, and an ambassador's eye: the node's team."""
    pair = await neighbourhood.a_match()
    await pair.team.post(f"/api/v1/matches/{pair.match_id}/endorse")
    for who in (pair.asker, pair.offerer):
        await who.post(f"/api/v1/matches/{pair.match_id}/answer", json={"accepted": True})

    async def heard() -> bool:
        return (await pair.asker.get(f"/api/v1/introductions/{pair.match_id}")).status_code == 200

    await eventually(heard, saying="an introduction that was heard")
    return pair


def wrong(page) -> list[str]:
    """What the page says is wrong, at the top."""
    return [shown(one) for box in page.iter("div") if box.get("role") == "alert" for one in box.iter("a")]


async def test_from_the_match_to_how_it_ended_on_pages_alone(neighbourhood, pair):
    start, path = f"/initiatives/new?match={pair.match_id}", f"/initiatives/{pair.match_id}"
    assert start in (await pair.asker.get(f"/matches/{pair.match_id}")).text
    assert start not in (await pair.team.get(f"/matches/{pair.match_id}")).text

    for reader, is_told in ((pair.asker, True), (pair.offerer, True), (pair.team, False)):
        overview = shown(well_made(await reader.get("/", headers=BROWSER), "nl"))
        assert ("Jullie zijn aan elkaar voorgesteld" in overview) is is_told

    page = await pair.asker.get(start)
    refused = await press(pair.asker, page, "Begin", text="")
    assert (refused.status_code, wrong(well_made(refused, "nl"))) == (422, ["Vertel wat jullie gaan doen."])
    mailed = await press(pair.asker, page, "Begin", text="Mail noor@roc.example maar.", ends_on="2001-01-01")
    assert len(wrong(well_made(mailed, "nl"))) == 2
    begun = await press(pair.asker, page, "Begin", text="De klas komt kijken.", starts_on="2030-02-01")
    assert begun.headers["location"] == f"{path}?done=initiative-started"

    assert (await pair.offerer.get(start)).headers["location"] == path  # it was started already
    await press(pair.offerer, await pair.offerer.get(path), "Schrijf op", text="")
    noted = await press(pair.offerer, await pair.offerer.get(path), "Schrijf op", text="<b>Geweest</b>")
    assert noted.headers["location"] == f"{path}?done=noted"
    for reader in (pair.asker, pair.offerer, pair.team):
        read = well_made(await reader.get(path, headers=BROWSER), "nl")
        assert "<b>Geweest</b>" in shown(read)
        assert "1 februari 2030" in shown(read)
    assert not list(well_made(await pair.team.get(path), "nl").iter("textarea"))  # who reads along writes nothing
    overview = shown(well_made(await pair.asker.get("/"), "nl"))
    assert heading(await pair.asker.get(path)) in overview
    assert "Jullie zijn aan elkaar voorgesteld" not in overview

    change = f"{path}/change"
    forms = [await who.get(change) for who in (pair.offerer, pair.asker)]
    refused = await press(pair.offerer, forms[0], "Bewaar", title="")
    assert (refused.status_code, len(wrong(well_made(refused, "nl")))) == (422, 1)
    told = {"title": "Pompen op school", "starts_on": "2030-03-01"}
    changed = await press(pair.offerer, forms[0], "Bewaar", **told)
    assert changed.headers["location"] == f"{path}?done=initiative-changed"
    assert (await press(pair.offerer, forms[0], "Bewaar", **told)).headers["location"] == changed.headers["location"]
    late = await press(pair.asker, forms[1], "Bewaar", title="Iets anders")
    facts = [shown(one) for one in next(well_made(late, "nl").iter("dl"))]
    assert (late.status_code, facts[1::2]) == (412, ["Pompen op school", "1 maart 2030"])
    assert 'value="Iets anders"' in late.text
    wrong_meanwhile = await press(pair.asker, forms[1], "Bewaar", title="")
    assert (await press(pair.asker, wrong_meanwhile, "Bewaar", title="Iets anders")).status_code == 412
    assert "1 maart 2030" in shown(well_made(await pair.asker.get(path), "nl"))

    end, of_asker = [await who.get(f"{path}/end") for who in (pair.offerer, pair.asker)]
    assert "Dit kun je één keer vertellen." in shown(well_made(end, "nl"))
    refused = await press(pair.offerer, end, "Bewaar", status="stopped", students="veel")
    assert wrong(well_made(refused, "nl")) == ["Kies waarom het niet lukte.", "Vul een aantal in, zoals 24."]
    told = {"status": "done", "outcome": "Twaalf pompen.", "students": "24", "because": "no-time", "may_be_told": "yes"}
    ended = await press(pair.offerer, end, "Bewaar", **told)
    assert ended.headers["location"] == f"{path}?done=initiative-ended"
    assert (await press(pair.offerer, end, "Bewaar", **told)).headers["location"] == ended.headers["location"]
    late = await press(pair.asker, of_asker, "Bewaar", status="stopped", because_words="De pomp is stuk.")
    assert_told_too_late(late, "De pomp is stuk.")
    for language, words in (("nl", "24 studenten deden mee"), ("en", "24 students took part")):
        page = well_made(await pair.asker.get(path, params={"taal": language}), language)
        assert words in shown(page)
        assert "Twaalf pompen." in shown(page)


def assert_told_too_late(page, written):
    """It is said that how it ended was told already, and what somebody wrote stands there still."""
    read = well_made(page, "nl")
    assert page.status_code == 409
    assert "Er is al verteld hoe het afliep" in shown(next(one for one in read.iter("p") if one.get("role") == "alert"))
    assert written in [one.text for one in read.iter("textarea") if one.get("readonly") is not None]


async def test_what_was_written_of_what_ended_meanwhile_is_shown_to_who_wrote_it(pair):
    path = f"/initiatives/{pair.match_id}"
    body = {"match_id": pair.match_id, "text": "Samen."}
    assert (await pair.asker.post("/api/v1/initiatives", json=body)).status_code == 201
    note, change, end = [await pair.asker.get(f"{path}{at}") for at in ("", "/change", "/end")]
    assert (await pair.offerer.post(f"/api/v1{path}/end", json={"status": "done"})).status_code == 200

    assert_told_too_late(await press(pair.asker, note, "Schrijf op", text="De goot is klaar."), "De goot is klaar.")
    renamed = await press(pair.asker, change, "Bewaar", title="Goten met de klas")
    assert_told_too_late(renamed, "Goten met de klas")
    untold = await press(pair.asker, end, "Bewaar", outcome="Tien goten.")  # and not how it went
    assert_told_too_late(untold, "Tien goten.")


async def test_who_told_too_late_of_what_goes_on_notes_what_they_wrote_from_there(pair):
    path, body = f"/initiatives/{pair.match_id}", {"match_id": pair.match_id, "text": "Samen."}
    assert (await pair.asker.post("/api/v1/initiatives", json=body)).status_code == 201
    end = await pair.asker.get(f"{path}/end")
    assert (await pair.offerer.post(f"/api/v1{path}/end", json={"status": "lasting"})).status_code == 200

    late = await press(pair.asker, end, "Bewaar", status="done", outcome="Tien goten.")
    assert_told_too_late(late, "Tien goten.")
    assert f'href="{path}/change"' in late.text
    noted = await press(pair.asker, late, "Schrijf op", text="Tien goten.")

    assert noted.headers["location"] == f"{path}?done=noted"


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_every_page_of_it_is_well_made_in_both_languages(pair, language):
    taal, path = {"taal": language}, f"/initiatives/{pair.match_id}"
    well_made(await pair.asker.get("/initiatives", params=taal), language)
    well_made(await pair.asker.get("/initiatives/new", params=taal | {"match": pair.match_id}), language)
    body = {"match_id": pair.match_id, "text": "Samen."}
    assert (await pair.asker.post("/api/v1/initiatives", json=body)).status_code == 201

    for where in ("/", "/initiatives", path, f"{path}/change", f"{path}/end", f"/matches/{pair.match_id}", "/insight"):
        answer = await pair.asker.get(where, params=taal)
        well_made(answer, language)
        assert answer.status_code == 200
    stranger = await pair.team.get(f"{path}/end", params=taal)
    assert stranger.headers["location"] == path


async def test_a_note_that_is_sent_twice_is_there_once(pair):
    path = f"/initiatives/{pair.match_id}"
    body = {"match_id": pair.match_id, "text": "Samen."}
    assert (await pair.asker.post("/api/v1/initiatives", json=body)).status_code == 201
    page = await pair.asker.get(path)

    pressed = [await press(pair.asker, page, "Schrijf op", text="De goot is gemeten.") for _ in range(2)]

    assert [one.headers["location"] for one in pressed] == [f"{path}?done=noted"] * 2
    assert len((await pair.asker.get(f"/api/v1{path}")).json()["notes"]) == 1


@pytest.mark.parametrize(("language", "team"), [("nl", "het team van de regio"), ("en", "the team of the region")])
def test_the_field_for_a_note_says_that_the_team_reads_it_too(language, team):
    for key in ("initiative.note-help", "initiative.who-reads"):
        assert team in say(key, Language(language))


async def test_a_note_and_an_offer_with_an_address_in_it_are_refused_with_just_that(pair):
    started = await pair.asker.get(f"/initiatives/new?match={pair.match_id}")
    begun = await press(pair.asker, started, "Begin", text="Wij maken het samen.")
    text = "Bel sem@zon.example of 06 12345678."

    noted = await press(pair.asker, await pair.asker.get(begun.headers["location"]), "Schrijf op", text=text)
    offer = {"text": text, "title": "Een les over zon", "kind": "guest-lesson", "place": "Zeist"}
    placed = await press(pair.asker, await pair.asker.get("/offers/new"), "place", **offer)

    for page in (noted, placed):
        assert page.status_code == 422
        assert "In je tekst staat een e-mailadres of telefoonnummer. Haal dat weg." in wrong(well_made(page, "nl"))
