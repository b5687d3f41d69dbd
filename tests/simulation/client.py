"""A connection to the broker in memory, with what nats-py's client has: things take a moment, and get lost with it."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Any

from nats.aio.msg import Msg
from nats.errors import TimeoutError as NoAnswer

from tests.simulation.broker import Broker


class Client:
    """A connection of one process, with what nats-py's client has of it."""

    def __init__(
        self, broker: Broker, lost: Callable[[], Awaitable[None]], back: Callable[[], Awaitable[None]]
    ) -> None:
        self._broker, self._on_lost, self._on_back = broker, lost, back
        self.is_connected, self.is_closed = True, False
        self._hearing: dict[str, Callable[[Msg], Awaitable[None]]] = {}
        self._inboxes = count(1)
        self._unsent: list[tuple[str, bytes, str, dict[str, str]]] = []
        self._out = self._in = 0.0
        #: Which of its connections this is: what was under way on an earlier one is lost.
        self._epoch = 0
        #: How much longer everything takes now.
        self.slow_seconds = 0.0
        broker.clients.append(self)

    # What befalls it.

    def lose(self) -> None:
        """The connection breaks, and is made again when the broker is there."""
        if self.is_connected and not self.is_closed:
            self.is_connected = False
            self._epoch += 1
            self._coming_back = asyncio.ensure_future(self._come_back())

    async def _come_back(self) -> None:
        await self._on_lost()
        while True:
            await asyncio.sleep(self._broker.chance.uniform(0.05, 0.3))
            if self.is_closed:
                return
            if not self._broker.is_away:
                break
        self.is_connected = True
        unsent, self._unsent = self._unsent, []
        for one in unsent:
            self._send(*one)
        await self._on_back()

    def die(self) -> None:
        """Its process ended, or was killed."""
        self.is_connected, self.is_closed = False, True
        self._epoch += 1

    # What goes and comes, in its order and each after a moment.

    def _moment(self) -> float:
        chance = self._broker.chance
        return self.slow_seconds + (chance.uniform(0.0001, 0.002) if chance.random() < 0.95 else chance.uniform(0, 0.2))

    def _send(self, subject: str, data: bytes, reply: str, headers: dict[str, str]) -> None:
        loop, epoch = asyncio.get_running_loop(), self._epoch
        self._out = max(self._out, loop.time() + self._moment())

        def arrive() -> None:
            if epoch == self._epoch:
                self._broker.take(self, subject, data, reply, headers)

        loop.call_at(self._out, arrive)

    def gets(self, inbox: str, data: bytes, headers: dict[str, str], subject: str = "", reply: str = "") -> None:
        """The broker sends it something."""
        loop, epoch = asyncio.get_running_loop(), self._epoch
        self._in = max(self._in, loop.time() + self._moment())

        def arrive() -> None:
            if epoch == self._epoch and (hear := self._hearing.get(inbox)):
                loop.create_task(hear(Msg(self, subject or inbox, reply, data, headers)))

        loop.call_at(self._in, arrive)

    # What nats-py has.

    def new_inbox(self) -> str:
        return f"_INBOX.{next(self._inboxes)}"

    async def subscribe(self, subject: str, cb: Callable[[Msg], Awaitable[None]]) -> "Heard":
        self._hearing[subject] = cb
        return Heard(self._hearing, subject)

    async def publish(
        self, subject: str, payload: bytes = b"", reply: str = "", headers: dict[str, str] | None = None
    ) -> None:
        if self.is_connected:
            self._send(subject, payload, reply, dict(headers or {}))
        elif not self.is_closed:
            self._unsent.append((subject, payload, reply, dict(headers or {})))

    async def flush(self, timeout: float = 10.0) -> None:
        """What was sent is out of our hands at once."""

    async def close(self) -> None:
        self.die()

    async def request(
        self, subject: str, payload: bytes = b"", timeout: float = 0.5, headers: dict[str, str] | None = None
    ) -> Msg:
        answered: asyncio.Future[Msg] = asyncio.get_running_loop().create_future()

        async def answer(message: Msg) -> None:
            if not answered.done():
                answered.set_result(message)

        inbox = self.new_inbox()
        heard = await self.subscribe(inbox, answer)
        await self.publish(subject, payload, inbox, headers)
        try:
            return await asyncio.wait_for(answered, timeout)
        except TimeoutError:
            raise NoAnswer from None
        finally:
            await heard.unsubscribe()


class Heard:
    """A subscription."""

    def __init__(self, hearing: dict[str, Any], subject: str) -> None:
        self._hearing, self._subject = hearing, subject

    async def unsubscribe(self) -> None:
        self._hearing.pop(self._subject, None)
