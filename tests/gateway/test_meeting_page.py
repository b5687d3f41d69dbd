"""The page of a meeting: what who signed up reads of it and does there, and what its organiser does."""

from urllib.parse import quote

import pytest
import sqlalchemy as sa

from tests.gateway.conftest import TEAM, a_proposition
from tests.gateway.test_listings_page import BROWSER, a_meeting, text
from tests.gateway.test_pages import folded, goes_on, heading, parsed, press, shown
from tests.gateway.test_placing_page import block_of
from tests.given import fresh_name

LEAVES, LEAVES_THE_LINE = "Ik kom toch niet", "Haal me van de wachtlijst"


async def test_who_waits_is_taken_off_the_line_and_reads_nothing_of_a_place_of_theirs(neighbourhood):
    _, at, _ = await a_meeting(neighbourhood)
    noor, iris = await neighbourhood.member(name="Noor Jansen"), await neighbourhood.member(name="Iris Bakker")
    for guest in (noor, iris):
        await press(guest, await guest.get(at), "sign-up")

    has_place, waits = await noor.get(at), await iris.get(at)

    assert "kan een ander jouw plek krijgen" in folded(has_place)[LEAVES]
    assert LEAVES_THE_LINE not in text(has_place)
    assert (folded(waits).keys() & {LEAVES, LEAVES_THE_LINE}, "jouw plek" in text(waits)) == (set(), False)
    assert LEAVES not in text(waits)
    assert "Take me off the waiting list" in text(await iris.get(at, headers={"Accept-Language": "en"}), "en")
    answer = await press(iris, waits, LEAVES_THE_LINE)
    assert "Je bent afgemeld." in text(await iris.get(answer.headers["location"]))


@pytest.mark.parametrize(
    ("language", "asked"), [("nl", "Had je je al aangemeld?"), ("en", "Had you signed up already?")]
)
async def test_who_signed_up_and_is_not_signed_in_gets_to_their_place_when_signing_up_has_closed(
    neighbourhood, language, asked
):
    """A mail of before the day says: can you not come, then cancel."""
    _, at, _ = await a_meeting(neighbourhood)
    noor, visitor = await neighbourhood.member(), neighbourhood.visitor()
    await press(noor, await noor.get(at), "sign-up")
    assert asked not in text(await visitor.get(at, params={"taal": language}), language)
    await close(neighbourhood, at)

    page = await visitor.get(at, params={"taal": language})

    told = text(page, language)
    assert (asked in told, "gaat niet door" in told, "does not take place" in told) == (True, False, False)
    (main,) = parsed(page).iter("main")
    assert f"/sign-in?next={quote(at)}" in {one.get("href") for one in main.iter("a")}
    assert asked not in text(await noor.get(at, params={"taal": language}), language)


@pytest.mark.parametrize("path", ["/meetings?q=warmte&theme=", "/tips", "/help"])
async def test_who_signs_in_from_a_page_that_all_may_read_comes_back_to_it(neighbourhood, path):
    visitor = neighbourhood.visitor()

    form = await visitor.get(links(await visitor.get(path))["Inloggen"])
    await press(visitor, form, "Stuur me een link", email=TEAM)
    page = await visitor.get(f"/sign-in?token={await neighbourhood.link_for(TEAM)}")

    assert await goes_on(visitor, await press(visitor, page, "Log in")) == path
    nowhere = links(await neighbourhood.visitor().get("/problems/none-such"))
    assert nowhere["Inloggen"] == "/sign-in"


async def close(neighbourhood, at):
    """Nobody can sign up any more, though the meeting is to come."""
    (requests,) = (one for one in neighbourhood.services if one.service.name == "requests")
    async with requests.service.engine.begin() as connection:
        of = {"offer_id": at.removeprefix("/meetings/")}
        for table, key in (("proposition", "proposition_id"), ("listing", "offer_id")):
            await connection.execute(sa.text(f"UPDATE {table} SET status = 'expired' WHERE {key} = :offer_id"), of)


async def call_off(neighbourhood, organiser, at):
    await press(organiser, await organiser.get(at.replace("meetings", "offers")), "withdraw")
    await neighbourhood.quiet()


@pytest.mark.parametrize(
    ("language", "is_off", "closed"),
    [
        ("nl", "Deze bijeenkomst gaat niet door.", "Je kunt je niet meer aanmelden"),
        ("en", "This meeting does not take place.", "You cannot sign up any more"),
    ],
)
async def test_that_a_meeting_was_called_off_is_said_to_whoever_had_signed_up_or_wrote_it_down(
    neighbourhood, language, is_off, closed
):
    organiser, at, title = await a_meeting(neighbourhood)
    noor = await neighbourhood.member()
    await press(noor, await noor.get(at), "sign-up")
    assert "Deze bijeenkomst gaat niet door." not in text(await noor.get(at))
    await call_off(neighbourhood, organiser, at)

    for reader in (noor, organiser, neighbourhood.visitor()):
        page = await reader.get(at, params={"taal": language})
        told = text(page, language)
        assert (heading(page), is_off in told, closed in told) == (title, True, False)


async def test_a_meeting_that_has_been_is_not_said_to_be_off_when_it_is_withdrawn_afterwards(neighbourhood):
    organiser, at, _ = await a_meeting(neighbourhood)
    async with neighbourhood.services[0].service.engine.begin() as connection:
        of = {"offer_id": at.removeprefix("/meetings/")}
        for table, key in (("proposition", "proposition_id"), ("listing", "offer_id")):
            been = f"UPDATE {table} SET starts_on = '2026-01-01' WHERE {key} = :offer_id"
            await connection.execute(sa.text(been), of)
    await call_off(neighbourhood, organiser, at)

    told = text(await neighbourhood.visitor().get(at))

    assert ("gaat niet door" in told, "voorbij" in told) == (False, True)
    assert "Had je je al aangemeld?" not in told


def links(answer):
    """Where the links of a page lead, by what they say."""
    return {shown(one): one.get("href") for one in parsed(answer).iter("a")}


async def test_an_organiser_calls_a_meeting_off_from_its_page_and_reads_who_is_told(neighbourhood):
    organiser, at, _ = await a_meeting(neighbourhood)
    noor, step = await neighbourhood.member(), "Zeg de bijeenkomst af"
    alone = await organiser.get(links(await organiser.get(at))[step])
    await press(noor, await noor.get(at), "sign-up")
    assert step not in links(await noor.get(at))

    page = await organiser.get(links(await organiser.get(at))[step])
    assert (step in folded(alone), step in text(alone), "Trek het aanbod in" in text(page)) == (False, True, False)
    assert "Die krijgt nu een mail dat het niet doorgaat." in folded(page)[step]
    await press(organiser, page, step)
    await neighbourhood.quiet()

    assert step not in links(await organiser.get(at))
    assert "Gaat niet door" not in text(await noor.get("/meetings"))
    assert (await noor.get(f"/api/v1{at}/sign-up")).json()["standing"] == "called-off"


@pytest.mark.parametrize(
    ("what", "words"),
    [
        ("meetings", {"nl": "Organiseer een bijeenkomst", "en": "Organise a meeting"}),
        ("tips", {"nl": "Geef een tip", "en": "Give a tip"}),
    ],
)
@pytest.mark.parametrize("language", ["nl", "en"])
@pytest.mark.parametrize("sought", ["", "zoietsbestaatniet"])
async def test_where_tips_and_meetings_are_read_another_is_offered_of_the_same_kind(
    neighbourhood, what, words, language, sought
):
    kind, noor, visitor = what[:-1], await neighbourhood.member(), neighbourhood.visitor(**BROWSER)
    await noor.post("/api/v1/offers", json=a_proposition(fresh_name("Iets"), kind=kind))
    await neighbourhood.quiet()

    page = await noor.get(f"/{what}", params={"taal": language, "q": sought})
    form = await noor.get(links(page)[words[language]])

    assert page.text.count(words[language]) == 1
    (chosen,) = (one for one in parsed(form).iter("option") if one.get("selected") == "" and one.get("value") == kind)
    assert chosen is not None
    is_meeting = kind == "meeting"
    for field in ("starts_on", "from_time"):
        assert (block_of(parsed(form), field).get("open") is not None) == is_meeting, field
    seen = await visitor.get(links(await visitor.get(f"/{what}"))[words["nl"]])
    assert seen.headers["location"] == f"/sign-in?next=%2Foffers%2Fnew%3Fkind%3D{kind}"
