"""Ten times what the service can do, for ten seconds: what it still accepts, and how soon the rest is refused (P11)."""

import asyncio
import time
from collections import Counter, deque
from typing import Any

import psutil

from bench.accepting import accepted_and_said, calls, nothing_left_to_say
from bench.ground import Ground
from bench.load import ANSWER_SECONDS_MAX, Calls, Connection, closed_loop, percentile
from bench.measuring import Finding, Size
from bench.process import alone

TIMES = 10
#: As many calls as may wait in a process, less a few: with more under way a closed loop would be refused too.
IN_FLIGHT = 240
CONNECTIONS, TICK_SECONDS, BUSY = 1000, 0.001, 503


async def flooded(ground: Ground, size: Size, seed: int) -> Finding:
    """First as many as go, then ten times as many; what was accepted in all is stored and said."""
    async with ground.fresh() as place:
        async with place.program("chassis", "services.requests") as served:
            most = await alone(
                closed_loop,
                port=served.port,
                calls=calls(place, seed),
                in_flight=IN_FLIGHT,
                warm_seconds=size.warm_seconds,
                seconds=size.seconds,
            )
            await nothing_left_to_say(place)
            used = psutil.Process(served.pid).cpu_times()
            flood = await alone(
                flooding,
                port=served.port,
                calls=calls(place, seed + 2**32),
                per_second=TIMES * most["per second"],
                seconds=size.flood_seconds,
            )
            used_since = psutil.Process(served.pid).cpu_times()
            await nothing_left_to_say(place)
        if strange := {*most["statuses"], *flood["statuses"]} - {"201", str(BUSY)}:
            raise RuntimeError(f"neither accepted nor refused: {strange}")
        counts = await accepted_and_said(place, most["accepted"] + flood["accepted"])
    figures = {
        "at saturation/s": most["per second"],
        "offered/s": flood["offered/s"],
        "accepted/s": flood["accepted/s"],
        "refused p50 ms": flood["refused p50 ms"],
        "refused p99 ms": flood["refused p99 ms"],
        "accepted p99 ms": flood["accepted p99 ms"],
        "client's processor %": flood["processor s"] / size.flood_seconds * 100,
        "its processor %": (used_since.user + used_since.system - used.user - used.system) / size.flood_seconds * 100,
    }
    return Finding(figures, {"requests": counts})


async def flooding(*, port: int, calls: dict[str, Any], per_second: float, seconds: float) -> dict[str, Any]:
    """Asks so many times a second, over as many connections as it takes; each has one call under way.

    What is due is sent every millisecond. How long an answer took counts from when its call was due.
    """
    late, free = deque[float](), deque[Connection]()
    took: dict[int, list[float]] = {}
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    count, sent, in_time = round(per_second * seconds), 0, 0
    source = Calls(**calls)
    made = deque(source.next() for _ in range(count))  # beforehand: on two cores the client takes enough

    def answered(connection: Connection, status: int) -> None:
        nonlocal in_time
        now = time.perf_counter()
        took.setdefault(status, []).append(now - connection.intended)
        in_time += 200 <= status < 300 and now < begin + seconds
        connection.number = -1
        if late and status:
            connection.ask(*made.popleft(), late.popleft())
        elif status:
            free.append(connection)
        if sum(map(len, took.values())) == count:
            over.set()

    for _ in range(CONNECTIONS):
        _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
        free.append(connection)
    begin, before = time.perf_counter() + 0.05, time.process_time()
    while sent < count:
        due = min(count, int((time.perf_counter() - begin) * per_second))
        while sent < due:
            intended = begin + sent / per_second
            sent += 1
            if free:
                free.popleft().ask(*made.popleft(), intended)
            else:
                late.append(intended)
        await asyncio.sleep(TICK_SECONDS)
    lasted, processor = time.perf_counter() - begin, time.process_time() - before
    never_sent = len(late)
    await asyncio.wait_for(over.wait(), ANSWER_SECONDS_MAX)
    accepted = [each for status, waits in took.items() if 200 <= status < 300 for each in waits]
    return {
        "accepted": len(accepted),
        "accepted/s": in_time / seconds,
        "offered/s": (count - never_sent) / lasted,
        "statuses": dict(Counter({status: len(waits) for status, waits in took.items()})),
        "refused p50 ms": percentile(took.get(BUSY, []), 0.5) * 1000,
        "refused p99 ms": percentile(took.get(BUSY, []), 0.99) * 1000,
        "accepted p99 ms": percentile(accepted, 0.99) * 1000,
        "processor s": processor,
    }
