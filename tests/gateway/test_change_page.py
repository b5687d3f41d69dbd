"""What somebody asks or offers, changed on a page by who placed it, and by nobody else."""

from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from contracts.days import AMSTERDAM
from contracts.vocabulary import Language
from services.gateway.pages.words import day
from services.requests import expiring
from tests.gateway.conftest import a_proposition
from tests.gateway.test_listings_page import a_meeting, text
from tests.gateway.test_pages import heading, parsed, press, shown, well_made
from tests.given import eventually, fresh_name


async def a_request(neighbourhood, **changes):
    """Who asks it, and where it is."""
    noor, title = await neighbourhood.member(), fresh_name("Wie weet alles van dakgoten")
    placed = await noor.post("/api/v1/requests", json=a_proposition(title, **changes))
    assert placed.status_code == 201, placed.text
    return noor, f"/requests/{placed.json()['request_id']}"


def filled_in(page):
    """What the form of the page would send as it is, as a browser does."""
    form = next(one for one in parsed(page).iter("form") if str(one.get("action")).endswith("/change"))
    fields = {}
    for one in form.iter():
        if one.tag == "input" and (one.get("type") != "checkbox" or one.get("checked") is not None):
            fields[one.get("name")] = one.get("value", "")
        if one.tag == "textarea":
            fields[one.get("name")] = (one.text or "").replace("\n", "\r\n")
        if one.tag == "select":
            fields[one.get("name")] = next((x.get("value") for x in one if x.get("selected") is not None), "")
    return fields


async def save(browser, page, **changes):
    """Changes some of what is filled in, and presses the button."""
    return await press(browser, page, "Bewaar", **(filled_in(page) | changes))


async def standing(browser, at):
    return (await browser.get(f"/api/v1{at}")).json()


async def test_who_asks_changes_it_from_its_page_and_reads_that_it_is_kept(neighbourhood):
    words = "Onze goten lekken.\nWie leert ons solderen?"
    noor, at = await a_request(neighbourhood, text=words, reach_km=30, mbo_level=3, participants=24)
    before = await standing(noor, at)
    assert f'href="{at}/change"' in (await noor.get(at)).text
    assert f'href="{at}/change"' in (await noor.get("/requests")).text

    page = await noor.get(f"{at}/change")
    answer = await save(noor, page, title="Wie leert ons solderen?", place="Houten", reach_km="", kind="expertise")

    assert (heading(page), answer.status_code) == ("Pas je vraag aan", 303)
    assert answer.headers["location"] == f"{at}?done=changed"
    assert "Bewaard." in text(await noor.get(answer.headers["location"]))
    after = await standing(noor, at)
    wanted = {"title": "Wie leert ons solderen?", "reach_km": None, "kind": "expertise", "version": 2}
    assert after == before | wanted | {"place": after["place"]}
    assert after["place"]["name"] == "Houten"


@pytest.mark.parametrize("side", ["requests", "offers"])
async def test_what_is_saved_as_it_stands_changes_nothing(neighbourhood, side):
    noor, day = await neighbourhood.member(), (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    about = a_proposition(fresh_name("Dakgoten"), kind="meeting", starts_on=day, from_time="14:00", venue="Lokaal 3")
    placed = (await noor.post(f"/api/v1/{side}", json=about | {"text": "Een.\nTwee.", "languages": ["en"]})).json()
    at = f"/{side}/{placed[f'{side[:-1]}_id']}"

    answer = await save(noor, await noor.get(f"{at}/change"))

    stands = await standing(noor, at)
    for one in (placed, stands):
        one.pop("organisation_name", None)  # told where offers are read alone
    assert (answer.status_code, stands) == (303, placed)


async def test_a_button_that_is_pressed_twice_changes_once(neighbourhood):
    noor, at = await a_request(neighbourhood)
    page = await noor.get(f"{at}/change")

    pressed = [await save(noor, page, title="Wie leert ons solderen?") for _ in range(2)]

    assert [one.headers["location"] for one in pressed] == [f"{at}?done=changed"] * 2
    assert (await standing(noor, at))["version"] == 2


async def test_what_is_wrong_is_told_at_its_field_and_the_rest_stays_filled_in(neighbourhood):
    noor, at = await a_request(neighbourhood)
    page = await noor.get(f"{at}/change")

    ours = await save(noor, page, title="", place="Nergenshuizen", text="Heel andere woorden.")
    theirs = await save(noor, ours, title="Bel 06 12345678", place="Zeist", ends_on="2020-01-01")

    assert (ours.status_code, theirs.status_code) == (422, 422)
    assert "Schrijf in één zin waar het om gaat" in text(ours)
    assert "Deze plaats kennen we niet" in text(ours)
    assert "In je tekst staat een e-mailadres of telefoonnummer" in text(theirs)
    assert "niet eerder dan de eerste dag" in text(theirs)
    assert filled_in(theirs)["text"] == "Heel andere woorden."
    assert (await standing(noor, at))["version"] == 1


async def test_what_was_changed_meanwhile_is_shown_beside_what_was_typed_and_saved_after_a_look(neighbourhood):
    noor, at = await a_request(neighbourhood, starts_on="2027-02-01")
    page = await noor.get(f"{at}/change")
    await save(noor, page, title="Uit het andere tabblad", starts_on="", themes="biodiversity")

    late = await save(noor, page, text="Nieuwe woorden.", title="Uit dit tabblad")
    seen = text(late)
    saved = await save(noor, late)

    assert (late.status_code, saved.status_code) == (412, 303)
    facts = [shown(one) for one in next(well_made(late, "nl").iter("dl"))]
    labels, words = facts[::2], facts[1::2]
    assert "Dit is intussen ergens anders veranderd" in seen
    assert labels == ["Wat zoek je?", "Waar gaat het over?", "Je vraag in één zin", "Vanaf welke dag?"]
    assert words[1:] == ["biodiversiteit", "Uit het andere tabblad", "niets"]
    after = await standing(noor, at)
    assert (after["title"], after["text"], after["version"]) == ("Uit dit tabblad", "Nieuwe woorden.", 3)


async def test_who_comes_to_a_meeting_hears_that_its_organiser_moved_it(neighbourhood):
    sem, at, _ = await a_meeting(neighbourhood)
    noor, own = await neighbourhood.member(), at.replace("meetings", "offers")
    await press(noor, await noor.get(at), "sign-up")
    day = (datetime.now(UTC) + timedelta(days=40)).date().isoformat()
    assert f'href="{own}/change"' in (await sem.get(at)).text
    assert f'href="{own}/change"' not in (await noor.get(at)).text

    page = await sem.get(f"{own}/change")
    answer = await save(sem, page, starts_on=day, venue="Aula")

    assert answer.headers["location"] == f"{own}?done=changed"
    assert "Wie zich heeft aangemeld krijgt een mail" in text(page)
    await neighbourhood.quiet()

    async def heard():
        told = (await noor.get("/api/v1/inbox")).json()["items"]
        return ("meeting-moved", own.removeprefix("/offers/")) in [(one["template"], one["matter_id"]) for one in told]

    await eventually(heard, saying="a meeting that moved")
    assert "Aula" in text(await noor.get(at))


async def test_a_tip_or_a_meeting_that_stands_is_of_the_kind_that_it_is(neighbourhood):
    sem, at, _ = await a_meeting(neighbourhood)
    own = at.replace("meetings", "offers")

    page = await sem.get(f"{own}/change")
    await press(sem, await sem.get(own), "withdraw")
    withdrawn = await sem.get(f"{own}/change")

    assert ("kind" in filled_in(page), "kind" in filled_in(withdrawn)) == (False, True)
    assert "Dit blijft zo tot je het intrekt." in text(page)
    meeting_no_more = dict.fromkeys(("from_time", "until_time", "venue"), "")
    answer = await save(sem, withdrawn, kind="guest-lesson", **meeting_no_more)
    assert answer.headers["location"] == f"{own}?done=changed"
    assert (await standing(sem, own))["kind"] == "guest-lesson"


async def test_nobody_changes_what_another_asks_or_offers(neighbourhood):
    sem, at, title = await a_meeting(neighbourhood)
    own, noor, team = at.replace("meetings", "offers"), await neighbourhood.member(), await neighbourhood.team()
    page = await sem.get(f"{own}/change")

    for browser in (noor, team):
        menu = next(parsed(await browser.get("/")).iter("form"))
        token = next(one.get("value") for one in menu.iter("input") if one.get("name") == "form")
        assert (await browser.get(f"{own}/change")).headers["location"] == own
        assert (await save(browser, page, form=token, title="Gekaapt")).headers["location"] == own
        assert f"{own}/change" not in (await browser.get(own)).text
    assert (await neighbourhood.visitor().get(f"{own}/change")).headers["location"].startswith("/sign-in")
    assert (await noor.get("/requests/none/change")).status_code == 404
    assert (await standing(sem, own))["title"] == title


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_the_page_is_well_made_in_both_languages(neighbourhood, language):
    sem, at, _ = await a_meeting(neighbourhood)
    noor, request = await a_request(neighbourhood)
    for browser, path in ((sem, at.replace("meetings", "offers")), (noor, request)):
        answer = await browser.get(f"{path}/change", params={"taal": language})
        well_made(answer, language)
        assert answer.status_code == 200


@pytest.mark.parametrize("step", ["Zoek verder", "Bied het weer aan"])
async def test_what_expired_is_told_its_member_and_its_page_says_how_to_open_it_again(neighbourhood, step):
    noor, side = await neighbourhood.member(), "request" if step == "Zoek verder" else "offer"
    draft = a_proposition(fresh_name("Dakgoten"), kind="expertise")
    proposition_id = (await noor.post(f"/api/v1/{side}s", json=draft)).json()[f"{side}_id"]
    requests = neighbourhood.services[0].service
    async with requests.engine.begin() as connection:
        past = "UPDATE proposition SET expires_at = '2026-01-01' WHERE proposition_id = :proposition_id"
        await connection.execute(sa.text(past), {"proposition_id": proposition_id})

    await expiring.expire_some(requests)

    async def told():
        items = (await noor.get("/api/v1/inbox")).json()["items"]
        return (f"{side}-expired", proposition_id) in [(one["template"], one["matter_id"]) for one in items]

    await eventually(told, saying="that it expired")
    page = await noor.get(f"/{side}s/{proposition_id}")
    assert f"Kies dan '{step}'" in text(page)
    await press(noor, page, step)
    assert "Kies dan" not in text(await noor.get(f"/{side}s/{proposition_id}"))


@pytest.mark.parametrize("language", ["nl", "en"])
async def test_a_request_stands_open_until_its_last_day_and_not_the_day_after(neighbourhood, language):
    last = (datetime.now(AMSTERDAM) + timedelta(days=20)).date()
    asker, path = await a_request(neighbourhood, ends_on=last.isoformat())

    page = well_made(await asker.get(path, params={"taal": language}), language)

    facts = [shown(one) for one in next(page.iter("dl"))]
    label = {"nl": "Staat open tot en met", "en": "Open until and including"}[language]
    assert facts[facts.index(label) + 1] == day(last, Language(language))
