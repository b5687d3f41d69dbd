"""The partners' door over NATS: the same events, by the same rules, from `odh.<node>.partner.<partner>.<thing>.<id>`.

Who may publish where is the broker's to guard; the subject tells which partner it is, and one whose keys were all
revoked is not heard, whatever the broker still lets in. An event is acknowledged when it is taken in, so that what was
published while this service was away is not lost. What cannot be taken in its partner is told in an `event-refused`;
more than the minute takes waits for the next, and only what that partner published.
"""

import asyncio
import re
from collections import Counter
from typing import Any

from nats.aio.msg import Msg
from nats.js.api import AckPolicy, ConsumerConfig, DiscardPolicy, RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem, Service
from chassis.database import is_away
from chassis.dead_letters import NotHandled
from chassis.limits import check_json
from chassis.problems import InvalidJson
from chassis.pulling import Pull
from chassis.sql import run_alone
from chassis.tasks import ended
from chassis.telemetry import describe, log
from chassis.transactions import Item
from contracts.event import FieldError, new_id
from contracts.partners import EventRefused
from services.partners import door, news, store
from services.partners.envelopes import PLAIN, STRUCTURED, events_of
from services.partners.rules import NotAPartner, TooManyEvents
from services.partners.settings import PartnersSettings
from services.partners.tokens import caller_of

#: What partners publish is in a stream of this kind.
KIND = "partners"

#: What is published waits so long for a node whose partners service is away, or for a partner that is not there yet.
KEPT_SECONDS = 14 * 24 * 3600.0

#: So much may wait of all partners together: one who sends more than is taken in is refused, and the node goes on.
ROOM_BYTES = 1024**3

#: A receipt is unique by its partner, source and id. The stream would leave out by a header alone, of whichever
#: partner it is: two that number their messages alike would lose each other's. This is the least the server takes.
DUPLICATES_SECONDS = 0.1

#: How often is looked for partners that are new, and how many messages of one are taken in together.
LOOK_SECONDS, TAKEN_IN_TOGETHER = 1.0, 100

#: How long what failed stays away.
AGAIN_SECONDS = 2.0


def durable(partner_id: str) -> str:
    """The consumer of one partner: what of another has to wait for its minute to pass is not in its way."""
    return f"partners-door-{partner_id}"


async def hear_partners(service: Service) -> None:
    """In the background: takes in what partners publish, for as long as the service runs, each by a door of its own."""
    doors: dict[str, asyncio.Task[None]] = {}
    try:
        while True:
            try:
                await _open_doors(service, doors)
            except Exception as error:
                log.warning("partners not heard", fault=describe(error))
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        await ended(*doors.values())


_PARTNERS = text("SELECT partner_id FROM partner")


async def _open_doors(service: Service, doors: dict[str, asyncio.Task[None]]) -> None:
    """Opens the doors of partners that are new, and those that fell shut, such as when the broker was lost."""
    there = list((await run_alone(service.engine, _PARTNERS)).scalars())
    shut = [partner_id for partner_id in there if partner_id not in doors or doors[partner_id].done()]
    if shut:
        await service.streams.ready()
        await _open(service)
    for partner_id in shut:
        door = doors.get(partner_id)
        if door and not door.cancelled() and (error := door.exception()):  # of a cancelled one it would end this task
            log.warning("partner not heard", partner_id=partner_id, fault=describe(error))
        doors[partner_id] = asyncio.create_task(_hear(service, partner_id))


async def _open(service: Service) -> None:
    js, node = service.streams.js, service.settings.node
    made = StreamConfig(
        name=service.streams.name(KIND),
        subjects=[f"odh.{node}.partner.>"],
        retention=RetentionPolicy.WORK_QUEUE,  # it may be personal, and is gone once it was taken in
        num_replicas=service.settings.stream_replicas,
        max_age=KEPT_SECONDS,
        max_msg_size=service.settings.body_bytes_max,
        max_bytes=ROOM_BYTES,
        discard=DiscardPolicy.NEW,
        duplicate_window=DUPLICATES_SECONDS,
    )
    try:
        there = (await js.stream_info(str(made.name))).config
    except NotFoundError:
        await js.add_stream(made)
    else:  # what an operator set on it stays, but nothing is lost of what a partner is told that it is kept
        changed: dict[str, Any] = {}
        if there.duplicate_window != DUPLICATES_SECONDS:
            changed["duplicate_window"] = DUPLICATES_SECONDS
        if (there.max_bytes or -1) < 0:
            changed |= {"max_bytes": ROOM_BYTES, "discard": DiscardPolicy.NEW}
        if changed:
            await js.update_stream(there, **changed)
    if KIND not in service.streams.kinds:
        service.streams.kinds.append(KIND)


async def _hear(service: Service, partner_id: str) -> None:
    js, node = service.streams.js, service.settings.node
    stream, name = service.streams.name(KIND), durable(partner_id)
    config = ConsumerConfig(
        durable_name=name,
        filter_subject=f"odh.{node}.partner.{partner_id}.>",
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=30,
        max_ack_pending=1000,
    )
    await js.add_consumer(stream, config)
    faults: Counter[int] = Counter()
    async with Pull(service.streams, stream, name, TAKEN_IN_TOGETHER) as pull:
        while True:
            await asyncio.gather(*(_take_in(service, message, faults) for message in await pull.messages()))


async def _take_in(service: Service, message: Msg, faults: Counter[int]) -> None:
    """`faults` is how often each message failed here, by its number in the stream: how often it was delivered counts
    the minutes that were full and the times that the database was away too.
    """
    partner_id, number = message.subject.split(".")[3], message.metadata.sequence.stream

    async def take_in(session: AsyncSession) -> None:
        assert isinstance(service.settings, PartnersSettings)
        partner = await store.live_partner(session, partner_id, service.now())
        if partner is None:
            raise NotAPartner
        check_json(message.data)
        events = events_of(STRUCTURED, {}, message.data, batch_max=1)
        await door.take_in(session, caller_of(partner), events, service.now(), service.settings)

    async def refuse(session: AsyncSession, problem: Problem) -> None:
        errors = tuple(FieldError.model_validate(error) for error in problem.facts.get("errors", ()))
        told = {"problem": problem.type_uri, "title": problem.title, "errors": errors, **_which(message)}
        await news.tell(session, EventRefused(receipt_id=new_id(), partner_id=partner_id, **told), service.now())

    try:
        try:
            if faults[number] >= service.settings.attempts_max:
                raise NotHandled
            await service.transactions.do(Item(take_in))
        except (TooManyEvents, NotAPartner):
            raise
        except Problem as problem:
            refused = problem
            await service.transactions.do(Item(lambda session: refuse(session, refused)))
    except TooManyEvents as busy:
        await message.nak(delay=float(busy.headers["Retry-After"]))
        return
    except NotAPartner:  # there is nobody to tell
        log.warning("event of nobody", partner_id=partner_id)
    except Exception as error:  # it comes again; that the database is away is no fault of the event
        faults[number] += not is_away(error)
        log.warning("partner event will be tried again", fault=describe(error))
        await message.nak(delay=AGAIN_SECONDS)
        return
    faults.pop(number, None)
    await message.ack()


def _which(message: Msg) -> dict[str, str]:
    """Which event a message says that it is; '' for what it does not say, or in a text that is not told on."""
    try:
        found = check_json(message.data)
    except InvalidJson:
        found = None
    said = found if isinstance(found, dict) else {}
    sent_as = (message.headers or {}).get("Nats-Msg-Id")
    return {
        "source": _plain(said.get("source"), 256),
        "event_id": _plain(said.get("id"), 128) or _plain(sent_as, 128),
        "event_type": _plain(said.get("type"), 256),
    }


def _plain(found: Any, characters_max: int) -> str:
    is_plain = isinstance(found, str) and len(found) <= characters_max and re.fullmatch(PLAIN, found)
    return found if is_plain else ""
