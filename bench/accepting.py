"""POST /v1/requests on the real service, with everything that it checks, beside what it could cost (P1 to P3)."""

import asyncio
from collections.abc import Mapping
from typing import Any

import psutil

from bench.bodies import drafts, identities
from bench.ground import NODE, Ground, Place
from bench.load import closed_loop
from bench.measuring import Finding, Size, processor_seconds
from bench.process import alone

IN_FLIGHT = 32

#: So many members ask in turn. The gateway uses a signed identity for half a minute, so each is checked once a run.
MEMBERS = 500


async def accepted(ground: Ground, size: Size, seed: int) -> Finding:
    """The service itself, as a process as in production: validation, signed identity, Idempotency-Key, traces."""
    async with ground.fresh() as place:
        return await accepted_in(place, size, seed)


async def accepted_in(
    place: Place,
    size: Size,
    seed: int,
    *,
    before: int = 0,
    environment: Mapping[str, str] | None = None,
    postgres: psutil.Process | None = None,
) -> Finding:
    """The same in a place that has so many requests already, each with the reply that was given.

    With its database server: what a request costs that and the service, too.
    """
    async with place.program("chassis", "services.requests", environment=environment) as served:
        used = [psutil.Process(served.pid), *([postgres] if postgres else [])]
        since = processor_seconds(*used)
        asked = await ask(place, served.port, size, seed)
        await nothing_left_to_say(place)
        each = (processor_seconds(*used) - since) / asked["accepted"] * 1000
    figures = _figures(asked) | ({"ms of processor a request": each} if postgres else {})
    return Finding(figures, {"requests": await accepted_and_said(place, asked["accepted"], before=before)})


async def accepted_and_said(place: Place, accepted: int, *, before: int = 0) -> dict[str, int]:
    """What was counted at each step; all must be as many as were accepted."""
    return {
        "accepted": accepted,
        "stored": await place.count("SELECT count(*) FROM proposition") - before,
        "replies": await place.count("SELECT count(*) FROM stored_reply") - before,
        "said": await place.messages("shared", f"odh.{NODE}.shared.requests.request-placed.>"),
    }


async def accepted_by_nothing(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling of P1: a trivial FastAPI route with the same body."""
    async with ground.fresh() as place, place.program("bench.ceilings", "trivial") as served:
        return Finding(_figures(await ask(place, served.port, size, seed)))


async def accepted_by_the_textbook(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling of P3: a SQLModel session for each request."""
    async with ground.fresh() as place:
        async with place.program("bench.ceilings", "textbook") as served:
            asked = await ask(place, served.port, size, seed)
        counts = {
            "accepted": asked["accepted"],
            "stored": await place.count("SELECT count(*) FROM asked"),
            "in the outbox": await place.count("SELECT count(*) FROM to_say"),
        }
        return Finding(_figures(asked), {"requests": counts})


async def ask(place: Place, port: int, size: Size, seed: int) -> dict[str, Any]:
    """As many requests as go, with so many in flight."""
    asked = await alone(
        closed_loop,
        port=port,
        calls=calls(place, seed),
        in_flight=IN_FLIGHT,
        warm_seconds=size.warm_seconds,
        seconds=size.seconds,
    )
    if set(asked["statuses"]) - {"201"}:
        raise RuntimeError(f"not every request was accepted: {asked['statuses']}")
    return dict(asked)


def calls(place: Place, seed: int) -> dict[str, Any]:
    """What is asked, and by whom."""
    headers = identities(place.identity_key, node=NODE, audience="requests", count=MEMBERS)
    return {"path": "/v1/requests", "bodies": drafts(seed), "headers": headers, "run": f"{seed:024x}"}


async def nothing_left_to_say(place: Place) -> None:
    """Waits until every event is in its stream."""
    async with asyncio.timeout(60):
        while await place.count("SELECT count(*) FROM outbox"):
            await asyncio.sleep(0.1)


def _figures(asked: dict[str, Any]) -> dict[str, float]:
    return {"accepted/s": asked["per second"], "p50 ms": asked["p50 ms"], "p99 ms": asked["p99 ms"]}
