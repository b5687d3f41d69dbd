"""The node's JetStream streams: what is kept, and under which subjects.

Four streams a node: `shared` is what it tells other nodes too, `local` never leaves, `elsewhere` is what other nodes
told and JetStream brought here, `dead` holds what could not be handled. Store-and-forward, de-duplication, timers and
purging are JetStream's own. A service may keep streams besides these, which it alone reaches.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    RetentionPolicy,
    StorageType,
    StreamConfig,
    SubjectTransform,
)
from nats.js.errors import APIError, NotFoundError
from pydantic_core import to_json

from chassis.settings import Settings
from chassis.tasks import ended
from chassis.telemetry import log
from contracts.event import Event

DUPLICATE_WINDOW_SECONDS = 120.0
KINDS = ("shared", "local", "elsewhere", "dead")
ACKS_PENDING_MAX = 2000

Answer = TypeVar("Answer")


class BrokerAway(NatsError):
    """The connection was lost before the broker answered."""


class OwnStream(NamedTuple):
    """A stream of one service: `odh-<node>-<kind>`, with `odh.<node>.<kind>.>`, kept for so long."""

    kind: str
    kept_seconds: float


class Streams:
    """The connection to the broker, and the streams on it."""

    def __init__(self, settings: Settings, service: str, own: Sequence[OwnStream] = ()) -> None:
        self._settings, self._service, self.own = settings, service, own
        #: What it looks at of the node's streams; who makes one otherwise adds it.
        self.kinds = [*KINDS, *(one.kind for one in own)]
        self.node = settings.node
        self.client: Client | None = None
        self._js: JetStreamContext | None = None
        self._ready = asyncio.Event()
        self._lost = asyncio.Event()
        self._closing = False
        #: Whether the broker did not let us in with this password, whatever went wrong with the connection since.
        self.is_refused = False
        #: Set whenever the broker is connected, for who looks at what it has.
        self.came_back = asyncio.Event()
        #: Called when the connection is lost, by who waits for what then does not come.
        self.when_lost: list[Callable[[], None]] = []

    @property
    def js(self) -> JetStreamContext:
        """JetStream; only after `ready`."""
        assert self._js is not None
        return self._js

    @property
    def is_ready(self) -> bool:
        """Whether the broker is connected now and the streams stand."""
        return self._ready.is_set() and self.client is not None and self.client.is_connected

    async def ready(self) -> None:
        """Returns when the streams stand and the broker is connected."""
        await self._ready.wait()
        while not self.is_ready:
            await asyncio.sleep(0.05)

    def name(self, kind: str) -> str:
        """The name of the node's `shared`, `local`, `elsewhere` or `dead` stream."""
        return f"odh-{self.node}-{kind}"

    async def while_connected(self, asking: Coroutine[Any, Any, Answer]) -> Answer:
        """What the broker answers; raises `BrokerAway` as soon as the connection is lost.

        A broker that comes back knows nothing of what was asked before: to wait on would be to wait for the timeout.
        """
        answering, losing = asyncio.ensure_future(asking), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({answering, losing}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                raise BrokerAway
            return answering.result()
        finally:
            await ended(answering, losing)

    async def connect(self) -> None:
        """Connects and makes the streams; afterwards the client reconnects by itself."""
        await self.dial()
        while True:
            try:
                await self.ensure()
                break
            except (NatsError, OSError, TimeoutError) as error:
                log.warning("streams not made yet", fault=type(error).__name__)
                await asyncio.sleep(0.5)
        self._ready.set()
        self.came_back.set()

    async def dial(self) -> None:
        """Connects, however long that takes."""
        while self.client is None:
            try:
                self.client = await nats.connect(
                    self._settings.nats_url.split(","),
                    name=f"odh-{self.node}-{self._service}",
                    user_credentials=(
                        str(self._settings.nats_credentials_file) if self._settings.nats_credentials_file else None
                    ),
                    # Nobody else can read the answers: a service may only listen behind its own name.
                    inbox_prefix=f"_INBOX.{self._service}",
                    tls=tls_of(self._settings.nats_tls_ca_file),
                    allow_reconnect=True,
                    max_reconnect_attempts=-1,
                    reconnect_time_wait=0.1,
                    connect_timeout=2,
                    ping_interval=3,
                    max_outstanding_pings=2,
                    error_cb=self._on_error,
                    disconnected_cb=self._on_lost,
                    reconnected_cb=self._on_back,
                )
            except (NatsError, OSError, TimeoutError):
                await asyncio.sleep(0.2)
        self._js = self.client.jetstream(timeout=5)

    async def _on_error(self, error: Exception) -> None:
        """Errors of the connection are handled where they matter; nats-py would print each with a traceback."""
        self.is_refused = self.is_refused or "authorization" in str(error).lower()

    async def _on_lost(self) -> None:
        self._lost.set()
        for tell in self.when_lost:
            tell()
        if not self._closing:
            log.warning("broker away")

    async def _on_back(self) -> None:
        self._lost.clear()
        self.came_back.set()
        log.warning("broker back")

    async def close(self) -> None:
        """Closes the connection; what was published is flushed."""
        self._closing = True
        if self.client is not None and not self.client.is_closed:
            with contextlib.suppress(NatsError, OSError, TimeoutError):
                await asyncio.wait_for(self.client.flush(1), 2)
            closing = asyncio.ensure_future(self.client.close())
            await asyncio.wait({closing})
            # The broker was killed a moment ago. At that very moment nats-py cancels what it waits for itself.
            with contextlib.suppress(OSError, asyncio.CancelledError):
                closing.result()

    async def ensure(self) -> None:
        """Makes the streams where they do not stand, and leaves alone what an operator set on them."""
        root = f"odh.{self.node}"
        for kind, subjects, kept_seconds in (
            ("shared", [f"{root}.shared.>", f"{root}.to.>"], None),
            ("local", [f"{root}.local.>", f"{root}.timer.>"], None),
            ("elsewhere", [f"{root}.elsewhere.>"], None),
            ("dead", [f"{root}.dead.>"], None),
            *((own.kind, [f"{root}.{own.kind}.>"], own.kept_seconds) for own in self.own),
        ):
            config = StreamConfig(
                name=self.name(kind),
                subjects=subjects,
                retention=RetentionPolicy.LIMITS,
                storage=StorageType.FILE,
                max_age=kept_seconds,
                num_replicas=self._settings.stream_replicas,
                duplicate_window=DUPLICATE_WINDOW_SECONDS,
                allow_direct=True,
                allow_atomic=True,
                allow_msg_ttl=True,
                allow_msg_schedules=kind == "local",
                # What other nodes say comes by sourcing (`node.nations`); what was put aside of it can be put back.
                subject_transform=(
                    SubjectTransform(src=f"{root}.elsewhere.>", dest="odh.>") if kind == "elsewhere" else None
                ),
            )
            try:
                await self.js.stream_info(config.name or "")
            except NotFoundError:
                try:
                    await self.js.add_stream(config)
                except APIError as error:  # another service made it at the same moment
                    if error.err_code != 10058:
                        raise

    async def consumer(self, event_type: type[Event], durable: str, *, elsewhere: bool = False) -> str:
        """Makes a durable pull consumer of one event type, shared by the replicas of a service; returns its stream.

        `elsewhere`: of what other nodes say.
        """
        stream = self.name("elsewhere" if elsewhere else event_type.reach)
        config = ConsumerConfig(
            durable_name=durable,
            ack_policy=AckPolicy.EXPLICIT,
            # Only the wait for an ack is set: a `backoff` would replace it by its first value.
            ack_wait=self._settings.ack_wait_seconds,
            deliver_policy=DeliverPolicy.ALL,
            max_ack_pending=ACKS_PENDING_MAX,
            max_waiting=512,
            filter_subject=None if elsewhere else event_type.filter_subject(self.node),
            filter_subjects=event_type.filter_subjects_elsewhere(self.node) if elsewhere else None,
        )
        try:
            await self.js.add_consumer(stream, config)
        except NotFoundError:  # the store was lost: the outboxes and inboxes stand, so begin with empty streams
            await self.ensure()
            await self.js.add_consumer(stream, config)
        return stream

    async def purge(self, kind: str, subject: str, *, before: int = 0) -> int:
        """Removes the messages of a subject from one of the streams; returns how many.

        `before`: only those with a number in the stream that is smaller.
        """
        # nats-py's purge_stream only says whether it worked; the API's reply has the count.
        which = to_json({"filter": subject, "seq": before})
        reply = await self.js._api_request(f"$JS.API.STREAM.PURGE.{self.name(kind)}", which, timeout=5)
        return int(reply["purged"])


def tls_of(ca_file: Path | None) -> ssl.SSLContext | None:
    """TLS with a server whose certificate this authority signed; none: not asked for."""
    return ssl.create_default_context(cafile=str(ca_file)) if ca_file else None
