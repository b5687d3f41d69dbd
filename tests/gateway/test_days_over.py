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
from tests.given import fresh_name


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
