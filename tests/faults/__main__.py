"""`./odh test faults`: a country of real nodes in a storm, and what must hold when it is over.

./odh test faults                                  a minute of everything, by a seed that it prints
./odh test faults --rows F10 F11 --seed 7          only lines and what hangs on them, as that day
./odh test faults --minutes 10 --regions 3
./odh test faults --rows F25 --minutes 3           the nation is away for as long, and then a region
./odh test faults --rows F6 F9                     rows that no storm has: the tests that prove them
./odh test faults --rows all                       every row: the storms, and every test that proves one
"""

import argparse
import asyncio
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from node import ROOT
from tests.faults import away, invariants, nemesis, restoring
from tests.faults.cluster import REGIONS, cluster, faketime
from tests.faults.people import People, settled, while_alive
from tests.faults.rows import ROWS, proofs_of, storms
from tests.story.ledger import Ledger

#: From the last thing that was mended until everything is where it should be, and everybody has answered.
QUIET_SECONDS_MAX = 90.0


def main() -> int:
    parser = argparse.ArgumentParser(prog="odh test faults", description="Een land in zwaar weer (a storm).")
    parser.add_argument("--rows", nargs="+", choices=[*ROWS, "all"], default=list(nemesis.ROWS))
    parser.add_argument("--seed", default=str(random.randrange(10**6)), help="een dag die al eens was (a known day)")
    parser.add_argument("--minutes", type=float, default=1.0, help="hoe lang het stormt (of storm): 1")
    parser.add_argument("--regions", type=int, choices=(2, 3), default=2, help="hoeveel regio's (how many): 2")
    parser.add_argument("--keep", type=Path, help="hier blijft alles staan (what is left stays here)")
    asked = parser.parse_args()
    every = "all" in asked.rows
    rows = list(ROWS) if every else asked.rows
    codes = [_storm(asked, together) for together in storms(rows)]
    if tests := proofs_of(rows, also_of_storms=every):
        codes.append(subprocess.run([sys.executable, "-m", "pytest", *tests], cwd=ROOT).returncode)
    return max(codes)


def _storm(asked: argparse.Namespace, rows: list[str]) -> int:
    asked.rows = rows
    folder = asked.keep / "-".join(rows) if asked.keep else Path(tempfile.mkdtemp(prefix="odh-faults-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL may run as another user, who must be able to pass through
    try:
        return asyncio.run(run(asked, folder))
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)


async def run(asked: argparse.Namespace, folder: Path) -> int:
    since = time.monotonic()

    def tell(what: str) -> None:
        print(f"{time.monotonic() - since:6.1f}  {what}", flush=True)

    tell(f"seed {asked.seed}, rows {' '.join(asked.rows)}, {asked.minutes:g} min, {asked.regions} regions")
    clocks_differ = "F17" in asked.rows
    if clocks_differ and not faketime():
        tell("F17 needs libfaketime (Debian: faketime)")
        return 2
    async with (
        cluster(folder, asked.regions, clocks_differ=clocks_differ) as country,
        AsyncExitStack() as stack,
    ):
        people = [People(site, Ledger(folder / f"{site.name}.ledger"), asked.seed) for site in country.sites]
        for one in people:
            await stack.enter_async_context(one.joined())
        tell("everybody is there")
        rows = [row for row in asked.rows if row in nemesis.ROWS]
        breaks = nemesis.drawn(asked.seed, rows, REGIONS[: asked.regions], asked.minutes * 60) if rows else []
        enough = asyncio.Event()
        living = asyncio.gather(*(one.live(enough) for one in people))
        try:
            await while_alive(living, nemesis.storm(country, breaks, tell))
            if asked.rows == ["F17"]:  # nothing breaks: they only live
                await while_alive(living, asyncio.sleep(asked.minutes * 60))
            if "F24" in asked.rows:
                await while_alive(living, restoring.restore_one(people, asked.seed, folder, tell))
            if "F25" in asked.rows:
                await while_alive(living, away.one_by_one(people, asked.minutes * 60, tell))
            enough.set()
            tell("everything is whole again")
            mended = time.monotonic()
            try:
                await while_alive(living, settled(country, people, QUIET_SECONDS_MAX))
                tell(f"quiet after {time.monotonic() - mended:.1f} s")
            except AssertionError as stuck:
                tell(f"BROKEN  {stuck}")
        finally:
            living.cancel()
            await asyncio.gather(living, return_exceptions=True)
        _report(people, breaks, tell)
        wrong = await invariants.broken(country, people)
        for what in wrong:
            tell(f"BROKEN  {what}")
        tell(f"{len(wrong)} broken; again: ./odh test faults {_again(asked)}" if wrong else "everything holds")
        return 1 if wrong else 0


def _report(people: list[People], breaks: list[nemesis.Break], tell: Callable[[str], None]) -> None:
    placed = sum(len(one.requests) + len(one.offers) for one in people)
    tell(f"{len(breaks)} things broke; {placed} requests and offers were acknowledged")


def _again(asked: argparse.Namespace) -> str:
    return f"--rows {' '.join(asked.rows)} --seed {asked.seed} --minutes {asked.minutes:g} --regions {asked.regions}"


if __name__ == "__main__":
    sys.exit(main())
