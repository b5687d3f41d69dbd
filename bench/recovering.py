"""`./odh bench recovery`: a part is killed under load and started anew; how soon is nobody behind any more?

On a whole node, by its public door, again and again for each part. What was asked until the part stood again counts: it
is over when its mail has come. And how many events the broker gave a second time, which changes nothing but costs.
"""

import argparse
import asyncio
import statistics
import sys
import time
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from pathlib import Path
from typing import Any

import nats

from bench import results, scale_report
from bench.end_to_end import Asked, open_node, people
from bench.ground import Ground
from bench.load import open_loop
from bench.measuring import machine
from node.node import Node

BEGIN = "<!-- table: made by ./odh bench recovery --write -->"

#: Each part that may be killed, and after how many seconds nobody may be behind any more.
BARS = {"requests": 2.0, "matching": 2.0, "notify": 2.0, "nats": 5.0, "postgres": 5.0}

#: Who is killed between the mail server's yes and its mark leaves one mail in doubt.
MAY_MAIL_TWICE = {"notify", "postgres"}

#: A part is killed so long after the first call, and calls go on until so long after it stands again.
BEFORE_SECONDS, AFTER_SECONDS = 2.0, 2.0
DOWN_SECONDS_MAX = 5.0
BEHIND_SECONDS_MAX = 60.0
LOOK_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Recovery:
    """One time that a part was killed. Times in seconds."""

    part: str
    up_after: float
    behind_for: float
    accepted: int
    refused: int
    mailed_twice: int
    lost: int
    deliveries: int
    again: int


async def killed(node: Node, asked: Asked, part: str, per_second: float) -> Recovery:
    """Kills a part in the middle of the calls, starts it anew at once, and waits until all mail has come."""
    before = await _deliveries(node)
    seconds = BEFORE_SECONDS + DOWN_SECONDS_MAX + AFTER_SECONDS
    asking = asyncio.create_task(asked.ask(open_loop, may_refuse=True, per_second=per_second, seconds=seconds))
    await asyncio.sleep(BEFORE_SECONDS)
    node.kill(part)
    down = time.time_ns()
    await node.parts[part].start(60)
    up = time.time_ns()
    answers = (await asking)["answers"]
    accepted = {number: intended for number, intended, status, _ in answers if 200 <= status < 300}
    arrivals = await _all_mailed(asked, set(accepted))
    after = await _all_heard(node)
    waited = [when for number, when in arrivals if accepted.get(number, up + 1) <= up]
    return Recovery(
        part,
        (up - down) / 1e9,
        max(0.0, (max(waited) - up) / 1e9),
        len(accepted),
        len(answers) - len(accepted),
        len(arrivals) - len({number for number, _ in arrivals}),
        len(accepted.keys() - {number for number, _ in arrivals}),
        after["delivered"] - before["delivered"],
        after["delivered"] - before["delivered"] - (after["said"] - before["said"]),
    )


async def _all_mailed(asked: Asked, numbers: set[int]) -> list[tuple[int, int]]:
    deadline = time.monotonic() + BEHIND_SECONDS_MAX
    arrivals: list[tuple[int, int]] = []
    while numbers - {number for number, _ in arrivals} and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
        arrivals = await asked.arrivals()
    return arrivals


async def _all_heard(node: Node) -> Counter[str]:
    deadline = time.monotonic() + BEHIND_SECONDS_MAX
    while (found := await _deliveries(node))["waiting"] and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
    return found


async def _deliveries(node: Node) -> Counter[str]:
    """Over all consumers: how many events there are for them, how often one was delivered, and how many wait."""
    client = await nats.connect(node.nats.url)
    try:
        js, found = client.jetstream(), Counter[str]()
        for stream in (f"odh-{node.name}-shared", f"odh-{node.name}-local"):
            for consumer in await js.consumers_info(stream):
                assert consumer.delivered
                assert consumer.config.filter_subject
                state = (await js.stream_info(stream, subjects_filter=consumer.config.filter_subject)).state
                found["said"] += sum((state.subjects or {}).values())
                found["delivered"] += consumer.delivered.consumer_seq
                found["waiting"] += (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
        return found
    finally:
        await client.close()


async def run(options: argparse.Namespace) -> int:
    """Measures, and prints the figures; 1 when something was lost, or a mail went twice that may not."""
    found: list[Recovery] = []
    async with Ground(options.data) as ground, open_node(ground) as (node, where), AsyncExitStack() as cast:
        asked = Asked(node, where, await people(where, cast), options.seed)
        await asked.steady(options.per_second, 2.0)
        for turn in range(options.repeats):
            for part in options.parts[:: 1 if turn % 2 == 0 else -1]:
                found.append(one := await killed(node, asked, part, options.per_second))
                print(one, flush=True)
    made = scale_report.as_table(table(found))
    print(f"\n{made}")
    if options.write:
        record = machine() | {"made": datetime.now(UTC).isoformat(timespec="seconds")}
        page = results.renewed(
            results.PAGE.read_text(), f"{_told(record, options)}\n\n{made}", begin=BEGIN, end="<!-- end of recovery -->"
        )
        results.PAGE.write_text(page)
    return int(any(one.lost or one.mailed_twice > (one.part in MAY_MAIL_TWICE) for one in found))


HEADS = (
    "killed", "stands again after, s", "nobody behind, s after that", "bar", "",
    "accepted", "refused", "lost", "mailed twice", "delivered again",
)  # fmt: skip


def table(found: list[Recovery]) -> list[list[str]]:
    """A line for each part: half of its repeats, and the least and the most of them."""
    rows = [list(HEADS)]
    for part, bar in BARS.items():
        if not (own := [one for one in found if one.part == part]):
            continue
        behind = [one.behind_for for one in own]
        counts = [f"{sum(map(attrgetter(name), own)):,}" for name in ("accepted", "refused", "lost", "mailed_twice")]
        deliveries, again = sum(one.deliveries for one in own), sum(one.again for one in own)
        rows.append([
            part, _spread([one.up_after for one in own]), _spread(behind), f"under {bar:g}",
            "reached" if statistics.median(behind) < bar else "missed",
            *counts, f"{again} of {deliveries:,} ({again / deliveries:.2%})",
        ])  # fmt: skip
    return rows


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} ({min(seconds):.2f} – {max(seconds):.2f})"


def _told(record: dict[str, Any], options: argparse.Namespace) -> str:
    return (
        f"{results.made_by(record)}; "
        f"{options.repeats} times each, {options.per_second:g} requests a second, seed {options.seed}."
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="odh bench recovery", description="Hoe snel een node bij is na een klap (how soon it has caught up)."
    )
    parser.add_argument("--parts", nargs="+", default=list(BARS), choices=BARS, help="welke (which parts; all)")
    parser.add_argument("--repeats", type=int, default=5, help="hoe vaak elk deel wordt gedood (each part; 5)")
    parser.add_argument("--per-second", type=float, default=20.0, help="vragen per seconde (requests a second; 20)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="map op de schijf (temporary files)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/measurements.md")
    options = parser.parse_args()
    if options.write and set(options.parts) != set(BARS):
        parser.error("--write is voor een hele meting (only a whole measurement is written)")
    return asyncio.run(run(options))


if __name__ == "__main__":
    sys.exit(main())
