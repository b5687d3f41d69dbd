"""Whose browser keeps no cookies reads why they are not signed in, and what to do; it opens nothing."""

import json

import httpx
import pytest
from playwright.async_api import async_playwright

from node import screenshots
from tests.gateway.conftest import TEAM, another_gateway, serving
from tests.gateway.oidc_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider
from tests.gateway.test_invitation_pages import token_for
from tests.gateway.test_pages import goes_on, heading, parsed, press, shown, well_made
from tests.given import fresh_name

TITLE = "Je browser bewaart geen cookies"


class Blocked(httpx.Cookies):
    """Keeps none."""

    def extract_cookies(self, response: httpx.Response) -> None:
        """What is set is let go."""


def without_cookies(street, **headers):
    """Somebody whose browser blocks all cookies."""
    browser = street.visitor(**headers)
    browser._cookies = Blocked()
    return browser


def next_of(page):
    """Where the form to ask for a link leads on to."""
    return next((one.get("value") for one in parsed(page).iter("input") if one.get("name") == "next"), "")


async def test_who_used_a_link_reads_that_their_browser_keeps_no_cookies_and_goes_on_once_it_does(neighbourhood):
    browser = without_cookies(neighbourhood)
    await browser.post("/sign-in", data={"email": TEAM})
    almost = await browser.get("/sign-in", params={"token": await neighbourhood.link_for(TEAM), "next": "/desk"})

    entered = await press(browser, almost, "Log in")
    told = await browser.get(entered.headers["location"])

    assert (entered.status_code, told.status_code, heading(told)) == (303, 200, TITLE)
    words = shown(well_made(told, "nl"))
    assert ("alleen functionele cookies" in words, "Sta cookies toe" in words, next_of(told)) == (True, True, "/desk")
    in_english = await browser.get(entered.headers["location"], headers={"Accept-Language": "en"})
    assert "We set functional cookies only" in shown(well_made(in_english, "en"))
    assert (await browser.get("/desk")).headers["location"].startswith("/sign-in?next=")

    allowed = neighbourhood.visitor()  # by the form that stands there
    await press(allowed, told, "Stuur me een link", email=TEAM)
    almost = await allowed.get("/sign-in", params={"token": await neighbourhood.link_for(TEAM)})
    assert await goes_on(allowed, await press(allowed, almost, "Log in")) == "/desk"


async def test_who_was_invited_takes_part_and_reads_why_they_are_not_signed_in(neighbourhood):
    team, email = await neighbourhood.team(), f"{fresh_name('iris')}@lindebeek.example"
    of = (await team.get("/api/v1/members/me")).json()["affiliations"][0]["organisation"]["organisation_id"]
    await team.post("/api/v1/invitations", json={"email": email, "name": "Iris Bakker"})
    browser = without_cookies(neighbourhood)
    page = await browser.get("/invited", params={"token": await token_for(neighbourhood, email)})

    entered = await press(browser, page, "accept", organisation_id=of)

    assert heading(await browser.get(entered.headers["location"])) == TITLE


@pytest.mark.parametrize("wanted", ["//evil.example", "https://evil.example", "/\\evil.example", "/x\r\nSet-Cookie: y"])
async def test_what_says_that_somebody_was_signed_in_signs_in_nobody_and_leads_nowhere_else(neighbourhood, wanted):
    browser, asked = neighbourhood.visitor(), {"entered": "yes", "next": wanted}

    page = await browser.get("/sign-in", params=asked)
    known = await (await neighbourhood.team()).get("/sign-in", params=asked)

    assert (page.status_code, heading(page), next_of(page), "set-cookie" in page.headers) == (200, TITLE, "", False)
    assert (await browser.get("/api/v1/sessions/current")).status_code == 401
    assert (known.status_code, known.headers["location"]) == (303, "/")


async def test_who_comes_back_from_an_account_elsewhere_reads_it_too(neighbourhood, postgres, nats, tmp_path):
    secret = tmp_path / "secret"
    secret.write_text(CLIENT_SECRET)
    provider, site = OidcProvider(), "http://utrecht.omdehoek.example"
    async with serving(provider.app()) as issuer:
        provider.issuer = issuer
        settings = {"oidc_issuer": issuer, "oidc_client_id": CLIENT_ID, "oidc_client_secret_file": secret}
        async with another_gateway(neighbourhood, postgres, nats, public_url=site, **settings) as street:
            browser = without_cookies(street, Accept="text/html", **{"Accept-Language": "nl"})
            there = await browser.get("/sign-in/provider")
            back = await browser.get(there.headers["location"])
            told = await browser.get(back.headers["location"].removeprefix(site))

    assert (told.status_code, heading(told)) == (403, "Inloggen")
    assert "bewaart je browser geen cookies" in shown(well_made(told, "nl"))


@pytest.mark.skipif(not screenshots.chromium(), reason="no Chromium here: apt-get install chromium")
async def test_a_real_browser_that_blocks_cookies_says_so_after_the_button(neighbourhood, tmp_path):
    await neighbourhood.visitor().post("/sign-in", data={"email": TEAM})
    link = f"{neighbourhood.url}/sign-in?token={await neighbourhood.link_for(TEAM)}"
    blocks = {"profile": {"default_content_setting_values": {"cookies": 2}}}
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(json.dumps(blocks))

    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch_persistent_context(
            tmp_path, executable_path=screenshots.chromium(), locale="nl-NL", chromium_sandbox=False
        )
        page = await browser.new_page()
        await page.goto(link)
        async with page.expect_navigation():
            await page.get_by_role("button", name="Log in", exact=True).click()
        title, kept = await page.locator("h1").inner_text(), await browser.cookies()
        await browser.close()

    assert (title, kept) == (TITLE, [])
