"""A replica of a service in memory: the chassis as it is, from the command to the acknowledgement of what was heard."""

import asyncio
import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

from nats.js import JetStreamContext
from structlog.testing import capture_logs

from chassis import EventRouter, consumer, mailboxes, publishing, relay, replies, transactions
from chassis.consumer import Consumer
from chassis.relay import Relay
from chassis.service import Service
from chassis.settings import Settings
from chassis.streams import Streams
from chassis.transactions import Transactions
from contracts.event import Event
from tests.simulation.broker import Broker, Durable
from tests.simulation.client import Client
from tests.simulation.database import Database, Engine
from tests.simulation.session import Session

#: Which process the code that runs now is of.
_here: ContextVar["Process"] = ContextVar("running")


class Killed(BaseException):
    """A process died here; nobody catches this."""


NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


class SimulatedStreams(Streams):
    """On a broker in memory."""

    def __init__(self, settings: Settings, service: str, broker: Broker) -> None:
        super().__init__(settings, service)
        self._broker = broker

    async def dial(self) -> None:
        while self._broker.is_away:
            await asyncio.sleep(0.2)
        client: Any = Client(self._broker, self._on_lost, self._on_back)
        self.client, self._js = client, JetStreamContext(client, timeout=5)

    async def ensure(self) -> None:
        """They are made when something is said in them."""

    async def consumer(self, event_type: type[Event], durable: str, *, elsewhere: bool = False) -> str:
        stream, filters = self.name(event_type.reach), (event_type.filter_subject(self.node),)
        self._broker.consumer(Durable(stream, durable, filters, self._settings.ack_wait_seconds))
        return stream


class Process:
    """What `chassis.service.Service` wires, without HTTP and without what is outside; it can be killed."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        handlers: EventRouter,
        database: Database,
        broker: Broker,
        dies_at: Callable[[str], bool],
    ) -> None:
        self.name, self.settings, self.is_alive, self.dies_at = name, settings, True, dies_at
        self.gather_seconds = 0.0
        self.engine = Engine(database, lambda: self.is_alive)
        self.sessions = lambda: Session(self.engine.connection())
        self.streams = SimulatedStreams(settings, name, broker)
        wired: Any = self
        self.relay = Relay(wired.engine, self.streams, name, settings)
        self.transactions = Transactions(wired.sessions, name, settings, self.relay.hand_over)
        self.consumers = [Consumer(wired, hearing) for hearing in handlers.hearings]
        self._hearing: list[asyncio.Task[None]] = []
        self._running: list[asyncio.Task[None]] = []

    def now(self) -> datetime:
        return NEW_YEAR + timedelta(seconds=asyncio.get_running_loop().time())

    def start(self) -> None:
        _here.set(self)  # the tasks that are made now, and what they make, are of this process
        self.transactions.start()
        self._hearing = [asyncio.create_task(consumer.run()) for consumer in self.consumers]
        self._running = [asyncio.create_task(self.streams.connect()), asyncio.create_task(self.relay.run())]

    def die(self) -> None:
        """Nothing that it does from now on has an effect; what it sent a moment ago arrives all the same."""
        self.is_alive = False
        if self.streams.client is not None:
            self.streams.client.die()

    async def kill(self) -> None:
        """Dies, and is cleared away."""
        self.die()
        ending = [*self._hearing, *self._running, *self.transactions._lanes]
        for task in ending:
            task.cancel()
        await asyncio.wait(ending, timeout=1)

    async def stop(self) -> None:
        """As after SIGTERM."""
        opened: Any = asyncio.get_running_loop().create_future()
        opened.set_result(None)
        stopping: Any = self
        await Service._close(stopping, opened)
        self.is_alive = False


@contextmanager
def simulated(seed: int) -> Iterator[None]:
    """The statements of the chassis go to databases in memory, and nobody reads what is logged.

    What the chassis draws by lot follows from the seed: others in this process draw too, from what all share.
    """

    async def begin(session: Session, *statements: str) -> int:
        return await session.begins(*statements)

    async def run(session: Session, statement: Any, values: Any = None) -> Any:
        return await session.runs(statement, values)

    async def write_now(_: Session) -> None:
        """Nothing waits to be written."""

    def crashpoint(name: str) -> None:
        process = _here.get(None)
        if process is not None and process.is_alive and process.dies_at(name):
            process.die()
            raise Killed

    taken: list[tuple[Any, str, Any]] = [
        (mailboxes, "begin", begin),
        (mailboxes, "run", run),
        (replies, "begin", begin),
        (replies, "run", run),
        (transactions, "write_now", write_now),
        (consumer, "random", random.Random(seed)),
        *((module, "crashpoint", crashpoint) for module in (consumer, publishing, relay, transactions)),
    ]
    with ExitStack() as stack:
        for module, name, instead in taken:
            stack.enter_context(mock.patch.object(module, name, instead))
        stack.enter_context(capture_logs())
        yield
