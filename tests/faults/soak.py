"""`./odh bench soak`: a region and its nation for half an hour, at 70 % of what they can do, while things break.

First as many requests as go, beside the people of `./odh test faults` and whoever watches, to know what they can do;
then at that pace, with the storm besides, of which something breaks every so many seconds. In the last part of the time
no process is killed any more and only lines are cut, so that it shows what a process that lives on keeps. At the end
the same must hold as after every storm, and nothing may grow without an end.
"""

import argparse
import asyncio
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import levels, results, soak_page
from bench.measuring import machine
from tests.faults import invariants, nemesis
from tests.faults.cluster import REGIONS, SERVICES, cluster
from tests.faults.crowd import OPEN_SECONDS, Crowd
from tests.faults.people import People, settled, while_alive
from tests.faults.watching import Watch
from tests.given import eventually
from tests.story.ledger import Ledger

REGION = REGIONS[0]
#: A whole node: with the services too that no storm kills.
ALL_SERVICES = (*SERVICES, "insight", "partners")
PART_OF_SATURATION, IN_FLIGHT, SATURATION_SECONDS = 0.7, 16, 30.0
QUIET_SECONDS_MAX = 300.0
#: So few may wait anywhere when nothing but people's own doings is under way.
FEW = 30
#: From this part of the time on no process is killed; from the other on it is judged what grows.
CALM_FROM, JUDGED_FROM = 0.6, 0.7
DEADLY = {"kill", "restart", *nemesis.RELAYING}
#: A storm has something every two seconds.
STORM_EVERY_SECONDS = 2.0


async def run(options: argparse.Namespace) -> int:
    """1 when something does not hold, or grows without an end."""
    folder = options.keep or Path(tempfile.mkdtemp(prefix="odh-soak-", dir=options.data))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL may run as another user, who must be able to pass through
    try:
        found = await soaked(folder, options)
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    record = {"made": datetime.now(UTC).isoformat(timespec="seconds")} | machine() | found
    name = f"{record['made'][:16].replace(':', '')}-soak-{record['commit']}.json"
    file = options.json or results.FOLDER / name
    file.write_text(json.dumps(record, indent=None, ensure_ascii=False) + "\n")
    print(f"\n{soak_page.table(record)}\n\n{file}")
    if options.write:
        soak_page.write(record)
    wrong = [*record["broken"], *(one["name"] for one in record["levels"] if not one["is_level"])]
    return 1 if wrong else 0


async def soaked(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """Everything that was found, from the start of the country until it is quiet again."""
    since = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - since:7.1f}  {what}", flush=True)

    seconds = options.minutes * 60
    tell(f"seed {options.seed}, {options.minutes:g} min")
    async with cluster(folder, 1, services=ALL_SERVICES) as country, AsyncExitStack() as stack:
        people = [People(site, Ledger(folder / f"{site.name}.ledger"), options.seed) for site in country.sites]
        for one in people:
            await stack.enter_async_context(one.joined())
        crowd = Crowd(people[1])
        await stack.enter_async_context(crowd.joined())
        tell("everybody is there")
        watch, enough = Watch(country), asyncio.Event()
        living = asyncio.gather(*(one.live(enough) for one in people))
        watching = asyncio.create_task(watch.run())
        saturation = options.saturation or await while_alive(living, _saturation(watch, crowd, tell))
        pace = saturation * PART_OF_SATURATION
        breaks = drawn(options.seed, seconds, options.every)
        watch.samples.clear()
        began, wrong = time.time(), list[str]()
        tell(f"{pace:.1f} requests a second, and {len(breaks)} things to break")
        try:
            asking = asyncio.create_task(crowd.asks(per_second=pace, seconds=seconds))
            await while_alive(living, while_alive(asking, nemesis.storm(country, breaks, tell)))
            await while_alive(living, asyncio.wait_for(asking, None))
            asked = asking.result()
            enough.set()
            mended = time.monotonic()
            tell("everything is whole again, and nobody asks")
            try:
                await while_alive(living, settled(country, people, QUIET_SECONDS_MAX))
                tell(f"quiet after {time.monotonic() - mended:.1f} s")
            except AssertionError as stuck:
                wrong.append(str(stuck))
            quiet_after = time.monotonic() - mended
            await asyncio.sleep(options.rest)
        finally:
            for task in (living, watching, asking):
                task.cancel()
            await asyncio.gather(living, watching, asking, return_exceptions=True)
        try:
            wrong += await invariants.broken(country, people)
        except Exception as error:  # what was watched for half an hour is worth having
            wrong.append(f"what holds could not be seen: {type(error).__name__}: {error}")
        for what in wrong:
            tell(f"BROKEN  {what}")
    found = levels.judged(watch.samples, began + JUDGED_FROM * seconds, began + seconds)
    for level in found:
        if not level.is_level:
            tell(f"GROWS   {level.told()}")
    return {
        "seed": options.seed,
        "minutes": options.minutes,
        "saturation /s": round(saturation, 1),
        "pace /s": round(pace, 1),
        "began": began,
        "quiet after s": round(quiet_after, 1),
        "requests": len(asked["placed"]),
        "placed by others": sum(len(one.requests) + len(one.offers) for one in people) - len(asked["placed"]),
        "answers": [[round(at - began, 2), round(took, 4), tries] for at, took, tries in asked["answers"]],
        "breaks": [one._asdict() for one in breaks],
        "broken": wrong,
        "levels": levels.as_json(found),
        "samples": watch.samples,
    }


async def _saturation(watch: Watch, crowd: Crowd, tell: Callable[[str], None]) -> float:
    """Requests a second, beside everything else, from the first until the last is withdrawn and hardly anything waits.

    What passes until a request is withdrawn is no work, and does not count.
    """
    since = time.monotonic()
    asked = await crowd.asks(in_flight=IN_FLIGHT, seconds=SATURATION_SECONDS)

    async def is_done() -> bool:
        return await watch.under_way() < FEW

    await eventually(is_done, within=QUIET_SECONDS_MAX, saying="hardly anything that waits")
    lasted = time.monotonic() - since - OPEN_SECONDS
    saturation = len(asked["placed"]) / lasted
    accepted = len(asked["placed"]) / SATURATION_SECONDS
    tell(f"at most {saturation:.1f} requests a second all the way ({accepted:.1f} accepted)")
    return saturation


def drawn(seed: str, seconds: float, every: float) -> list[nemesis.Break]:
    """A storm that takes its time: something breaks once in so many seconds, and at the end only lines are cut."""
    slower = every / STORM_EVERY_SECONDS
    storm = nemesis.drawn(seed, list(nemesis.ROWS), [REGION], seconds / slower)
    breaks = [one._replace(at=one.at * slower) for one in storm]
    return [one for one in breaks if one.at < seconds * CALM_FROM or one.how not in DEADLY]


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="odh bench soak", description="Lang, met van alles dat breekt (a soak).")
    parser.add_argument("--minutes", type=float, default=30.0, help="hoe lang (how long): 30")
    parser.add_argument("--every", type=float, default=20.0, help="om de zoveel seconden breekt er iets (a break): 20")
    parser.add_argument("--saturation", type=float, help="per seconde, zonder het te meten (not to measure it)")
    parser.add_argument("--seed", default=str(random.randrange(10**6)), help="een dag die al eens was (a known day)")
    parser.add_argument("--rest", type=float, default=0.0, help="zoveel seconden stilte aan het eind (silence)")
    parser.add_argument("--data", type=Path, help="map op de schijf (temporary files)")
    parser.add_argument("--keep", type=Path, help="hier blijft alles staan (what is left stays here)")
    parser.add_argument("--json", type=Path, help="waar de uitkomst komt (bench/results)")
    parser.add_argument("--write", action="store_true", help="vernieuw tabel en plaat in docs/measurements.md")
    parser.add_argument("--again", type=Path, help="teken alleen deze uitkomst opnieuw (only draw this result)")
    options = parser.parse_args()
    if options.again:
        soak_page.write(json.loads(options.again.read_text()))
        return 0
    return asyncio.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
