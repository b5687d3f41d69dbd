"""The page of a meeting: what who signed up reads of it and does there, and what its organiser does."""

from tests.gateway.test_listings_page import a_meeting, text
from tests.gateway.test_pages import folded, press

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
