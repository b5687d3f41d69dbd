"""`./odh bench matching`: how well matching ranks, over a graded set; `--help` tells what can be chosen."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path

from bench.ground import Ground
from bench.matching import fitting, report
from bench.matching.asking import Answer, a_database, ask_all
from bench.matching.sets import FOLDER, SPLITS, GradedSet, WrongLine, read_set
from bench.results import renewed
from node import ROOT
from node.called_from import from_where_called
from services.matching import weights as kept

PAGE = ROOT / "docs" / "matching.md"


def main() -> int:
    """0 when the set was put through, however well; 2 when it cannot be read."""
    options = arguments()
    try:
        chosen = {file.stem: read_set(file) for file in options.files}
    except (WrongLine, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    return asyncio.run(run(options, chosen))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="odh bench matching", description="Meet hoe goed de matching ordent (how well matching ranks)."
    )
    parser.add_argument("--set", help="een eigen set (a set of your own; see bench/matching/README.md)")
    parser.add_argument("--split", choices=SPLITS, default="test", help="welke helft van onze set (test)")
    parser.add_argument("--no-model", action="store_true", help="zonder vectoren (without the model)")
    parser.add_argument("--json", type=Path, help="waar de uitkomst ook komt (the figures as JSON)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/matching.md")
    parser.add_argument("--fit", action="store_true", help="bepaal de gewichten opnieuw op tune (weights.json)")
    parser.add_argument(
        "--slices", action="store_true", help="elke schrijver door de anderen voorspeld (leave one out)"
    )
    options = parser.parse_args()
    options.files = [from_where_called(options.set) if options.set else FOLDER / f"{options.split}.jsonl"]
    if options.fit:
        options.files = [FOLDER / "tune.jsonl"]
    if options.slices:
        options.files = [FOLDER / f"{split}.jsonl" for split in SPLITS]
    if options.write and options.set:
        parser.error("--write is voor onze eigen set (only our own set is written)")
    return options


async def run(options: argparse.Namespace, chosen: Mapping[str, GradedSet]) -> int:
    answered: list[tuple[GradedSet, list[Answer], float]] = []
    async with Ground(None) as ground:
        for graded in chosen.values():
            async with a_database(ground) as engine:
                answered.append((graded, *await ask_all(engine, graded, model=not options.no_model)))
    now = datetime.now(UTC)
    if options.fit:
        (graded, answers, _) = answered[0]
        found = fitting.fit(graded, answers, now, f"bench/matching/tune.jsonl, {date.today().isoformat()}")  # noqa: DTZ011
        FITTED.write_text(json.dumps(found, indent=2) + "\n")
        print(f"{FITTED.relative_to(ROOT)} geschreven (written).")
        kept.kept_weights.cache_clear()
    if options.slices:
        print(report.lines_of_slices(fitting.leave_one_slice_out([(g, a) for g, a, _ in answered], now)))
        return 0
    ((name, _), (graded, answers, reading)) = next(iter(chosen.items())), answered[0]
    made = report.Report(name, graded, answers, reading, now)
    print(made.text())
    if options.json:
        options.json.write_text(json.dumps(made.figures(), indent=1) + "\n")
    if options.write:
        PAGE.write_text(renewed(PAGE.read_text(), made.markdown(), report.BEGIN, report.END))
    return 0


FITTED = ROOT / "services" / "matching" / "weights.json"

if __name__ == "__main__":
    sys.exit(main())
