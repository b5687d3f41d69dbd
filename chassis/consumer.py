"""How what a service hears comes to its handlers: a batch in one transaction, each event once.

An event is done, or has one of the outcomes in `outcomes.py`; it never blocks what comes after it.
"""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from opentelemetry.trace import SpanKind
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import metrics
from chassis.crashpoints import crashpoint
from chassis.database import is_away, wait_out
from chassis.dead_letters import NOT_UNDERSTOOD
from chassis.outcomes import Outcomes, outcomes_of
from chassis.pulling import Pull
from chassis.router import Hearing, durable_of
from chassis.tasks import ended
from chassis.telemetry import describe, is_traced, log, span, traceparent
from chassis.transactions import Item, Work, limited
from contracts.envelope import Envelope, decode, source_of
from contracts.event import Event

if TYPE_CHECKING:
    from chassis.service import Service


@dataclass(slots=True)
class _Heard:
    """A message under way."""

    message: Msg
    envelope: Envelope
    event: Event
    prepared: Any = None

    @property
    def deliveries(self) -> int:
        """How often the broker has brought it, this time included."""
        return int(self.message.metadata.num_delivered)

    @property
    def said_by(self) -> str:
        """The node that said it."""
        return said_by(self.message)


class WrongSubject(ValueError):
    """An event came on the subject of another entity, where who is forgotten would stay, or of another node."""


def said_by(message: Msg) -> str:
    """The node that said it, by the subject: the broker lets nobody else publish on that, nor a line bring it."""
    return message.subject.split(".", 2)[1]


def understood(message: Msg, event_type: type[Event], *, elsewhere: bool) -> tuple[Envelope, Event]:
    """The event of a type that a message holds, which may be of an older version; `elsewhere`: another node said it.

    Raises `ValueError` for what is not such an event, or not of the entity or the node that its subject tells.
    """
    envelope, event = decode(message.data, event_type)
    if type(event) is not event_type:
        event = event_type.lifted(event)
    if message.subject.rpartition(".")[2] != event.entity_id:
        raise WrongSubject
    if elsewhere and envelope.source != source_of(said_by(message), event.system):
        raise WrongSubject
    return envelope, event


class Consumer:
    """Hears one event type for a service; the replicas of the service share it."""

    def __init__(self, service: "Service", hearing: Hearing) -> None:
        self._service, self._hearing = service, hearing
        self._settings = service.settings
        self.name = durable_of(service.name, hearing.event_type, elsewhere=hearing.elsewhere, apart=hearing.apart)
        self.stream = service.streams.name("elsewhere" if hearing.elsewhere else hearing.event_type.reach)
        self._whose = {"consumer": self.name}
        self._outcomes = Outcomes(service, self.name)
        self._stopping = False
        self._pull: Pull | None = None
        self._handled: list[Msg] = []
        self._working = asyncio.Event()

    def stop(self) -> None:
        """Lets `run` end after the batch that is under way."""
        self._stopping = True
        if self._pull is not None:
            self._pull.wake()

    async def run(self) -> None:
        """Hears until it is told to stop."""
        streams = self._service.streams
        keeping = asyncio.create_task(self._keep())
        try:
            while not self._stopping:
                try:
                    await streams.ready()
                    consumer = streams.consumer(self._hearing.event_type, self.name, elsewhere=self._hearing.elsewhere)
                    stream = await streams.while_connected(consumer)
                    async with Pull(streams, stream, self.name, self._settings.batch_size_max) as self._pull:
                        await self._hear(self._pull)
                except Exception as error:
                    if not isinstance(error, NatsError | OSError):
                        log.error("consumer fault", consumer=self.name, fault=describe(error))
                    await asyncio.sleep(0.2)
                finally:
                    self._pull, self._handled = None, []
        finally:
            await ended(keeping)

    async def _hear(self, pull: Pull) -> None:
        while not self._stopping:
            self._handled = await pull.messages()
            if self._handled:
                crashpoint(f"{self._service.name}.after-fetch")
                self._working.set()
                try:
                    await self._gather(pull)
                    await self._handle_batch(self._handled)
                finally:
                    self._handled = []
                    self._working.clear()

    async def _gather(self, pull: Pull) -> None:
        """Where nobody waits for what becomes of events, more of them share a transaction."""
        if (seconds := self._service.gather_seconds) and len(self._handled) < self._settings.batch_size_max:
            await asyncio.sleep(seconds)
            self._handled += pull.more(self._settings.batch_size_max - len(self._handled))

    async def _handle_batch(self, messages: list[Msg]) -> None:
        heard = [found for message in messages if (found := await self._read(message))]
        # Replicas that lock rows in the same order do not wait for each other crosswise.
        heard.sort(key=lambda one: one.event.entity_id)
        given_up = [one for one in heard if one.deliveries > self._settings.deliveries_max]
        to_do = [one for one in heard if one.deliveries <= self._settings.deliveries_max]
        suspects = [one for one in to_do if one.deliveries > self._settings.attempts_max]
        await self._handle_group([one for one in to_do if one.deliveries <= self._settings.attempts_max])
        # Nobody acknowledged these, so perhaps one of them ends the process each time. Alone, and in an order that
        # differs each time, it takes no neighbour with it to the dead letters.
        random.shuffle(suspects)
        for one in suspects:
            await self._handle_group([one])
        for one in given_up:
            await self._outcomes.give_up(one.message, one.envelope, *self._hearing.first)

    async def _handle_group(self, heard: list[_Heard]) -> None:
        heard = await self._prepare(heard)
        items = [self._item(one, self._work(one)) for one in heard]
        outcomes = await outcomes_of(self._service, self.name, items, *self._hearing.first)
        crashpoint(f"{self._service.name}.before-acks")
        for one, outcome in zip(heard, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                await self._outcomes.failed(one.message, one.envelope, outcome)
            else:
                await one.message.ack()
        crashpoint(f"{self._service.name}.after-acks")
        self._count([one for one, outcome in zip(heard, outcomes, strict=True) if outcome is None])

    def _count(self, done: list[_Heard]) -> None:
        metrics.handled.add(len(done), self._whose)
        now = datetime.now(UTC)
        for one in done:
            if "Nats-Scheduler" not in (one.message.headers or {}):  # a timer is old when it comes
                metrics.age.record(max((now - one.envelope.time).total_seconds(), 0.0), self._whose)

    async def _read(self, message: Msg) -> _Heard | None:
        try:
            return _Heard(message, *understood(message, self._hearing.event_type, elsewhere=self._hearing.elsewhere))
        except ValueError as error:
            reason, attempts = f"{NOT_UNDERSTOOD}: {type(error).__name__}", message.metadata.num_delivered
            await self._outcomes.bury(message, reason, attempts)
            return None

    async def once_more(self, message: Msg) -> BaseException | None:
        """Handles a message that was given up on, besides the stream; returns what prevented it, if anything did."""
        heard = _Heard(message, *understood(message, self._hearing.event_type, elsewhere=self._hearing.elsewhere))
        if self._hearing.prepare is not None:
            (heard.prepared,) = await self._hearing.prepared(self._service, [heard.event], [heard.said_by])
        item = self._item(heard, self._work(heard))
        (outcome,) = await outcomes_of(self._service, self.name, [item], *self._hearing.first)
        return outcome if isinstance(outcome, BaseException) else None

    def is_of(self, subject: str) -> bool:
        """Whether it hears what is said on a subject."""
        _, node, *rest = subject.split(".")
        is_it = ".".join(rest[-3:-1]) == self._hearing.event_type.wire_name
        return is_it and (node != self._settings.node) == self._hearing.elsewhere

    async def _prepare(self, heard: list[_Heard]) -> list[_Heard]:
        if self._hearing.prepare is None or not heard:
            return heard
        try:
            async with limited(self._settings.handler_seconds_max):
                found = await self._hearing.prepared(
                    self._service, [one.event for one in heard], [one.said_by for one in heard]
                )
            for one, prepared in zip(heard, found, strict=True):
                one.prepared = prepared
            return heard
        except Exception as error:
            if is_away(error):
                await wait_out(self._service.engine, self.name)
                return await self._prepare(heard)
            if len(heard) == 1:
                await self._outcomes.failed(heard[0].message, heard[0].envelope, error)
                return []
            return [ready for one in heard for ready in await self._prepare([one])]

    def _item(self, one: _Heard, work: Work) -> Item:
        return Item(work, cause=one.envelope.traceparent, event_id=one.envelope.id)

    def _work(self, one: _Heard) -> Work:
        async def work(session: AsyncSession) -> None:
            await self._hearing.handle(
                self._service,
                one.event,
                session,
                self._service.now(),
                one.prepared,
                one.said_by,
                one.envelope.time,
            )

        async def traced_work(session: AsyncSession) -> None:
            with span(f"hear {self._hearing.event_type.wire_name}", SpanKind.CONSUMER, one.envelope.traceparent):
                session.info["cause"] = traceparent() or one.envelope.traceparent
                await work(session)

        return traced_work if is_traced(one.envelope.traceparent) else work

    async def _keep(self) -> None:
        """Tells the broker that what came in is being worked on, or waits for that, as long as it is."""
        seen: set[str] = set()
        while True:
            await self._working.wait()  # a node has a hundred consumers, of which most do nothing most of the time
            await asyncio.sleep(self._settings.ack_wait_seconds / 3)
            here = {message.reply: message for message in (*self._handled, *(self._pull.waiting if self._pull else ()))}
            for reply in here.keys() & seen:  # the others came in only just now
                await self._show_life(here[reply])
            seen = set(here)

    async def _show_life(self, message: Msg) -> None:
        with suppress(Exception):
            await message.in_progress()
