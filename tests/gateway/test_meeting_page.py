"""The page of a meeting: what who signed up reads of it and does there, and what its organiser does."""

import pytest
import sqlalchemy as sa

from tests.gateway.test_listings_page import a_meeting, text
from tests.gateway.test_pages import folded, heading, press

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
