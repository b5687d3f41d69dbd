"""Load over HTTP: a client that costs little, because it shares two cores with what it asks.

Each connection has one call under way. A closed loop asks again as soon as it is answered, which finds the most that
is accepted. An open loop asks at its intended times whatever the answers do, and counts from those, so that a stall
is felt by every call that should have begun in it.
"""

import asyncio
import math
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any, cast

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ANSWER_SECONDS_MAX = 20.0
NUMBER = "@@NUMBER"  # stands for the number of the call in a body: unique, and of a fixed length

Answered = Callable[["Connection", int], None]


class Calls:
    """The bytes of one POST after another, none the same as another."""

    def __init__(self, *, path: str, bodies: list[str], headers: list[dict[str, str]], run: str) -> None:
        self._run, self._number = run, 0
        self._bodies = [tuple(body.encode().split(NUMBER.encode())) for body in bodies]
        self._heads = [_head(path, every) for every in headers]

    def next(self) -> tuple[int, bytes]:
        """The number of the call, and its bytes. One call in ten asks to be traced, as the gateway samples."""
        number = self._number
        self._number += 1
        told = f"{number:08d}".encode()
        body = told.join(self._bodies[number % len(self._bodies)])
        key = b"%s-%s" % (self._run.encode(), told)
        trace = b"00-%s%s-00f067aa0ba902b7-0%d" % (self._run[:24].ljust(24, "0").encode(), told, number % 10 == 0)
        head = self._heads[number % len(self._heads)]
        return number, b"%sIdempotency-Key: %s\r\ntraceparent: %s\r\nContent-Length: %d\r\n\r\n%s" % (
            *(head, key, trace, len(body)),
            body,
        )


def _head(path: str, headers: dict[str, str]) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: application/json"]
    return "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), ""]).encode()


class Connection(asyncio.Protocol):
    """One connection that is kept, with at most one call under way."""

    def __init__(self, answered: Answered) -> None:
        self._answered, self._received, self._needed = answered, bytearray(), 0
        self.number, self.intended = -1, 0.0
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def ask(self, number: int, call: bytes, intended: float) -> None:
        """Sends a call."""
        assert self.transport is not None
        self.number, self.intended = number, intended
        self.transport.write(call)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if not self._needed:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                return
            length = _LENGTH.search(self._received, 0, end)
            self._needed = end + 4 + int(length[1] if length else 0)
        if len(self._received) >= self._needed:
            status = int(self._received[9:12])
            self._received.clear()
            self._needed = 0
            self._answered(self, status)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.number >= 0:
            self._answered(self, 0)


async def closed_loop(
    *, port: int, calls: dict[str, Any], in_flight: int, warm_seconds: float, seconds: float
) -> dict[str, Any]:
    """Keeps so many calls under way; the rate is that of the calls accepted after the warming up.

    That begins with the first answer: what has yet to open its connections is not measured while it does.
    """
    made, statuses = Calls(**calls), Counter[int]()
    took: list[float] = []
    loop = asyncio.get_running_loop()
    began, since = time.time_ns(), time.perf_counter()
    begin = end = math.inf
    left, over = in_flight, loop.create_future()

    def answered(connection: Connection, status: int) -> None:
        nonlocal left, begin, end
        now = time.perf_counter()
        if not statuses:
            begin, end = now + warm_seconds, now + warm_seconds + seconds
        statuses[status] += 1
        if begin <= now < end and 200 <= status < 300:
            took.append(now - connection.intended)
        connection.number = -1
        if now < end and status:
            connection.ask(*made.next(), now)
            return
        left -= 1
        if not left and not over.done():
            over.set_result(None)

    opened = [await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port) for _ in range(in_flight)]
    for _, connection in opened:
        connection.ask(*made.next(), time.perf_counter())
    await asyncio.wait_for(over, warm_seconds + seconds + 2 * ANSWER_SECONDS_MAX)
    return {
        "per second": len(took) / seconds,
        "accepted": sum(count for status, count in statuses.items() if 200 <= status < 300),
        "began": began,
        "lasted": time.perf_counter() - since,
        "statuses": dict(statuses),
        "p50 ms": percentile(took, 0.5) * 1000,
        "p99 ms": percentile(took, 0.99) * 1000,
    }


async def open_loop(
    *, port: int, calls: dict[str, Any], per_second: float, seconds: float, connections: int = 64
) -> dict[str, Any]:
    """Asks so many times a second; returns for each call its number, intended time (Unix, in ns), status and wait."""
    made, waiting = Calls(**calls), deque[tuple[int, bytes, float]]()
    loop = asyncio.get_running_loop()
    count, answers = max(1, round(per_second * seconds)), list[tuple[int, float, int, float]]()
    free, over = deque[Connection](), loop.create_future()

    def answered(connection: Connection, status: int) -> None:
        answers.append((connection.number, connection.intended, status, time.perf_counter() - connection.intended))
        connection.number = -1
        if waiting and status:
            connection.ask(*waiting.popleft())
        elif status:
            free.append(connection)
        if len(answers) == count and not over.done():
            over.set_result(None)

    def due(intended: float) -> None:
        call = (*made.next(), intended)
        free.popleft().ask(*call) if free else waiting.append(call)

    for _ in range(connections):
        _, connection = await loop.create_connection(lambda: Connection(answered), "127.0.0.1", port)
        free.append(connection)
    begin, wall = time.perf_counter() + 0.05, time.time_ns() + 50_000_000
    threading.Thread(target=_pace, args=(loop, due, begin, per_second, count), daemon=True).start()
    await asyncio.wait_for(over, seconds + ANSWER_SECONDS_MAX)
    return {
        "accepted": sum(200 <= status < 300 for _, _, status, _ in answers),
        "statuses": dict(Counter(status for _, _, status, _ in answers)),
        "answers": [
            [number, wall + round((intended - begin) * 1e9), status, waited]
            for number, intended, status, waited in answers
        ],
    }


def _pace(
    loop: asyncio.AbstractEventLoop, due: Callable[[float], None], begin: float, per_second: float, count: int
) -> None:
    """A thread that sleeps keeps time to a tenth of a millisecond; the timers of an event loop only to one or two."""
    for turn in range(count):
        intended = begin + turn / per_second
        if (wait := intended - time.perf_counter()) > 0:
            time.sleep(wait)
        loop.call_soon_threadsafe(due, intended)


def percentile(values: list[float], part: float) -> float:
    """The value that this part of the values does not exceed; not a number when there are none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))] if ordered else float("nan")
