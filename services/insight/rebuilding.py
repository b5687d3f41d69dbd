"""The facts are made anew from the streams, while those that are there stay readable and go on growing.

What is heard meanwhile goes into both. In between nothing is missed: what was handled before the new projection was
there had been published before, so it is among what is then read.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.consumer import said_by, understood
from chassis.locks import unless_busy
from chassis.pulling import Pull
from chassis.sql import run, write, write_now
from contracts.event import Event, new_id
from services.insight import comparing, facts
from services.insight.comparing import Difference

MESSAGES_AT_ONCE = 500

#: So long a running service gets to handle what was read here before both are compared.
CATCHING_UP_SECONDS_MAX = 10.0

Tell = Callable[[str], None]


class AlreadyRebuilding(Exception):
    """Another process makes the facts of this database anew."""


@dataclass(slots=True)
class Reach:
    """What was read of the streams. `removed` were in them once: of erased people, or beyond a limit that was set."""

    events: int = 0
    not_understood: int = 0
    removed: int = 0
    since: datetime | None = None
    limited: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a making anew came to; `behind` events are still to be handled by the service itself."""

    reach: Reach
    differences: dict[str, Difference]
    behind: int

    @property
    def differs(self) -> bool:
        """Whether the facts that were made anew are other ones."""
        return any(difference.is_one for difference in self.differences.values())


async def rebuild(service: Service, tell: Tell, *, keep_untold: bool = True) -> Outcome:
    """Makes the facts anew and switches to them; tells how far it is. Raises `AlreadyRebuilding`.

    What the streams do not tell any more is taken over from before, unless not `keep_untold`. The service itself need
    not run; `service` is connected to the broker.
    """
    async with unless_busy(service.engine, "insight.rebuild") as mine:
        if not mine:
            raise AlreadyRebuilding
        number = await _begin(service)
        reach = Reach()
        for elsewhere in (False, True):
            await _read(service, number, reach, tell, elsewhere=elsewhere)
        behind = await _catch_up(service)
        async with service.sessions() as session:
            differences = await comparing.compare(session, number)
        async with service.sessions() as session:
            await _switch(session, number, keep_untold=keep_untold)
            await session.commit()
        async with service.sessions() as session:
            await _remove_left(session)
            await session.commit()
        return Outcome(reach, differences, behind)


_NEXT = text(
    "INSERT INTO projection (number, current, begun_at) SELECT max(number) + 1, false, now() FROM projection"
    " RETURNING number"
)


async def _begin(service: Service) -> int:
    async with service.sessions() as session:
        await run(session, text("DELETE FROM projection WHERE NOT current"))  # one that was broken off
        await _remove_left(session)
        number: int = (await run(session, _NEXT)).scalar_one()
        await session.commit()
        return number


async def _remove_left(session: AsyncSession) -> None:
    for table in comparing.TABLES:
        await run(session, text(f"DELETE FROM {table.name} WHERE projection NOT IN (SELECT number FROM projection)"))


async def _read(service: Service, number: int, reach: Reach, tell: Tell, *, elsewhere: bool) -> None:
    """Reads a stream up to what is in it now."""
    js, node = service.streams.js, service.streams.node
    stream = service.streams.name("elsewhere" if elsewhere else "shared")
    info = await js.stream_info(stream)
    last = info.state.last_seq
    reach.removed += last - info.state.messages
    if any((limit or 0) > 0 for limit in (info.config.max_age, info.config.max_msgs, info.config.max_bytes)):
        reach.limited.append(stream)
    name = f"insight-rebuild-{new_id()}"  # one that broke off lives on for a minute, and stands where it was
    filters = [
        subject
        for kind in (facts.TELLING_ELSEWHERE if elsewhere else facts.TELLING)
        for subject in (kind.filter_subjects_elsewhere(node) if elsewhere else [kind.filter_subject(node)])
    ]
    config = ConsumerConfig(
        name=name,
        ack_policy=AckPolicy.NONE,
        deliver_policy=DeliverPolicy.ALL,
        inactive_threshold=60,
        filter_subjects=filters,
    )
    left = (await js.add_consumer(stream, config)).num_pending or 0
    async with Pull(service.streams, stream, name, MESSAGES_AT_ONCE) as pull:
        came = 0
        while left:
            messages = await pull.messages()
            came += len(messages)
            if not messages:  # it was woken for nothing, or what was left is purged
                info = await js.consumer_info(stream, name)
                left = (info.num_pending or 0) + info.delivered.consumer_seq - came
                continue
            messages = [message for message in messages if message.metadata.sequence.stream <= last]
            if not messages:
                break
            await _keep(service, number, reach, messages, elsewhere=elsewhere)
            left = messages[-1].metadata.num_pending
            tell(f"{stream}: nog {left} te lezen (left to read)")


async def _keep(service: Service, number: int, reach: Reach, messages: list[Msg], *, elsewhere: bool) -> None:
    """Keeps what messages tell in the new projection only, in one transaction."""
    told = []
    for message in messages:
        try:
            envelope, event = understood(message, _type_of(message), elsewhere=elsewhere)
        except ValueError:  # a dead letter of the service
            reach.not_understood += 1
            continue
        reach.events += 1
        reach.since = min(reach.since or envelope.time, envelope.time)
        if kept := facts.told_by(event, said_by(message), envelope.time, service.settings.national_node):
            statement, values = kept
            told.append((id(statement), event.entity_id, statement, values | {"only": number}))
    # Each statement once for all its rows, and the rows in the order in which the handlers lock them.
    told.sort(key=lambda one: one[:2])
    async with service.sessions() as session:
        for _, _, statement, values in told:
            write(session, statement, values)
        await write_now(session)
        await session.commit()


_BY_NAME: dict[str, type[Event]] = {kind.wire_name: kind for kind in facts.TELLING_ELSEWHERE}


def _type_of(message: Msg) -> type[Event]:
    return _BY_NAME[".".join(message.subject.split(".")[-3:-1])]


async def _catch_up(service: Service) -> int:
    """How many events the service itself has not handled yet, after a while in which it could."""
    deadline = asyncio.get_running_loop().time() + CATCHING_UP_SECONDS_MAX
    while (behind := await _behind(service)) and asyncio.get_running_loop().time() < deadline:
        await asyncio.sleep(0.1)
    return behind


async def _behind(service: Service) -> int:
    behind = 0
    for consumer in service.consumers:
        info = await service.streams.js.consumer_info(consumer.stream, consumer.name)
        behind += (info.num_pending or 0) + (info.num_ack_pending or 0)
    return behind


async def _switch(session: AsyncSession, number: int, *, keep_untold: bool) -> None:
    """Nobody hears or reads in between; that is short."""
    await run(session, text("LOCK TABLE projection IN ACCESS EXCLUSIVE MODE"))
    if keep_untold:
        await comparing.take_over(session, number)
    await run(session, text("UPDATE projection SET current = (number = :number)"), {"number": number})
    await run(session, text("DELETE FROM projection WHERE NOT current"))
