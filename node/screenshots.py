"""`./odh screenshots`: a picture of every page, on a phone and on a desktop, in both languages, light and dark.

The pages are those of the node that runs here (`./odh up --demo` has something of everything), seen by the people of
the demo. The list is also what the tests look at: a page that is not in it fails them.
"""

import argparse
import asyncio
import os
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from node import addresses
from node.addresses import Addresses
from node.called_from import from_where_called
from node.client import Person
from node.demo import faces

if TYPE_CHECKING:
    from playwright.async_api import Browser, BrowserContext, Page

WIDTHS = {"phone": 390, "desktop": 1280}
SCHEMES = ("light", "dark")
LANGUAGES = ("nl", "en")


class Shown(NamedTuple):
    """A page, and through whose eyes it is seen; `{match}` and the like are filled in with what there is."""

    name: str
    who: str
    path: str


PAGES = (
    Shown("start", "visitor", "/"),
    Shown("join", "visitor", "/join"),
    Shown("join-found", "visitor", "/join/organisations?organisation=a"),
    Shown("join-places", "visitor", "/join/places?place=utr"),
    Shown("sign-in", "visitor", "/sign-in"),
    Shown("sign-in-almost", "visitor", "/sign-in?token=shown-and-not-used"),
    Shown("help", "visitor", "/help"),
    Shown("privacy", "visitor", "/privacy"),
    Shown("accessibility", "visitor", "/accessibility"),
    Shown("problem", "visitor", "/problems/invalid-fields"),
    Shown("not-there", "visitor", "/nowhere"),
    Shown("erased-unknown", "visitor", "/erased/none"),
    Shown("api", "visitor", "/api/v1/docs"),
    Shown("tips", "visitor", "/tips"),
    Shown("meetings", "visitor", "/meetings"),
    Shown("meetings-none", "visitor", "/meetings?q=dit-is-er-niet&near=Nergenshuizen"),
    Shown("tip", "visitor", "/tips/{tip}"),
    Shown("meeting", "visitor", "/meetings/{meeting}"),
    Shown("meeting-signed-in", "asker", "/meetings/{meeting}"),
    Shown("meetings-signed-in", "asker", "/meetings"),
    Shown("meeting-guests", "team", "/meetings/{meeting}"),
    Shown("overview", "asker", "/"),
    Shown("overview-team", "team", "/"),
    Shown("matches", "asker", "/matches"),
    Shown("matches-team", "team", "/matches"),
    Shown("inbox", "asker", "/inbox"),
    Shown("inbox-team", "team", "/inbox"),
    Shown("requests", "asker", "/requests"),
    Shown("requests-team", "team", "/requests"),
    Shown("offers", "asker", "/offers"),
    Shown("ask", "asker", "/requests/new"),
    Shown("offer-something", "asker", "/offers/new"),
    Shown("offer", "asker", "/offers/{offer}"),
    Shown("request", "asker", "/requests/{request}"),
    Shown("request-team", "team", "/requests/{request}"),
    Shown("match-to-judge", "team", "/matches/{proposed}"),
    Shown("match-to-answer", "asker", "/matches/{endorsed}"),
    Shown("match-introduced", "asker", "/matches/{introduced}"),
    Shown("match-together", "asker", "/matches/{together}"),
    Shown("initiatives", "asker", "/initiatives"),
    Shown("initiatives-team", "team", "/initiatives"),
    Shown("initiative-to-start", "asker", "/initiatives/new?match={introduced}"),
    Shown("initiative", "asker", "/initiatives/{initiative}"),
    Shown("initiative-ended", "asker", "/initiatives/{ended}"),
    Shown("initiative-to-end", "asker", "/initiatives/{initiative}/end"),
    Shown("desk", "team", "/desk"),
    Shown("desk-request", "team", "/desk/requests/{request}?name=ja"),
    Shown("invitations", "team", "/invitations"),
    Shown("invited", "visitor", "/invited?token={invitation}"),
    Shown("invitation-gone", "visitor", "/invited?token=shown-and-not-used"),
    Shown("asked-to-help", "asker", "/asks/{ask}"),
    Shown("preferences", "asker", "/preferences"),
    Shown("my-data", "asker", "/my-data"),
    Shown("erase", "asker", "/my-data/erase"),
    Shown("sessions", "asker", "/sessions"),
    Shown("team", "team", "/team"),
    Shown("members", "team", "/members"),
    Shown("member", "team", "/members/{member}"),
    Shown("deeds", "team", "/deeds"),
    Shown("dead-letters", "team", "/dead-letters"),
    Shown("same", "team", "/same"),
    Shown("merged", "asker", "/same/mine"),
    Shown("same-organisations", "team", "/same?thing=organisations"),
    Shown("partners", "team", "/partner"),
    Shown("partner", "team", "/partner/{partner}"),
    Shown("insight", "asker", "/insight"),
    Shown("insight-team", "team", "/insight?months=24&exact=1"),
    Shown("status", "team", "/status"),
)

#: Only a part of a page, which the script puts into one.
PARTS = frozenset({"join-found", "join-places"})


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh screenshots", description="Een plaatje van elke pagina (of every page).")
    parser.add_argument("--data", type=from_where_called, default=addresses.DATA, help="map van de node")
    parser.add_argument("--to", type=from_where_called, default=Path("screenshots"), help="map voor de plaatjes")
    parser.add_argument("--only", default="", help="alleen pagina's met dit in hun naam (names with this in them)")
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
                for shown in (one for one in PAGES if one.who == who and only in one.name and one.name not in PARTS):
                    taken += await _taken(page, shown, found, folder, scheme)
                await context.close()
    return taken


async def the_people(where: Addresses, stack: AsyncExitStack) -> dict[str, Person | None]:
    """Who look at the pages: nobody in particular, somebody of the demo who asks something, and the node's team."""
    addresses_of = {"asker": faces()[0][1], "team": where.team[0]}
    people: dict[str, Person | None] = {"visitor": None}
    for who, email in addresses_of.items():
        people[who] = person = await stack.enter_async_context(Person(where, name=who, email=email))
        await person.follow(await person.ask_to_sign_in())
    return people


async def what_there_is(people: Mapping[str, Person | None]) -> dict[str, str]:
    """What the paths of the list need, as far as it is there."""
    asker, team = people["asker"], people["team"]
    if asker is None or team is None:
        return {}
    found: dict[str, str] = {}
    for side in ("request", "offer"):
        mine, others = [(await asker.get(f"/{side}s", mine=own))["items"] for own in ("true", "false")]
        for one in (*mine, *others):
            found.setdefault(side, one[f"{side}_id"])
    for listed in ("tip", "meeting"):
        for one in (await asker.get(f"/{listed}s"))["items"]:
            found.setdefault(listed, one["offer_id"])
    found["member"] = await asker.member_id()
    for partner in (await team.get("/partners"))["items"]:
        found.setdefault("partner", partner["partner_id"])
    started = (await asker.get("/initiatives", limit=100))["items"]
    for one in started:
        found.setdefault("initiative" if one["status"] == "running" else "ended", one["initiative_id"])
    begun = {one["initiative_id"] for one in started}
    for item in (await asker.get("/inbox"))["items"]:
        if item["template"] == "help-asked":
            found.setdefault("ask", item["matter_id"])
    for invitation in (await team.get("/invitations"))["items"]:
        if invitation["status"] == "waiting" and (mail := await team.mail_to(invitation["email"], "/invited")):
            found.setdefault("invitation", (mail.link("/invited") or "").partition("token=")[2])
    for match in [*(await asker.get("/matches"))["items"], *(await team.get("/matches", limit=100))["items"]]:
        is_theirs = match["my_side"] is not None
        if is_theirs or match["state"] == "proposed":
            found.setdefault("together" if match["match_id"] in begun else match["state"], match["match_id"])
    return found


async def sign_in(context: "BrowserContext", person: Person | None, where: Addresses) -> None:
    """Gives a browser the session that somebody has."""
    for cookie in person.http.cookies.jar if person else ():
        await context.add_cookies([{"name": cookie.name, "value": str(cookie.value), "url": where.gateway}])


async def _taken(page: "Page", shown: Shown, found: Mapping[str, str], folder: Path, scheme: str) -> int:
    try:
        path = shown.path.format_map(found)
    except KeyError:
        return 0  # this node has none
    for language in LANGUAGES:
        for width, pixels in WIDTHS.items():
            await page.set_viewport_size({"width": pixels, "height": 844 if width == "phone" else 900})
            await page.goto(path + ("&" if "?" in path else "?") + f"taal={language}")
            name = f"{shown.name}-{width}-{language}-{scheme}.png"
            await page.screenshot(path=folder / name, full_page=True)
    return len(LANGUAGES) * len(WIDTHS)
