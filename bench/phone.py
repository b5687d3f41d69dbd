"""`./odh bench phone`: how soon a slow phone on a slow line shows a page, and can send what is on it.

On a whole node with the demo data; Chromium with a processor four times slower, and a line of 1.6 Mbit/s down, 0.75 up
and 150 ms there and back (what Lighthouse calls slow 4G), which has nothing of the page yet. Each visit stands beside
one to the barest page of the same server, in the same minutes: what is left of the line and the browser alone.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from bench import results, scale_report
from bench.measuring import machine
from node import demo, screenshots
from node.client import Person, until
from node.every_page import PAGES, Shown, the_people, what_there_is
from node.node import Node
from node.part import free_port

if TYPE_CHECKING:
    from playwright.async_api import Browser

BEGIN, END = "<!-- table: made by ./odh bench phone --write -->", "<!-- end of phone -->"
NAMES = ("start", "join", "meetings", "overview", "ask", "match-to-answer", "inbox", "desk", "insight")
BARE = "/health/live"

PHONE = {"viewport": {"width": 390, "height": 844}, "device_scale_factor": 2, "is_mobile": True, "has_touch": True}
LINE = {"latency": 150, "downloadThroughput": 1_600_000 / 8, "uploadThroughput": 750_000 / 8, "offline": False}
SLOWER = 4

#: Looks at every frame, which only comes when the page is not busy: since when is there something to press?
WATCH = """
    window.blocked = 0
    new PerformanceObserver(list => { for (const one of list.getEntries()) window.blocked += one.duration - 50 })
        .observe({type: 'longtask', buffered: true})
    const look = () => {
        const one = document.querySelector('main button, main a.button')
        if (one && one.checkVisibility()) window.ready = performance.now()
        else requestAnimationFrame(look)
    }
    requestAnimationFrame(look)
"""
FOUND = """() => {
    const painted = performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0
    const loaded = [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
    return {
        painted,
        ready: window.ready ? Math.max(window.ready, painted) : 0,
        blocked: window.blocked,
        bytes: loaded.reduce((sum, one) => sum + one.transferSize, 0),
    }
}"""


class Visit(NamedTuple):
    """One visit: what came over the line, and after how many ms what was so (`blocked`: how long nothing could be)."""

    bytes: float
    painted: float
    ready: float
    blocked: float


async def visit(browser: "Browser", base_url: str, path: str, cookies: list, *, bare: bool = False) -> Visit:
    """With a browser that was nowhere before."""
    context = await browser.new_context(base_url=base_url, locale="nl-NL", **PHONE)  # type: ignore[arg-type]
    try:
        await context.add_cookies(cookies)
        page = await context.new_page()
        await page.add_init_script(WATCH)
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send("Network.emulateNetworkConditions", LINE)
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        await page.goto(path)

        async def found() -> Visit | None:
            told = Visit(**await page.evaluate(FOUND))  # a page of ours lets the browser wait for no function
            return told if told.painted and (bare or told.ready) else None

        return await until(found, path)
    finally:
        await context.close()


async def measured(node: Node, repeats: int) -> list[list[str]]:
    """A line for each page."""
    where = node.addresses()
    async with AsyncExitStack() as stack:
        browser = await stack.enter_async_context(screenshots.a_browser())
        people = await the_people(where, stack)
        found = await what_there_is(people)
        cookies = {who: _cookies(person, where.gateway) for who, person in people.items()}
        shown = [one for one in PAGES if one.name in NAMES]
        visits: dict[str, list[tuple[Visit, Visit]]] = {one.name: [] for one in shown}
        for _ in range(repeats):
            for one in shown:
                bare = await visit(browser, where.gateway, BARE, [], bare=True)
                path = one.path.format_map(found)
                visits[one.name].append((bare, await visit(browser, where.gateway, path, cookies[one.who])))
    return [_line(one, visits[one.name]) for one in sorted(shown, key=lambda one: NAMES.index(one.name))]


def _cookies(person: Person | None, url: str) -> list[dict[str, str]]:
    jar = person.http.cookies.jar if person else ()
    return [{"name": one.name, "value": str(one.value), "url": url} for one in jar]


def _line(shown: Shown, visits: list[tuple[Visit, Visit]]) -> list[str]:
    def middle(values: list[float]) -> float:
        return statistics.median(values)

    pages = [page for _, page in visits]
    times = [
        (middle([getattr(page, name) for page in pages]), middle([getattr(p, name) / b.painted for b, p in visits]))
        for name in ("painted", "ready")
    ]
    return [
        f"{shown.name} ({shown.path.partition('?')[0]})",
        f"{middle([page.bytes for page in pages]) / 1000:.0f}",
        *(f"{ms:.0f} ({ratio:.1f}x)" for ms, ratio in times),
        f"{middle([page.blocked for page in pages]):.0f}",
    ]


HEADS = ["page", "kB", "first seen, ms", "to press, ms", "busy, ms"]


async def run(options: argparse.Namespace) -> int:
    """Measures, and prints the figures."""
    if not screenshots.chromium():
        print("Chromium is er niet: apt-get install chromium, of zet ODH_CHROMIUM (not found).", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="odh-bench-", dir=options.data) as folder:
        os.chmod(folder, 0o711)
        node = Node(Path(folder) / "node", name="bench", gateway_port=free_port())
        await node.start()
        try:
            await demo.load(node.addresses(), node.data)
            lines = await measured(node, options.repeats)
        finally:
            await node.stop()
    record = {"made": datetime.now(UTC).isoformat(timespec="seconds")} | machine()
    told = (
        f"{results.made_by(record)}; "
        f"{options.repeats} visits each, the middle one; in brackets: beside the first paint of the barest page."
    )
    made = f"{told}\n\n{scale_report.as_table([HEADS, *lines])}"
    print(made)
    if options.write:
        results.PAGE.write_text(results.renewed(results.PAGE.read_text(), made, begin=BEGIN, end=END))
    return 0


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="odh bench phone", description="Pagina's op een trage telefoon (slow phone).")
    parser.add_argument("--repeats", type=int, default=5, help="hoe vaak elke pagina (how often each page; 5)")
    parser.add_argument("--data", type=Path, help="map op de schijf (temporary files)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/measurements.md")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
