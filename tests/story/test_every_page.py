"""Every page there is, as it should be, whoever looks at it and with what.

Nothing that axe finds in either language or scheme; nothing asked of anybody else; not heavy; no scrolling sideways on
a narrow screen or enlarged; everything reached by the keyboard; every form works without a script.
"""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.async_api import Route

from node import screenshots
from node.every_page import PAGES, PARTS, open_page, what_there_is
from node.links.register import NATIONAL, Register
from services.gateway import pages
from tests.story.browsing import Visitor, found_by_axe, visiting
from tests.story.street import Street, a_street

in_a_browser = pytest.mark.skipif(not screenshots.chromium(), reason="no Chromium here: apt-get install chromium")

#: What is asked for but is no page: files, the document for programs.
NO_PAGES = {
    *("/style.css", "/htmx.js", "/push.js", "/push-worker.js", "/icon.svg", "/api/v1/openapi.json"),
    *("/meetings/{offer_id}/calendar.ics", "/my-data/file", "/sign-in/provider", "/sign-in/provider/done"),
}

PAGE_BYTES_MAX = 100_000
#: 1280 pixels at 400 %. Colours that are on their way from light to dark are neither.
NARROW = {"viewport": {"width": 320, "height": 640}, "reduced_motion": "reduce"}
#: 1280 by 900 pixels at 200 %.
HALF = {"width": 640, "height": 450}
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}

#: Also what axe does not look at by itself: whether a finger hits it (WCAG 2.2, 2.5.8).
AXE = {"rules": {"target-size": {"enabled": True}}}
#: What another scheme can change.
CONTRAST = {"runOnly": ["color-contrast", "link-in-text-block"]}


def test_every_page_is_in_the_list_that_is_looked_at():
    """A new page without a line in `node.every_page.PAGES` fails here."""
    looked_at = [urlsplit(shown.path).path for shown in PAGES]

    there = [path for path in addresses("GET") if path not in NO_PAGES]
    assert [path for path in there if not any(re.fullmatch(as_pattern(path), one) for one in looked_at)] == []


@pytest.fixture(scope="module")
async def street(run_directory: Path) -> AsyncIterator[Street]:
    """A node of this file's own, and who lives there: the national one, which has all pages, and a region is away."""
    data = run_directory / "every-page"
    Register(data / "keys" / "lines", NATIONAL).add("zeeland", "nats-leaf://127.0.0.1:1", None)
    async with a_street(data, name=NATIONAL) as street:
        yield street


@in_a_browser
@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(600)
@pytest.mark.parametrize("language", screenshots.LANGUAGES)
async def test_every_page_is_light_narrow_and_without_anything_that_axe_finds(street, language):
    wrong = []
    async for visitor, shown, path in every_page(street, language, **NARROW):
        async with weighed(visitor) as came:
            if not await open_page(visitor.page, shown, path):
                wrong.append((shown.name, "leads to", visitor.page.url))
        if sum(came) > PAGE_BYTES_MAX:
            wrong.append((shown.name, "heavy", int(sum(came))))
        if width := await visitor.page.evaluate(SIDEWAYS):
            wrong.append((shown.name, "sideways", width))
        wrong += [(shown.name, "leads to nothing seen", one) for one in await visitor.page.evaluate(LEADS_NOWHERE)]
        wrong += [(shown.name, *one) for one in await found_by_axe(visitor, **AXE)]
        await visitor.page.emulate_media(color_scheme="dark")
        wrong += [(shown.name, "dark", *one) for one in await found_by_axe(visitor, **CONTRAST)]
        await visitor.page.emulate_media(color_scheme="light")
    assert not wrong, "\n".join(map(repr, wrong))


@in_a_browser
@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(600)
async def test_every_page_can_be_enlarged_and_used_by_keyboard(street):
    """At 200 % of everything and of the text alone; each thing to press is reached by Tab, and seen when it is."""
    wrong = []
    async for visitor, shown, path in every_page(street, viewport=HALF, reduced_motion="reduce"):
        await open_page(visitor.page, shown, path)
        if width := await visitor.page.evaluate(SIDEWAYS):
            wrong.append((shown.name, "sideways at 200 %", width))
        wrong += [(shown.name, *one) for one in await not_reached(visitor)]
        await visitor.page.evaluate("document.documentElement.style.fontSize = '200%'")
        for screen in (WIDE, PHONE):
            await visitor.page.set_viewport_size(screen)
            if width := await visitor.page.evaluate(SIDEWAYS):
                wrong.append((shown.name, f"sideways, text at 200 % on {screen['width']}", width))
            wrong += [(shown.name, "cut off", one) for one in await visitor.page.evaluate(CUT_OFF)]
        await visitor.page.set_viewport_size(HALF)
    assert not wrong, "\n".join(map(repr, wrong))


@in_a_browser
@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(600)
async def test_every_form_is_sent_without_a_script_to_a_page_of_ours_with_the_token_of_the_session(street):
    """Each button is pressed in a browser without scripts; what it sends is caught, so that nothing happens by it."""
    wrong, pressed = [], 0
    async for visitor, shown, path in every_page(street, java_script_enabled=False, viewport=PHONE):
        await visitor.page.goto(path)
        wrong += [(shown.name, "of no form", one) for one in await visitor.page.evaluate(OF_NO_FORM)]
        await visitor.page.evaluate(FILL_IN)
        await visitor.page.route("**/*", _caught)
        for button in await visitor.page.locator("form button:visible").all():
            async with visitor.page.expect_request(lambda sent: sent.is_navigation_request()) as asked:
                await button.click()
            sent, pressed = await asked.value, pressed + 1
            to = urlsplit(sent.url).path
            if not any(re.fullmatch(as_pattern(one), to) for one in addresses(sent.method)):
                wrong.append((shown.name, sent.method, to))
            by_link = to == "/sign-in"  # whoever has a link may use it, signed in or not
            of_session = shown.who != "visitor" and not by_link
            if sent.method == "POST" and of_session and not parse_qs(sent.post_data or "").get("form"):
                wrong.append((shown.name, "without the token of the session", to))
        await visitor.page.unroute("**/*")
    assert not wrong, "\n".join(map(repr, wrong))
    assert pressed > len(PAGES)


async def every_page(street: Street, language: str = "nl", **context: object) -> AsyncIterator:
    """Each page in turn, and who looks at it, in a browser of theirs; nothing is asked of anybody else meanwhile."""
    found = await what_there_is(street.looking())
    for who, person in street.looking().items():
        async with visiting(street.browser, street.where, f"{who}@x.example", **context) as visitor:
            await screenshots.sign_in(visitor.page.context, person, street.where)
            for shown in (one for one in PAGES if one.who == who and one.name not in PARTS):
                path = shown.path.format_map(found)
                yield visitor, shown, path + ("&" if "?" in path else "?") + f"taal={language}"
            assert (visitor.asked_elsewhere, visitor.complaints) == ([], [])


def addresses(method: str) -> list[str]:
    """Of every page."""
    routes = [route for router in pages.routers for route in router.routes]
    return [route.path for route in routes if method in route.methods]


def as_pattern(path: str) -> str:
    return re.sub(r"{\w+}", "[^/]+", path)


@asynccontextmanager
async def weighed(visitor: Visitor) -> AsyncIterator[list[float]]:
    """The bytes that come over the line for a page and all that it loads, into a browser that had nothing of it."""
    session = await visitor.page.context.new_cdp_session(visitor.page)
    await session.send("Network.enable")
    await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    came: list[float] = []
    session.on("Network.requestWillBeSent", lambda told: came.clear() if told["type"] == "Document" else None)
    session.on("Network.loadingFinished", lambda told: came.append(told["encodedDataLength"]))
    yield came
    await session.detach()


async def not_reached(visitor: Visitor) -> list[tuple[str, str]]:
    """What the Tab key does not come to, and what cannot be seen when it does (WCAG 2.2: 2.1.1, 2.4.7, 2.4.11)."""
    wanted, wrong = await visitor.page.evaluate(WANTED), []
    left = set(range(len(wanted)))
    for _ in range(2 * len(wanted) + 40):  # a date takes several
        if not left:
            break
        await visitor.page.keyboard.press("Tab")
        told = await visitor.page.evaluate(FOCUSED)
        if told and told["number"] in left:
            left.remove(told["number"])
            wrong += [(what, wanted[told["number"]]) for what in ("outlined", "seen") if not told[what]]
    return [("not " + what, html) for what, html in wrong] + [
        ("not reached", wanted[number]) for number in sorted(left)
    ]


async def _caught(route: Route) -> None:
    if route.request.is_navigation_request():
        await route.fulfill(status=204)
    else:
        await route.continue_()


#: How wide the page is when it is wider than the screen.
SIDEWAYS = """() => {
    const wide = document.documentElement.scrollWidth
    return wide > document.documentElement.clientWidth ? wide : 0
}"""

#: Whose text does not fit in it.
CUT_OFF = """() => [...document.querySelectorAll('button, a.button, summary, label, select, h1, h2, h3')]
    .filter(one => one.checkVisibility() && !one.closest('.hidden') && one.scrollWidth > one.clientWidth + 1)
    .filter(one => getComputedStyle(one).display !== 'inline').map(one => one.outerHTML.slice(0, 100))"""

#: What leads from what is wrong to a field that is not there, or is not seen.
LEADS_NOWHERE = """() => [...document.querySelectorAll('main [role=alert] a[href^="#"]')]
    .filter(one => !document.getElementById(one.hash.slice(1))?.checkVisibility())
    .map(one => one.outerHTML.slice(0, 100))"""

#: Everything to press or fill in that is there, numbered; of choices that exclude each other the arrows do the rest.
WANTED = """() => {
    document.activeElement.blur()
    const groups = new Set()
    const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
        .filter(one => one.type !== 'hidden' && one.checkVisibility({visibilityProperty: true}))
        .filter(one => one.type !== 'radio' || (!groups.has(one.name) && groups.add(one.name)))
    all.forEach((one, number) => one.dataset.number = number)
    return all.map(one => one.outerHTML.slice(0, 100))
}"""

#: What has the focus now: whether that can be seen, and whether nothing lies over it.
FOCUSED = """() => {
    const one = document.activeElement
    if (!one || one === document.body) return null
    const style = getComputedStyle(one), it = one.getBoundingClientRect()
    const x = Math.min(Math.max(it.left + it.width / 2, 0), innerWidth - 1)
    const y = Math.min(Math.max(it.top + it.height / 2, 0), innerHeight - 1)
    const there = document.elementFromPoint(x, y)
    return {
        number: Number(one.dataset.number ?? -1),
        outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
        seen: it.bottom > 0 && it.top < innerHeight && Boolean(there) && (one.contains(there) || there.contains(one)),
    }
}"""

#: A button that sends nothing, and a link that goes nowhere, need a script.
OF_NO_FORM = """() => [...document.querySelectorAll('button, a')]
    .filter(one => one.matches('button') ? !one.form : /^(#?$|javascript:)/.test(one.getAttribute('href') ?? ''))
    .map(one => one.outerHTML.slice(0, 100))"""

#: Opens what is folded, and fills in what must be.
FILL_IN = """() => {
    document.querySelectorAll('details').forEach(one => one.open = true)
    for (const one of document.querySelectorAll('[required]')) {
        if (one.matches('select')) one.selectedIndex = one.options.length - 1
        else if (one.matches('[type=radio], [type=checkbox]')) one.checked = true
        else if (!one.value) one.value = {email: 'a@b.example', date: '2030-02-01', number: '1'}[one.type] ?? 'Iets'
    }
}"""
