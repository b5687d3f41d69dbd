"""What waits in the outbox while the broker is away, and how fast it is published when that is back (P13)."""

import asyncio
import time
from typing import Any

import nats
from nats.aio.client import Client

from bench.accepting import calls, nothing_left_to_say
from bench.ground import NODE, Ground, Place
from bench.load import open_loop
from bench.measuring import Finding, Size
from bench.process import alone

#: Requests go on at this pace before, while and after the broker is away; each says two events.
POSTS_PER_SECOND = 200.0
SECONDS_BEFORE, SECONDS_AFTER = 1.0, 10.0
LOOK_SECONDS, DRAIN_SECONDS_MAX = 0.02, 120.0


async def drained(ground: Ground, size: Size, seed: int) -> Finding:
    """The rate is of what waited when the broker came back, from the last look that found none of it stored."""
    async with ground.fresh() as place, place.program("chassis", "services.requests") as served:
        seconds = SECONDS_BEFORE + size.away_seconds + SECONDS_AFTER
        asking = asyncio.create_task(
            alone(ask, port=served.port, calls=calls(place, seed), per_second=POSTS_PER_SECOND, seconds=seconds)
        )
        await asyncio.sleep(SECONDS_BEFORE)
        place.broker.kill()
        await asyncio.sleep(size.away_seconds)
        waited = await place.count("SELECT count(*) FROM outbox")
        await place.broker.start()
        took = await _published(place, waited)
        asked = await asking
        if set(asked["statuses"]) != {"201"}:
            raise RuntimeError(f"not every request was accepted: {asked['statuses']}")
        await nothing_left_to_say(place)
        counts = {
            "accepted": asked["accepted"],
            "stored": await place.count("SELECT count(*) FROM proposition"),
            "said": await place.messages("shared", f"odh.{NODE}.shared.requests.request-placed.>"),
        }
        return Finding({"events/s": waited / took, "waited": waited}, {"requests": counts})


async def ask(**how: Any) -> dict[str, Any]:
    """Asks at a steady pace, in a process of its own; how each call went is nobody's question here."""
    asked = await open_loop(**how)
    return {name: asked[name] for name in ("accepted", "statuses")}


async def _published(place: Place, waited: int) -> float:
    """How long it takes, in seconds, until so many more events are stored than when the broker came back."""
    client = await nats.connect(place.nats_url)
    try:
        before = await _stored(client)
        async with asyncio.timeout(DRAIN_SECONDS_MAX):
            stored = before
            while stored == before:  # from the last look that found nothing new
                since = time.perf_counter()
                await asyncio.sleep(LOOK_SECONDS)
                stored = await _stored(client)
            while stored < before + waited:
                await asyncio.sleep(LOOK_SECONDS)
                stored = await _stored(client)
        return time.perf_counter() - since
    finally:
        await client.close()


async def _stored(client: Client) -> int:
    """The numbers that both streams have given out: a timer that replaces another counts too."""
    infos = [await client.jetstream().stream_info(f"odh-{NODE}-{kind}") for kind in ("shared", "local")]
    return sum(info.state.last_seq for info in infos)
