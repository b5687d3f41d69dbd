"""A broker in memory that fails as JetStream does: gone, silent, slow, and forgetful of acknowledgements.

What comes and goes is what nats-py and the chassis send a real server, so that both run as they are: publishing with
de-duplication and in atomic batches, and durable consumers that are asked for messages.
"""

import asyncio
import json
import random
from collections import defaultdict, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

from chassis.streams import ACKS_PENDING_MAX, DUPLICATE_WINDOW_SECONDS

if TYPE_CHECKING:
    from tests.simulation.client import Client

HEARTBEAT, EXPIRED = {"Status": "100"}, {"Status": "408"}


@dataclass
class Kept:
    """A message of a stream."""

    seq: int
    subject: str
    headers: dict[str, str]
    data: bytes


@dataclass
class Stream:
    messages: list[Kept] = field(default_factory=list)
    #: When each id came, and its number.
    ids: dict[str, tuple[float, int]] = field(default_factory=dict)


@dataclass
class Asked:
    """A request for messages that stands."""

    client: "Client"
    inbox: str
    left: int
    until: float


@dataclass
class Durable:
    """A consumer: what it was given and did not acknowledge, and what is to come again."""

    stream: str
    name: str
    filters: tuple[str, ...]
    ack_wait: float
    next_at: int = 0
    given: dict[int, float] = field(default_factory=dict)
    times: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    again: dict[int, float] = field(default_factory=dict)
    asked: deque[Asked] = field(default_factory=deque)

    def wants(self, subject: str) -> bool:
        return any(subject.startswith(one.removesuffix("*").removesuffix(">")) for one in self.filters)


class Broker:
    """The server and its store."""

    def __init__(self, chance: random.Random) -> None:
        self.chance, self.is_away = chance, False
        self.streams: dict[str, Stream] = {}
        self.durables: dict[str, Durable] = {}
        self.clients: list[Client] = []
        self._batches: dict[str, list[tuple[str, bytes, dict[str, str]]]] = defaultdict(list)
        self._numbers = count(1)

    # What befalls it.

    async def restart(self, seconds: float) -> None:
        """It is killed, and comes back with its store; of what was acknowledged to it last, some is forgotten."""
        self.is_away = True
        for client in self.clients:
            client.lose()
        for durable in self.durables.values():
            durable.asked.clear()
        await asyncio.sleep(seconds)
        self.is_away = False
        for durable in self.durables.values():
            last = list(durable.times)[-5:]
            for seq in last:
                if self.chance.random() < 0.3:
                    durable.given.setdefault(seq, self._now())

    def _now(self) -> float:
        return asyncio.get_running_loop().time()

    # What it is asked.

    def take(self, client: "Client", subject: str, data: bytes, reply: str, headers: dict[str, str]) -> None:
        """A message came in."""
        if self.is_away:
            return
        if subject.startswith("$JS.ACK."):
            self._acknowledge(subject, data)
        elif subject.startswith("$JS.API.CONSUMER.MSG.NEXT."):
            self._ask(client, subject.rpartition(".")[2], json.loads(data), reply)
        elif answer := self._store(subject, data, headers):
            client.gets(reply, json.dumps(answer).encode(), {})
        for durable in self.durables.values():
            self._give(durable)

    def _store(self, subject: str, data: bytes, headers: dict[str, str]) -> dict[str, Any] | None:
        if (batch := headers.get("Nats-Batch-Id")) is None:
            return self._keep([(subject, data, headers)])
        self._batches[batch].append((subject, data, headers))
        if "Nats-Batch-Commit" not in headers:
            return None
        whole = self._batches.pop(batch)
        if len(whole) != int(headers["Nats-Batch-Sequence"]):
            return {"error": {"code": 400, "err_code": 10176, "description": "batch publish is incomplete"}}
        if any(self._is_known(*one) for one in whole):
            return {"error": {"code": 400, "err_code": 10201, "description": "batch publish contains duplicate"}}
        return self._keep(whole)

    def _stream(self, subject: str) -> tuple[str, Stream]:
        _, node, kind, *_ = subject.split(".")
        name = f"odh-{node}-{ {'to': 'shared', 'timer': 'local'}.get(kind, kind) }"
        return name, self.streams.setdefault(name, Stream())

    def _is_known(self, subject: str, _: bytes, headers: dict[str, str]) -> bool:
        came, _ = self._stream(subject)[1].ids.get(headers["Nats-Msg-Id"], (-DUPLICATE_WINDOW_SECONDS, 0))
        return self._now() - came < DUPLICATE_WINDOW_SECONDS

    def _keep(self, every: Sequence[tuple[str, bytes, dict[str, str]]]) -> dict[str, Any]:
        name, seq, known = "", 0, False
        for one in every:
            subject, data, headers = one
            name, stream = self._stream(subject)
            known = self._is_known(*one)
            if not known:
                stream.messages.append(Kept(len(stream.messages) + 1, subject, headers, data))
                stream.ids[headers["Nats-Msg-Id"]] = self._now(), len(stream.messages)
            _, seq = stream.ids[headers["Nats-Msg-Id"]]
        return {"stream": name, "seq": seq, "duplicate": known}

    def consumer(self, durable: Durable) -> None:
        """Makes one, where there is none."""
        self.durables.setdefault(durable.name, durable)

    def _ask(self, client: "Client", name: str, asked: dict[str, Any], inbox: str) -> None:
        seconds, heart = asked["expires"] / 1e9, asked["idle_heartbeat"] / 1e9
        stands = Asked(client, inbox, asked["batch"], self._now() + seconds)
        durable = self.durables[name]
        durable.asked.append(stands)
        loop = asyncio.get_running_loop()

        def beat() -> None:
            if stands in durable.asked and self._now() < stands.until:
                client.gets(inbox, b"", HEARTBEAT)
                loop.call_later(heart, beat)

        def expire() -> None:
            if stands in durable.asked:
                durable.asked.remove(stands)
                client.gets(inbox, b"", EXPIRED | {"Nats-Pending-Messages": str(stands.left)})

        loop.call_later(heart, beat)
        loop.call_later(seconds, expire)

    def _acknowledge(self, subject: str, data: bytes) -> None:
        _, _, _, name, _, number, *_ = subject.split(".")
        durable, seq = self.durables[name], int(number)
        if seq not in durable.given:
            return
        if data.startswith(b"+WPI"):
            self._expect(durable, seq)
        elif data.startswith(b"-NAK"):
            del durable.given[seq]
            told = json.loads(data[4:]) if data[4:] else {}
            delay = told.get("delay", 0) / 1e9
            durable.again[seq] = self._now() + delay
            asyncio.get_running_loop().call_later(delay, self._give, durable)
        else:
            del durable.given[seq]

    # What it gives.

    def _expect(self, durable: Durable, seq: int) -> None:
        durable.given[seq] = self._now() + durable.ack_wait
        asyncio.get_running_loop().call_later(durable.ack_wait, self._give, durable)

    def _give(self, durable: Durable) -> None:
        if self.is_away:
            return
        for seq in [seq for seq, until in durable.given.items() if until <= self._now()]:
            del durable.given[seq]
            durable.again[seq] = self._now()
        while durable.asked and len(durable.given) < ACKS_PENDING_MAX:
            asked = durable.asked[0]
            if not asked.client.is_connected:
                durable.asked.popleft()
                continue
            if (kept := self._next(durable)) is None:
                return
            durable.times[kept.seq] += 1
            self._expect(durable, kept.seq)
            asked.left -= 1
            if not asked.left:
                durable.asked.popleft()
            times = durable.times[kept.seq]
            reply = f"$JS.ACK.{durable.stream}.{durable.name}.{times}.{kept.seq}.{next(self._numbers)}.0.0"
            asked.client.gets(asked.inbox, kept.data, kept.headers, kept.subject, reply)

    def _next(self, durable: Durable) -> Kept | None:
        messages = self.streams.setdefault(durable.stream, Stream()).messages
        for seq, at in durable.again.items():
            if at <= self._now():
                del durable.again[seq]
                return messages[seq - 1]
        while durable.next_at < len(messages):
            kept = messages[durable.next_at]
            durable.next_at += 1
            if durable.wants(kept.subject):
                return kept
        return None

    def left(self) -> int:
        """How much its consumers still have to be given, or have not acknowledged."""
        return sum(
            len(one.given)
            + len(one.again)
            + sum(one.wants(kept.subject) for kept in self.streams.get(one.stream, Stream()).messages[one.next_at :])
            for one in self.durables.values()
        )
