"""`./odh bench burst`: one partner network pushes thousands of events at once; when do another's events end meanwhile?

On a whole node, through its public door. The burst is a first load: companies, each with a name and a number of its
own. Afterwards each event is looked up, and what its partner was told of it is counted.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import text

from bench import results, scale_report
from bench.measuring import machine
from chassis.database import engine_for, sessions_of
from contracts.event import new_id
from contracts.vocabulary import Network
from node.node import Node
from node.part import free_port
from node.partner_door import Door, batches
from node.partner_files import Row
from services.partners import keys

BEGIN = "<!-- table: made by ./odh bench burst --write -->"
SERVICES = ("members", "requests", "partners", "gateway")
SOURCES = {"many": "https://many.example", "few": "https://few.example"}
QUIET_SECONDS, SECONDS_MAX = 5.0, 1200.0
SYLLABLES = [a + b for a in "bdfghklmnprstvwz" for b in ("a", "ei", "o", "uu")]
TOWNS = ("Zwolle", "Deventer", "Enschede", "Arnhem", "Gouda")

#: What each event of the two partners came to: after how many seconds it ended, and how often that was told.
_ENDS = text(
    "WITH told AS (SELECT data->>'receipt_id' AS receipt_id, count(*) AS often FROM news GROUP BY 1)"
    " SELECT partner_id, source, event_id, status, received_at, coalesce(often, 0) AS told,"
    " extract(epoch FROM ended_at - received_at)::float AS seconds FROM receipt LEFT JOIN told USING (receipt_id)"
)
_LEFT = text("SELECT count(*) FROM receipt WHERE ended_at IS NULL")


async def run(options: argparse.Namespace) -> int:
    """Measures, and prints the figures; 1 when an event has no end, another end, or was told of twice or not."""
    with tempfile.TemporaryDirectory(prefix="odh-bench-", dir=options.data) as folder:
        os.chmod(folder, 0o711)
        node = Node(Path(folder) / "node", name="bench", gateway_port=free_port(), services=SERVICES)
        await node.start()
        try:
            figures = await trial(node, options)
        finally:
            await node.stop()
    for name, value in figures.items():
        print(f"{name:<60} {value}")
    if options.write:
        record = {"made": datetime.now(UTC).isoformat(timespec="seconds")} | machine()
        made = scale_report.as_table([["", ""], *([name, str(value)] for name, value in figures.items())])
        written = f"{results.made_by(record)}.\n\n{made}"
        page = results.PAGE.read_text()
        results.PAGE.write_text(results.renewed(page, written, begin=BEGIN, end="<!-- end of burst -->"))
    return 1 if figures["lost, told twice, or ended otherwise"] else 0


async def trial(node: Node, options: argparse.Namespace) -> dict[str, Any]:
    """The burst of one while the other sends an event now and then: before, during, and what came of all."""
    doors = await two_partners(node)
    burst = [a_company(number) for number in range(options.events)]
    over = threading.Event()
    few = asyncio.create_task(asyncio.to_thread(a_few, doors["few"], options.every, over))
    await asyncio.sleep(options.before)
    began, clock = datetime.now(UTC), time.perf_counter()
    groups = list(batches(list(enumerate(burst))))
    for group in groups:
        await asyncio.to_thread(doors["many"].push, [event for _, event in group])
    taken_in = time.perf_counter() - clock
    engine = engine_for(node.postgres.url("partners"), 2)
    async with engine.connect() as connection:
        burst_left = text(f"{_LEFT.text} AND partner_id = 'many'")
        while (await connection.execute(burst_left)).scalar_one():
            if time.perf_counter() - clock > SECONDS_MAX:
                break
            await asyncio.sleep(0.5)
        ended_after, ended = time.perf_counter() - clock, datetime.now(UTC)
        over.set()
        pushed = await few
        await asyncio.sleep(QUIET_SECONDS)
        found = (await connection.execute(_ENDS)).mappings().all()
    await engine.dispose()
    wrong = [one for one in found if one["told"] != 1 or one["status"] != "accepted"]
    own = [one for one in found if one["partner_id"] == "few"]
    meanwhile = [one["seconds"] or SECONDS_MAX for one in own if began <= one["received_at"] <= ended]
    before = [one["seconds"] for one in own if one["received_at"] < began]
    counted = Counter(one["partner_id"] for one in found)
    lost = len(burst) - counted["many"] + pushed - counted["few"]
    return {
        "events of the burst": f"{len(burst):,}",
        "the burst was taken in after, s": round(taken_in, 1),
        "all of it had ended after, s": round(ended_after, 1),
        "of the burst, handled a second": round(len(burst) / ended_after),
        "another's events before it, s, half and most": _spread(before),
        f"another's {len(meanwhile)} events meanwhile, s, half and most": _spread(meanwhile),
        "lost, told twice, or ended otherwise": len(wrong) + lost,
    }


def _spread(seconds: list[float]) -> str:
    return f"{statistics.median(seconds):.2f} and {max(seconds):.2f}"


async def two_partners(node: Node) -> dict[str, Door]:
    """Who pushes much, and who a little."""
    engine, now = engine_for(node.postgres.url("partners"), 2), datetime.now(UTC)
    networks = {"many": Network.KATAPULT, "few": Network.DUURZAAM_MBO}
    doors = {}
    async with sessions_of(engine)() as session:
        for name, source in SOURCES.items():
            key = await keys.add(session, name, networks[name], source, now)
            about = {"client_id": key.client_id, "client_secret": str(key.client_secret)}
            doors[name] = Door(node.url("gateway"), about)
        await session.commit()
    await engine.dispose()
    return doors


def a_company(number: int) -> Row:
    """The event that tells of one: no two are alike, so that nobody has to be asked which are the same."""
    name = "".join(SYLLABLES[number // len(SYLLABLES) ** place % len(SYLLABLES)] for place in range(3)).title()
    data = {"kind": "company", "name": name, "kvk": f"{90_000_000 + number}", "place": {"name": TOWNS[number % 5]}}
    about = {"specversion": "1.0", "id": new_id(), "source": SOURCES["many"], "subject": f"c-{number}", "data": data}
    return {**about, "type": "nl.omdehoek.partner.organisation.v1", "time": datetime.now(UTC).isoformat()}


def a_few(door: Door, every: float, over: threading.Event) -> int:
    """Pushes a centre every so many seconds, until it is over; returns how many."""
    number = 0
    while not over.wait(every):
        number += 1
        data = {"name": f"Werkplaats {number}", "place": {"name": "Zwolle"}}
        about = {"specversion": "1.0", "id": new_id(), "source": SOURCES["few"], "subject": f"s-{number}"}
        kind = {"type": "nl.omdehoek.partner.centre.v1", "time": datetime.now(UTC).isoformat()}
        door.push([{**about, **kind, "data": data}])
    return number


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="odh bench burst", description="Eén netwerk stuurt duizenden events tegelijk."
    )
    parser.add_argument("--events", type=int, default=10_000, help="zoveel ongeveer (about so many; 10000)")
    parser.add_argument("--every", type=float, default=0.5, help="om de zoveel seconden een van een ander (another's)")
    parser.add_argument("--before", type=float, default=10.0, help="zoveel seconden alleen de ander (only the other)")
    parser.add_argument("--data", type=Path, help="map op de schijf (temporary files)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/measurements.md")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
