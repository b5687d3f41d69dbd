"""What a durable consumer is sent: a request for messages that stands, so that they come in while others are handled.

nats-py's own `fetch` asks anew for every batch, which costs an event that comes by itself two more ways to the server.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from typing import Self

from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError
from pydantic_core import to_json

from chassis.streams import Streams

#: How long the server lets a request stand (that of a process whose machine vanished, too, which takes messages until
#: then), and how often it shows that it still does: a node has two hundred of them, and each sign of life wakes two
#: processes. A server that is silent altogether is noticed sooner, by its line.
STANDS_SECONDS, HEARTBEAT_SECONDS = 30.0, 15.0

_HEARTBEAT, _NOTHING_NOW, _EXPIRED = "100", "404", "408"


class PullEnded(NatsError):
    """The server is away or silent, or does not know the consumer or the request any more: make both again."""


class Pull:
    """Batches of a durable consumer's messages, up to `most` each; while one is handled, the next may come in."""

    def __init__(self, streams: Streams, stream: str, durable: str, most: int) -> None:
        assert streams.client is not None
        self._streams, self._client, self._most, self._here_max = streams, streams.client, most, 2 * most
        self._subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{durable}"
        self._inbox = self._client.new_inbox()
        self._asked = 0
        self._ended: str | None = None
        self._waiting: deque[Msg] = deque()
        self._something = asyncio.Event()
        self._subscription: Subscription | None = None

    async def __aenter__(self) -> Self:
        self._subscription = await self._client.subscribe(self._inbox, cb=self._take)
        self._streams.when_lost.append(self._lose)
        return self

    async def __aexit__(self, *_: object) -> None:
        """What the server still sends is heard by nobody; it gives that to somebody else after its wait for an ack."""
        assert self._subscription is not None
        self._streams.when_lost.remove(self._lose)
        if self._client.is_connected:
            await self._subscription.unsubscribe()

    @property
    def waiting(self) -> Sequence[Msg]:
        """What has come in and was not given out yet."""
        return self._waiting

    def wake(self) -> None:
        """Lets `messages` return although nothing came: whoever waits has something else to do."""
        self._something.set()

    async def messages(self) -> list[Msg]:
        """What has come in, up to `most`, as soon as there is something; none when it was woken for nothing.

        Raises `PullEnded` when nothing can come any more.
        """
        if not self._ended:
            await self._ask()
        if not self._waiting and not self._ended:
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS * 2.5):
                    await self._something.wait()
            except TimeoutError:
                raise PullEnded("the server is silent") from None
        self._something.clear()
        if self._ended and not self._waiting:
            raise PullEnded(self._ended)
        return self.more(self._most)

    def more(self, most: int) -> list[Msg]:
        """What has come in, up to `most`, which may be nothing."""
        return [self._waiting.popleft() for _ in range(min(len(self._waiting), most))]

    def _lose(self) -> None:
        """A server that comes back knows nothing of what was asked of it."""
        self._ended = "the server is away"
        self.wake()

    async def _ask(self) -> None:
        """Asks for more when there is room for half a batch."""
        room = self._here_max - self._asked - len(self._waiting)
        if room * 2 >= self._most:
            self._asked += room
            asked = {
                "batch": room,
                "expires": int(STANDS_SECONDS * 1e9),
                "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
            }
            await self._client.publish(self._subject, to_json(asked), reply=self._inbox)

    async def _take(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None or message.data:
            self._asked -= 1
            self._waiting.append(message)
        elif status == _HEARTBEAT:
            pass
        elif status in (_NOTHING_NOW, _EXPIRED):
            self._asked -= int((message.headers or {}).get("Nats-Pending-Messages", self._asked))
        else:
            self._ended = f"{status} {(message.headers or {}).get('Description', '')}"
        self._something.set()
