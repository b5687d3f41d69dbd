"""The page of a meeting: what who signed up reads of it and does there, and what its organiser does."""

import pytest
import sqlalchemy as sa

from tests.gateway.conftest import a_proposition
from tests.gateway.test_listings_page import BROWSER, a_meeting, text
from tests.gateway.test_pages import folded, heading, parsed, press, shown
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

    assert ("gaat niet door." in told.replace("voorbij of gaat niet door.", ""), "voorbij" in told) == (False, True)


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
