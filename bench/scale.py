"""`./odh bench scale`: finding candidates among many offers: how long it takes, what the index misses, what it weighs.

The worlds are made once and stay (`.odh/bench-scale`); a run that is broken off goes on where it was.
"""

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import results, scale_report
from bench.measuring import drifted, machine, probe
from bench.scale_ingest import ingested
from bench.scale_measuring import found_in, weight_of
from bench.scale_server import Server, made_in, make, memory_of, served, world_in
from bench.scale_texts import CACHE, Vectors, vectors
from bench.scale_world import World
from node import ROOT
from node.addresses import DATA

#: So many offers are not in one region: they are spread over the country.
NATION_FROM = 1_000_000


def main() -> int:
    """0 when the index finds what it should in every world."""
    return asyncio.run(run(arguments()))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="odh bench scale", description="Zoeken in veel aanbod (finding among many).")
    parser.add_argument("--offers", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], help="hoeveel aanbod")
    parser.add_argument("--queries", type=int, default=200, help="hoeveel vragen (how many are timed)")
    parser.add_argument(
        "--exact", type=int, default=60, help="bij hoeveel ook exact (how many beside the exact answer)"
    )
    parser.add_argument("--ingest", type=int, default=200, help="hoeveel nieuw aanbod (how many go in)")
    parser.add_argument("--shared-buffers", default="128MB", help="van PostgreSQL; zoals de node het start (as a node)")
    parser.add_argument("--only-make", action="store_true", help="maak de werelden, meet niet (measure nothing)")
    parser.add_argument("--data", type=Path, default=DATA / "bench-scale", help="map die blijft (kept)")
    parser.add_argument("--json", type=Path, help="waar de uitkomst komt (bench/results)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/measurements.md")
    options = parser.parse_args()
    options.data = options.data.resolve()
    return options


async def run(options: argparse.Namespace) -> int:
    """Each world in turn; prints the tables, and keeps them as JSON."""
    record = {"made": datetime.now(UTC).isoformat(timespec="seconds")} | machine()
    record |= {"shared buffers": options.shared_buffers, "queries": options.queries, "exact": options.exact}
    name = f"{record['made'][:16].replace(':', '')}-scale-{record['commit']}.json"
    read, found = await vectors(CACHE), []
    async with served(options.data, options.shared_buffers) as server:
        for offers in options.offers:
            world = World(offers, "nation" if offers >= NATION_FROM else "region")
            async with world_in(server, world) as engine:
                await make(engine, server, world, read, _say)
            if not options.only_make:
                found.append(await measured(server, world, read, options))
                _say(f"{scale_report.table(found)}\n")
                _keep(options.json or results.FOLDER / name, record | {"worlds": found})
    if options.only_make:
        return 0
    if options.write:
        scale_report.write(record, found)
        _say(f"{results.PAGE.relative_to(ROOT)} geschreven (written).")
    return 0 if all(scale_report.finds_enough(world) for world in found) else 1


async def measured(server: Server, world: World, read: Vectors, options: argparse.Namespace) -> dict[str, Any]:
    """The figures of one world."""
    began, before = time.perf_counter(), await probe(options.data)
    async with world_in(server, world) as engine:
        sides = await found_in(engine, world, queries=options.queries, exact_queries=options.exact)
        figures = {
            "offers": world.offers,
            "spread": world.spread,
            "sides": sides,
            "ingest": await ingested(engine, world, read, events=options.ingest),
            "disk MB": await weight_of(engine),
            "memory": memory_of(server),
            "made s": await made_in(engine),
        }
    drift = drifted(before, await probe(options.data))
    return figures | {"drift": drift, "minutes": round((time.perf_counter() - began) / 60, 1)}


def _keep(file: Path, record: dict[str, Any]) -> None:
    """After each world, so that a run that is broken off has told what it found."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
