"""What somebody filled in on a page: done once however often they press, and not lost."""

import asyncio

import pytest

from tests.gateway.test_pages import press
from tests.given import fresh_name


def a_request(about):
    """What is filled in on the page to ask or to offer by."""
    title, text = f"Wie weet alles van {about}?", f"Wij willen met de klas aan {about} werken."
    return {"title": title, "text": text, "kind": "expertise", "themes": "energy-transition", "place": "Zeist"}


async def titles_of(browser, side):
    """What somebody asks, or offers, by now."""
    return [one["title"] for one in (await browser.get(f"/api/v1/{side}", params={"mine": "true"})).json()["items"]]


@pytest.mark.parametrize("side", ["requests", "offers"])
async def test_a_button_that_is_pressed_twice_places_one_and_what_was_changed_is_another(neighbourhood, side):
    noor = await neighbourhood.member()
    page, about = await noor.get(f"/{side}/new"), fresh_name("dakgoot")

    pressed = await asyncio.gather(*(press(noor, page, "place", **a_request(about)) for _ in range(2)))
    again = await press(noor, page, "place", **a_request(about))

    assert {one.status_code for one in pressed} == {303}
    assert {one.headers["location"] for one in pressed} == {again.headers["location"]}
    assert len(await titles_of(noor, side)) == 1
    changed = await press(noor, page, "place", **a_request("zonnepanelen"))  # who went back, and asks something else
    assert (changed.status_code, len(await titles_of(noor, side))) == (303, 2)


async def test_what_was_wrong_at_first_is_placed_from_the_form_that_is_shown_again(neighbourhood):
    noor = await neighbourhood.member()
    filled_in = a_request(fresh_name("dakgoot"))

    wrong = await press(noor, await noor.get("/requests/new"), "place", **(filled_in | {"place": "Nergenshuizen"}))
    right = await press(noor, wrong, "place", **filled_in)

    assert (wrong.status_code, right.status_code) == (422, 303)
    assert len(await titles_of(noor, "requests")) == 1
