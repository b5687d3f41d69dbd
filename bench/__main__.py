"""`./odh bench`: measures what this machine does with it, and what it could do; `--help` tells what can be chosen.

`./odh bench matching` measures how well matching ranks, `./odh bench scale` how it finds among many offers, and
`./odh bench replicas` how many events several processes of it handle together. `./odh bench identity` measures how well
those who are told twice are found, `./odh bench burst` whether one partner's burst holds up another,
`./odh bench phone` how soon a slow phone shows a page, `./odh bench recovery` how soon nobody is behind after a part
was killed, and `./odh bench soak` what half an hour of load and trouble leaves behind.
"""

import argparse
import asyncio
import secrets
import sys
import time
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path

from bench import growth_picture, results
from bench.ground import Ground
from bench.measuring import FULL, QUICK, drifted, machine, probe, repeat
from bench.rows import PEERS, ROW_IDS, trials_for
from node import ROOT

REPEATS = 5

#: What is measured by a command of its own.
OTHERS = {
    "matching": "bench.matching.__main__",
    "identity": "bench.identity.__main__",
    "scale": "bench.scale",
    "replicas": "bench.replicas",
    "burst": "bench.burst",
    "phone": "bench.phone",
    "recovery": "bench.recovering",
    "soak": "tests.faults.soak",  # it has the people, the storm and the invariants of `./odh test faults`
}


def main() -> int:
    """0 when every row came out and everything was counted the same everywhere, whatever the bars."""
    if sys.argv[1:2] and sys.argv[1] in OTHERS:
        name = sys.argv[1]
        sys.argv[:2] = [f"{sys.argv[0]} {name}"]
        return int(import_module(OTHERS[name]).main())
    return asyncio.run(run(arguments()))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="odh bench", description="Meet hoe ver deze machine komt (measure).")
    parser.add_argument("rows", nargs="*", metavar="P1", help=f"alleen deze regels (only these): {' '.join(ROW_IDS)}")
    parser.add_argument("--repeats", type=int, help=f"hoe vaak elke proef ({REPEATS})")
    parser.add_argument("--quick", action="store_true", help="kort: of het werkt, niet hoe snel (whether it works)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/measurements.md")
    parser.add_argument("--json", type=Path, help="waar de uitkomst komt (bench/results)")
    parser.add_argument("--data", type=Path, help="map op de schijf waarop gemeten wordt (temporary files)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(2**32), help="van de inhoud (of the content)")
    options = parser.parse_args()
    options.rows = [row.upper() for row in options.rows] or list(ROW_IDS)
    if unknown := set(options.rows) - set(ROW_IDS):
        parser.error(f"onbekend (unknown): {' '.join(sorted(unknown))}")
    if options.write and (options.quick or set(options.rows) != set(ROW_IDS)):
        parser.error("--write is voor een hele meting (only a whole measurement is written)")
    options.repeats = options.repeats or (1 if options.quick else REPEATS)
    return options


async def run(options: argparse.Namespace) -> int:
    size, since = QUICK if options.quick else FULL, time.monotonic()
    found: results.Findings = {}
    void: dict[str, list[str]] = {}
    probes: dict[str, dict[str, dict[str, float]]] = {}
    broken: list[str] = []
    record = {"made": datetime.now(UTC).isoformat(timespec="seconds"), "seed": options.seed} | machine()
    async with Ground(options.data) as ground:
        for subject, trials in trials_for(set(options.rows), peers=not options.quick).items():
            print(subject, flush=True)
            before = await probe(ground.folder)
            try:
                found |= await repeat(
                    *(trials, ground, size),
                    repeats=options.repeats,
                    seed=options.seed,
                    say=_say,
                    seldom=PEERS.get(subject, {}),
                )
            except Exception as error:  # the other subjects are worth having
                broken.append(f"{subject}: {type(error).__name__}: {error}")
                _say(f"       ! {broken[-1]}")
                continue
            await ground.settle()
            after = await probe(ground.folder)
            probes[subject] = {"before": before, "after": after}
            void |= {subject: drift} if (drift := drifted(before, after)) else {}
    record |= {"repeats": options.repeats, "quick": options.quick, "minutes": round((time.monotonic() - since) / 60, 1)}
    made = results.table(found, void)
    print(f"\n{made}\n")
    name = f"{record['made'][:16].replace(':', '')}-{record['commit']}.json"
    if options.json or not options.quick:
        results.keep(options.json or results.FOLDER / name, record | {"probes": probes}, found, void)
    if options.write and not broken:
        results.PAGE.write_text(results.renewed(results.PAGE.read_text(), f"{_told(record)}\n\n{made}"))
        growth_picture.draw()
        print(f"{results.PAGE.relative_to(ROOT)} geschreven (written).")
    wrong = broken + [text for each in found.values() for finding in each for text in finding.disagreements()]
    if wrong:
        print("\n".join(["Niet goed gegaan (went wrong):", *wrong]), file=sys.stderr)
    return 1 if wrong else 0


def _told(record: dict[str, object]) -> str:
    """What the table was made with, in a sentence."""
    return (
        f"{results.made_by(record)}, "
        f"with Python {record['python']}, PostgreSQL {record['postgres']} and NATS {record['nats-server']}; "
        f"{record['repeats']} repeats, seed {record['seed']}, {record['minutes']} minutes."
    )


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
