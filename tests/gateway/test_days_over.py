"""Until which day something stands, and what to do when that day is over."""

from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from contracts.days import AMSTERDAM
from services.gateway.pages.words import day
from services.requests import expiring
from tests.gateway.conftest import a_proposition
from tests.gateway.test_change_page import save
from tests.gateway.test_listings_page import text
from tests.gateway.test_pages import press
from tests.given import eventually, fresh_name


async def one_with_a_last_day(neighbourhood, side, **changes):
    """Whose it is, where it is, and its last day."""
    noor, last = await neighbourhood.member(), datetime.now(AMSTERDAM).date() + timedelta(days=40)
    draft = a_proposition(fresh_name("Dakgoten"), ends_on=last.isoformat(), **changes)
    placed = await noor.post(f"/api/v1/{side}s", json=draft)
    assert placed.status_code == 201, placed.text
    return noor, f"/{side}s/{placed.json()[f'{side}_id']}", last


async def let_its_last_day_pass(neighbourhood, at):
    """Its day is over, so that it expires."""
    requests, proposition_id = neighbourhood.services[0].service, at.split("/")[2]
    async with requests.engine.begin() as connection:
        past = "UPDATE proposition SET ends_on = '2025-12-31', expires_at = '2026-01-01' WHERE proposition_id = :one"
        await connection.execute(sa.text(past), {"one": proposition_id})
    await expiring.expire_some(requests)


@pytest.mark.parametrize(("language", "until"), [("nl", "Staat open tot en met"), ("en", "Open until and including")])
async def test_the_day_until_which_it_stands_is_the_last_one_on_which_it_does(neighbourhood, language, until):
    noor, at, last = await one_with_a_last_day(neighbourhood, "request")

    page = text(await noor.get(at, params={"taal": language}), language)

    assert f"{until}{day(last, language)}" in page  # a term and what it says


@pytest.mark.parametrize(("side", "step"), [("request", "Zoek verder"), ("offer", "Bied het weer aan")])
async def test_what_is_over_by_its_last_day_is_open_again_in_the_two_steps_that_its_page_names(
    neighbourhood, side, step
):
    noor, at, last = await one_with_a_last_day(neighbourhood, side)
    await let_its_last_day_pass(neighbourhood, at)

    page = await noor.get(at)
    assert ("Pas eerst de dag aan." in text(page), step in text(page)) == (True, False)
    saved = await save(noor, await noor.get(f"{at}/change"), ends_on=last.isoformat())
    reopened = await press(noor, await noor.get(saved.headers["location"]), step)

    assert "Het staat weer open." in text(await noor.get(reopened.headers["location"]))


async def test_who_opens_it_again_from_a_page_of_before_reads_what_comes_first(neighbourhood):
    noor, at, _ = await one_with_a_last_day(neighbourhood, "request")
    await press(noor, await noor.get(at), "withdraw")
    page = await noor.get(at)
    await let_its_last_day_pass(neighbourhood, at)

    answer = await press(noor, page, "reopen")

    assert (answer.status_code, text(answer).count("Pas eerst de dag aan.")) == (422, 1)
    assert f'href="{at}/change"' in answer.text


async def let_its_time_come_near(neighbourhood, at, hours=72):
    """It expires in three days, or in so many hours; its member is told so."""
    requests, proposition_id = neighbourhood.services[0].service, at.split("/")[2]
    async with requests.engine.begin() as connection:
        near = """
            UPDATE proposition SET expires_at = now() + make_interval(hours => :hours),
                warn_at = now() + make_interval(hours => :hours) - interval '160 hours',
                ends_on = CASE WHEN ends_on IS NOT NULL THEN CAST(now() + interval '2 days' AS date) END
            WHERE proposition_id = :one
        """
        await connection.execute(sa.text(near), {"one": proposition_id, "hours": hours})
    await expiring.warn_some(requests)


@pytest.mark.parametrize("side", ["request", "offer"])
async def test_what_expires_soon_is_told_its_member_and_stands_on_by_one_button(neighbourhood, side):
    noor = await neighbourhood.member()
    placed = (await noor.post(f"/api/v1/{side}s", json=a_proposition(fresh_name("Dakgoten")))).json()
    at = f"/{side}s/{placed[f'{side}_id']}"
    assert "Laat langer openstaan" not in text(await noor.get(at))
    await let_its_time_come_near(neighbourhood, at)

    async def told():
        items = (await noor.get("/api/v1/inbox")).json()["items"]
        return (f"{side}-expiry-near", placed[f"{side}_id"]) in [(one["template"], one["matter_id"]) for one in items]

    await eventually(told, saying="that it expires soon")
    page = await noor.get(at)
    assert "staat nog open tot en met" in text(page)
    pressed = [await press(noor, page, "Laat langer openstaan") for _ in range(2)]

    assert [one.headers.get("location") for one in pressed] == [f"{at}?done=stand-on"] * 2
    after = text(await noor.get(pressed[0].headers["location"]))
    assert ("Het blijft langer openstaan." in after, "Laat langer openstaan" in after) == (True, False)
    assert (await noor.get(f"/api/v1{at}")).json()["expires_at"] == placed["expires_at"]


async def test_before_its_member_is_told_its_page_does_not_say_that_it_expires_soon(neighbourhood):
    noor = await neighbourhood.member()
    placed = (await noor.post("/api/v1/requests", json=a_proposition(fresh_name("Dakgoten")))).json()
    at = f"/requests/{placed['request_id']}"
    await let_its_time_come_near(neighbourhood, at, hours=6 * 24 + 20)

    assert "staat nog open tot en met" not in text(await noor.get(at))


async def test_what_expires_with_its_period_stands_on_with_another_last_day(neighbourhood):
    noor, at, _ = await one_with_a_last_day(neighbourhood, "request")
    await let_its_time_come_near(neighbourhood, at)

    page = await noor.get(at)

    assert ("de laatste dag van de periode" in text(page), "Laat langer openstaan" in text(page)) == (True, False)
    assert f'href="{at}/change"' in page.text


async def test_what_was_closed_meanwhile_does_not_stand_on(neighbourhood):
    noor = await neighbourhood.member()
    placed = (await noor.post("/api/v1/requests", json=a_proposition(fresh_name("Dakgoten")))).json()
    at = f"/requests/{placed['request_id']}"
    await let_its_time_come_near(neighbourhood, at)
    page = await noor.get(at)
    await press(noor, page, "withdraw")

    late = await press(noor, page, "stand-on")

    assert (late.status_code, "Er is intussen iets veranderd." in text(late)) == (412, True)


@pytest.mark.parametrize("kind", ["tip", "meeting"])
async def test_of_a_tip_or_a_meeting_with_a_day_its_page_does_not_say_that_it_is_near(neighbourhood, kind):
    noor, at, _ = await one_with_a_last_day(neighbourhood, "offer", kind=kind)
    await let_its_time_come_near(neighbourhood, at)

    assert "staat nog open tot en met" not in text(await noor.get(at))
