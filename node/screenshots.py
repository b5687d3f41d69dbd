"""`./odh screenshots`: a picture of every page, on a phone and on a desktop, in both languages, light and dark.

The pages are those of the node that runs here, seen by the people of the demo: `./odh up --demo` has something of
everything, and `./odh up --demo --node national` also the country at a glance.
"""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

from node import addresses
from node.addresses import Addresses
from node.called_from import from_where_called
from node.client import Person
from node.every_page import PAGES, PARTS, Shown, open_page, the_people, what_there_is

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

WIDTHS = {"phone": 390, "desktop": 1280}
SCHEMES = ("light", "dark")
LANGUAGES = ("nl", "en")


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh screenshots", description="Een plaatje van elke pagina (of every page).")
    parser.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map van de node")
    parser.add_argument("--to", type=from_where_called, default=Path("screenshots"), help="map voor de plaatjes")
    parser.add_argument(
        "--only",
        default="",
        help="alleen plaatjes met deze woorden in hun naam, zoals 'inbox phone-nl' (with these words)",
    )
    options = parser.parse_args()
    where = addresses.read(options.data)
    if where is None:
        print("Er draait geen node; start er een met ./odh up --demo (no node runs here).", file=sys.stderr)
        return 1
    if not chromium():
        print("Chromium is er niet: apt-get install chromium, of zet ODH_CHROMIUM (not found).", file=sys.stderr)
        return 2
    print(f"{asyncio.run(take(where, options.to, options.only))} plaatjes in {options.to}")
    return 0


def chromium() -> str | None:
    """The browser of this machine: `ODH_CHROMIUM`, or what is called so."""
    names = (os.environ.get("ODH_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((found for name in names if name and (found := shutil.which(name))), None)


@asynccontextmanager
async def a_browser() -> AsyncIterator["Browser"]:
    """Chromium without a window, which asks nothing of anybody by itself."""
    from playwright.async_api import async_playwright

    quiet = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium(), args=[*quiet, "--disable-quic", "--disable-gpu"], chromium_sandbox=False
        )
        try:
            yield browser
        finally:
            await browser.close()


async def take(where: Addresses, folder: Path, only: str = "") -> int:
    """Makes the pictures; returns how many."""
    taken = 0
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(a_browser())
        people = await the_people(where, stack)
        found = await what_there_is(people)
        for who, person in people.items():
            for scheme in SCHEMES:
                context = await browser.new_context(base_url=where.gateway, color_scheme=scheme)  # type: ignore[arg-type]
                await sign_in(context, person, where)
                page = await context.new_page()
                for shown in (one for one in PAGES if one.who == who and one.name not in PARTS):
                    taken += await _taken(page, shown, found, folder, scheme, only.split())
                await context.close()
    return taken


async def sign_in(context: "BrowserContext", person: Person | None, where: Addresses) -> None:
    """Gives a browser the session that somebody has."""
    for cookie in person.http.cookies.jar if person else ():
        await context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": where.gateway}])


async def _taken(
    page: "Page", shown: Shown, found: Mapping[str, str], folder: Path, scheme: str, only: list[str]
) -> int:
    try:
        path = shown.path.format_map(found)
    except KeyError:
        return 0  # this node has none
    taken = 0
    for language, (width, pixels) in product(LANGUAGES, WIDTHS.items()):
        name = f"{shown.name}-{width}-{language}-{scheme}"
        if all(word in name for word in only):
            await page.set_viewport_size({"width": pixels, "height": 844 if width == "phone" else 900})
            if await open_page(page, shown, path + ("&" if "?" in path else "?") + f"taal={language}"):
                await page.screenshot(path=folder / f"{name}.png", full_page=True)
                taken += 1
    return taken
