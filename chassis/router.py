"""What a service hears, and how: a batch in one transaction, each event once, and three outcomes.

An event is done; or rejected, when a handler raised a `Problem` (the sender's fault, not retried); or, after any other
exception, tried again with back-off and at last a dead letter. It never blocks what comes after it.
"""

import asyncio
import inspect
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from opentelemetry.trace import SpanKind
from pydantic import ValidationError
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.crashpoints import crashpoint
from chassis.database import is_away, wait_for_database
from chassis.dead_letters import bury
from chassis.mailboxes import say
from chassis.problems import Problem
from chassis.tasks import ended
from chassis.telemetry import describe, log, span, traceparent, under
from chassis.transactions import Item, Work
from contracts.event import Envelope, Event, EventRejected, UnknownEvent, decode

if TYPE_CHECKING:
    from chassis.service import Service

#: After this silence a consumer asks whether it still stands.
FETCH_SECONDS = 5.0

Handler = Callable[..., Awaitable[None]]
Prepare = Callable[[list[Any], Any], Awaitable[Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Hearing:
    """A handler, and an event type that it hears."""

    event_type: type[Event]
    handler: Handler
    prepare: Prepare | None
    wants: frozenset[str]

    async def handle(
        self, service: "Service", event: Event, session: AsyncSession, now: datetime, prepared: Any
    ) -> None:
        """Calls the handler with what it asks for by name."""
        offered = {
            "session": session,
            "now": now,
            "settings": service.settings,
            "streams": service.streams,
            "prepared": prepared,
        }
        await self.handler(event, **{name: offered[name] for name in self.wants})


class EventRouter:
    """The handlers of a service."""

    def __init__(self) -> None:
        self.hearings: list[Hearing] = []

    def hears(self, *event_types: type[Event], prepare: Prepare | None = None) -> Callable[[Handler], Handler]:
        """Makes a function the handler of event types; one handler per type in a service.

        The function gets the event, and by name what it asks for: `session`, `now`, `settings`, `streams`, `prepared`.
        `prepare(events, settings)` does what is slow and needs no database, before the transaction, for a whole batch.
        """

        def register(handler: Handler) -> Handler:
            wants = frozenset(list(inspect.signature(handler).parameters)[1:])
            if unknown := wants - {"session", "now", "settings", "streams", "prepared"}:
                raise TypeError(f"{handler.__name__} asks for {sorted(unknown)}, which no handler gets")
            for event_type in event_types:
                if any(hearing.event_type is event_type for hearing in self.hearings):
                    raise TypeError(f"{event_type.__name__} has a handler in this service already")
                self.hearings.append(Hearing(event_type, handler, prepare, wants))
            return handler

        return register


@dataclass(slots=True)
class _Heard:
    """A message under way."""

    message: Msg
    envelope: Envelope
    event: Event
    prepared: Any = None


class WrongSubject(ValueError):
    """An event came on the subject of another entity: who is forgotten would stay in the stream there."""


class NeverFinished(Exception):
    """A handler took longer than any handler may."""


class Consumer:
    """Hears one event type for a service; the replicas of the service share it."""

    def __init__(self, service: "Service", hearing: Hearing) -> None:
        self._service, self._hearing = service, hearing
        self._settings = service.settings
        self.name = f"{service.name}-{hearing.event_type.wire_name.replace('.', '-')}"
        self._stopping = asyncio.Event()
        self._subscription: JetStreamContext.PullSubscription | None = None

    def stop(self) -> None:
        """Lets `run` end after the batch that is under way."""
        self._stopping.set()

    async def run(self) -> None:
        """Hears until it is told to stop."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            while not self._stopping.is_set():
                try:
                    if messages := await self._fetch_unless(stopping):
                        crashpoint(f"{self._service.name}.after-fetch")
                        await self._handle_batch(messages)
                except Exception as error:
                    if not isinstance(error, NatsError | OSError):
                        log.error("consumer fault", consumer=self.name, fault=describe(error))
                    await self._unsubscribe()
                    await asyncio.sleep(0.2)
        finally:
            await ended(stopping)
            await self._unsubscribe()

    async def _fetch_unless(self, stopping: asyncio.Task[Any]) -> list[Msg]:
        fetching = asyncio.create_task(self._fetch())
        try:
            await asyncio.wait({fetching, stopping}, return_when=asyncio.FIRST_COMPLETED)
            return fetching.result() if fetching.done() else []
        finally:
            await ended(fetching)

    async def _fetch(self) -> list[Msg]:
        streams = self._service.streams
        await streams.ready()
        if self._subscription is None:
            self._subscription = await streams.consumer(self._hearing.event_type, self.name)
        try:
            return await streams.while_connected(
                self._subscription.fetch(self._settings.batch_size_max, timeout=FETCH_SECONDS)
            )
        except TimeoutError:
            # Ask whether the consumer still stands: a broker that came back without its store does not say so.
            await self._subscription.consumer_info()
            return []

    async def _unsubscribe(self) -> None:
        """What the broker sends to a subscription that nobody reads would only be heard after its wait for an ack."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with suppress(Exception):
                await subscription.unsubscribe()

    async def _handle_batch(self, messages: list[Msg]) -> None:
        keeping = asyncio.create_task(self._keep(messages))
        try:
            heard = [found for message in messages if (found := await self._read(message))]
            # Replicas that lock rows in the same order do not wait for each other crosswise.
            heard.sort(key=lambda one: one.event.entity_id)
            suspects = [one for one in heard if one.message.metadata.num_delivered > self._settings.attempts_max]
            await self._handle_group([one for one in heard if one not in suspects])
            # Nobody acknowledged these, so perhaps one of them ends the process each time. Alone, and in an order that
            # differs each time, it takes no neighbour with it to the dead letters.
            random.shuffle(suspects)
            for one in suspects:
                await self._handle_group([one])
        finally:
            keeping.cancel()

    async def _handle_group(self, heard: list[_Heard]) -> None:
        heard = await self._prepare(heard)
        outcomes = await self._group([self._item(one, self._work(one)) for one in heard])
        crashpoint(f"{self._service.name}.before-acks")
        for one, outcome in zip(heard, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                await self._failed(one, outcome)
            else:
                await one.message.ack()
        crashpoint(f"{self._service.name}.after-acks")

    async def _read(self, message: Msg) -> _Heard | None:
        delivered = message.metadata.num_delivered
        try:
            envelope, event = decode(message.data)
            if type(event) is not self._hearing.event_type:
                event = self._hearing.event_type.lifted(event)
            if message.subject.rpartition(".")[2] != event.entity_id:
                raise WrongSubject
        except (ValidationError, UnknownEvent, ValueError) as error:
            await self._bury(message, f"not understood: {type(error).__name__}", delivered)
            return None
        if delivered > self._settings.deliveries_max:
            await self._bury(message, "its handler never finished", delivered)
            return None
        return _Heard(message, envelope, event)

    async def _prepare(self, heard: list[_Heard]) -> list[_Heard]:
        prepare = self._hearing.prepare
        if prepare is None or not heard:
            return heard
        try:
            async with self._limited():
                found = await prepare([one.event for one in heard], self._settings)
            for one, prepared in zip(heard, found, strict=True):
                one.prepared = prepared
            return heard
        except Exception as error:
            if len(heard) == 1:
                await self._failed(heard[0], error)
                return []
            return [ready for one in heard for ready in await self._prepare([one])]

    def _item(self, one: _Heard, work: Work) -> Item:
        return Item(work, cause=one.envelope.traceparent, event_id=one.envelope.id)

    async def _group(self, items: list[Item]) -> list[Any]:
        while True:
            outcomes = await self._service.transactions.group(items, consumer=self.name) if items else []
            if not any(isinstance(o, BaseException) and is_away(o) for o in outcomes):
                return outcomes
            # The database is away: that is no fault of the events, so it costs them no attempt.
            log.warning("database away", consumer=self.name)
            await asyncio.sleep(0.2)
            await wait_for_database(self._service.engine)

    def _work(self, one: _Heard) -> Work:
        async def work(session: AsyncSession) -> None:
            with span(f"hear {self._hearing.event_type.wire_name}", SpanKind.CONSUMER, one.envelope.traceparent):
                session.info["cause"] = traceparent() or one.envelope.traceparent
                async with self._limited():
                    await self._hearing.handle(self._service, one.event, session, self._service.now(), one.prepared)

        return work

    @asynccontextmanager
    async def _limited(self) -> AsyncIterator[None]:
        """A handler that hangs is a handler that fails; without this it would keep all others of its type waiting."""
        try:
            async with asyncio.timeout(self._settings.handler_seconds_max) as patience:
                yield
        except TimeoutError:
            if patience.expired():
                raise NeverFinished from None
            raise

    async def _keep(self, messages: list[Msg]) -> None:
        """Tells the broker that the batch is being worked on, as long as it is."""
        while True:
            await asyncio.sleep(self._settings.ack_wait_seconds / 2)
            for message in messages:
                with suppress(Exception):
                    await message.in_progress()

    async def _failed(self, one: _Heard, error: BaseException) -> None:
        with under(one.envelope.traceparent):
            if isinstance(error, Problem):
                prevented = await self._reject(one, error)
                if prevented is None:
                    await one.message.ack()
                    return
                error = prevented
            attempt = one.message.metadata.num_delivered
            if attempt >= self._settings.attempts_max:
                await self._bury(one.message, describe(error), attempt)
            else:
                await self._try_again(one, error, attempt)

    async def _reject(self, one: _Heard, problem: Problem) -> BaseException | None:
        """Says that the event broke a rule; returns what prevented that, if anything did."""
        log.info("rejected", consumer=self.name, event_id=one.envelope.id, problem=problem.slug)
        rejection = EventRejected(
            rejected_id=one.envelope.id,
            rejected_type=one.envelope.type,
            rejected_by=self._service.name,
            problem=problem.type_uri,
            title=problem.title,
        )

        async def reject(session: AsyncSession) -> None:
            say(session, rejection)

        (outcome,) = await self._group([self._item(one, reject)])
        return outcome if isinstance(outcome, BaseException) else None

    async def _try_again(self, one: _Heard, error: BaseException, attempt: int) -> None:
        settings = self._settings
        delay = min(settings.retry_delay_seconds_first * 4 ** (attempt - 1), settings.retry_delay_seconds_max)
        log.warning(
            "will try again",
            consumer=self.name,
            event_id=one.envelope.id,
            attempt=attempt,
            delay_seconds=delay,
            fault=describe(error),
        )
        # A plain nak redelivers at once; only one with a delay waits.
        await one.message.nak(delay=delay)

    async def _bury(self, message: Msg, reason: str, attempts: int) -> None:
        await bury(self._service.streams, self._service.name, message, reason=reason, attempts=attempts)
        log.error("dead letter", consumer=self.name, reason=reason, attempts=attempts)
        await message.ack()
