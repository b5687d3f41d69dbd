"""What becomes of an event that its handler did not do.

Rejected, when a handler raised a `Problem` (the sender's fault, not retried); after any other exception tried again
with back-off, and at last a dead letter.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from nats.aio.msg import Msg
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import metrics
from chassis.database import is_away, wait_out
from chassis.dead_letters import bury
from chassis.mailboxes import say
from chassis.problems import Problem
from chassis.telemetry import describe, log, under
from chassis.transactions import Item, Outcome
from contracts.envelope import Envelope
from contracts.event import EventRejected

if TYPE_CHECKING:
    from chassis.service import Service


async def outcomes_of(service: "Service", consumer: str, items: Sequence[Item], *first: str) -> list[Outcome]:
    """What came of the works of a consumer; a database that is away costs them no attempt, and is waited for."""
    while True:
        outcomes = await service.transactions.group(items, consumer, *first) if items else []
        if not any(isinstance(outcome, BaseException) and is_away(outcome) for outcome in outcomes):
            return outcomes
        await wait_out(service.engine, consumer)


class NeverFinished(Exception):
    """An event was brought so often that whoever handles it must have ended each time."""


class Outcomes:
    """What becomes of what one consumer of a service could not do."""

    def __init__(self, service: "Service", name: str) -> None:
        self._service, self._name = service, name
        self._settings = service.settings
        self._whose = {"consumer": name}

    async def failed(self, message: Msg, envelope: Envelope, error: BaseException) -> None:
        """Rejects it, tries it again later, or makes it a dead letter."""
        with under(envelope.traceparent):
            if isinstance(error, Problem):
                prevented = await self._reject(envelope, error)
                if prevented is None:
                    await message.ack()
                    return
                error = prevented
            attempt = message.metadata.num_delivered
            if attempt >= self._settings.attempts_max:
                await self.bury(message, describe(error), attempt)
            else:
                await self._try_again(message, envelope, error, attempt)

    async def give_up(self, message: Msg, envelope: Envelope, *first: str) -> None:
        """Makes it a dead letter, unless it is done: who stood still is brought again and again what is done by now."""

        async def never(_: AsyncSession) -> None:
            raise NeverFinished

        item = Item(never, event_id=envelope.id)  # nobody comes to it when the event is in the inbox
        (outcome,) = await outcomes_of(self._service, self._name, [item], *first)
        if isinstance(outcome, BaseException):
            await self.bury(message, "its handler never finished", message.metadata.num_delivered)
        else:
            await message.ack()

    async def _reject(self, envelope: Envelope, problem: Problem) -> BaseException | None:
        """Says that the event broke a rule; returns what prevented that, if anything did."""
        metrics.rejected.add(1, self._whose)
        log.info("rejected", consumer=self._name, event_id=envelope.id, problem=problem.slug)
        rejection = EventRejected(
            rejected_id=envelope.id,
            rejected_type=envelope.type,
            rejected_by=self._service.name,
            problem=problem.type_uri,
            title=problem.title,
            errors=problem.facts.get("errors", ()),
        )

        async def reject(session: AsyncSession) -> None:
            say(session, rejection)

        item = Item(reject, cause=envelope.traceparent, event_id=envelope.id)
        (outcome,) = await outcomes_of(self._service, self._name, [item])
        return outcome if isinstance(outcome, BaseException) else None

    async def _try_again(self, message: Msg, envelope: Envelope, error: BaseException, attempt: int) -> None:
        settings = self._settings
        metrics.retried.add(1, self._whose)
        delay = min(settings.retry_delay_seconds_first * 4 ** (attempt - 1), settings.retry_delay_seconds_max)
        log.warning(
            "will try again",
            consumer=self._name,
            event_id=envelope.id,
            attempt=attempt,
            delay_seconds=delay,
            fault=describe(error),
        )
        # A plain nak redelivers at once; only one with a delay waits.
        await message.nak(delay=delay)

    async def bury(self, message: Msg, reason: str, attempts: int) -> None:
        """Makes a message a dead letter, which the operator can see and replay."""
        await bury(self._service.streams, self._service.name, message, reason=reason, attempts=attempts)
        metrics.buried.add(1, self._whose)
        log.error("dead letter", consumer=self._name, reason=reason, attempts=attempts)
        await message.ack()
