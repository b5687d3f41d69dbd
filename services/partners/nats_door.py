"""The partners' door over NATS: the same events, by the same rules, from `odh.<node>.partner.<partner>.<thing>.<id>`.

Who may publish where is the broker's to guard; the subject tells which partner it is, and one whose keys were all
revoked is not heard, whatever the broker still lets in. An event is acknowledged when it is taken in, so that what was
published while this service was away is not lost. What cannot be taken in its partner is told in an `event-refused`;
more than the minute takes waits for the next, and only what that partner published.
"""

import asyncio

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem, Service
from chassis.limits import check_json
from chassis.pulling import Pull
from chassis.tasks import ended
from chassis.telemetry import describe, log
from chassis.transactions import Item
from contracts.event import FieldError, new_id
from contracts.partners import EventRefused
from services.partners import door, news, store
from services.partners.envelopes import STRUCTURED, events_of
from services.partners.rules import NotAPartner, TooManyEvents
from services.partners.settings import PartnersSettings
from services.partners.tables import Partner
from services.partners.tokens import caller_of

#: What is published waits so long for a node whose partners service is away, or for a partner that is not there yet.
KEPT_SECONDS = 14 * 24 * 3600.0

#: How often is looked for partners that are new, and how many messages of one are taken in together.
LOOK_SECONDS, TAKEN_IN_TOGETHER = 1.0, 100


def durable(partner_id: str) -> str:
    """The consumer of one partner: what of another has to wait for its minute to pass is not in its way."""
    return f"partners-door-{partner_id}"


async def hear_partners(service: Service) -> None:
    """In the background: takes in what partners publish, for as long as the service runs."""
    while True:
        doors: dict[str, asyncio.Task[None]] = {}
        try:
            await service.streams.ready()
            await _open(service)
            while True:
                async with service.sessions() as session:
                    there = set((await session.exec(select(Partner.partner_id))).all())
                for partner_id in there - doors.keys():
                    doors[partner_id] = asyncio.create_task(_hear(service, partner_id))
                await asyncio.sleep(LOOK_SECONDS)
                for door in doors.values():
                    if door.done():
                        await door
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("partners not heard", fault=describe(error))
            await asyncio.sleep(0.5)
        finally:
            await ended(*doors.values())


async def _open(service: Service) -> None:
    js, node = service.streams.js, service.settings.node
    made = StreamConfig(
        name=f"odh-{node}-partners",
        subjects=[f"odh.{node}.partner.>"],
        retention=RetentionPolicy.WORK_QUEUE,  # it may be personal, and is gone once it was taken in
        num_replicas=service.settings.stream_replicas,
        max_age=KEPT_SECONDS,
        max_msg_size=service.settings.body_bytes_max,
    )
    try:  # what an operator set on it stays
        await js.stream_info(str(made.name))
    except NotFoundError:
        await js.add_stream(made)


async def _hear(service: Service, partner_id: str) -> None:
    js, node = service.streams.js, service.settings.node
    stream, name = f"odh-{node}-partners", durable(partner_id)
    config = ConsumerConfig(
        durable_name=name,
        filter_subject=f"odh.{node}.partner.{partner_id}.>",
        ack_policy=AckPolicy.EXPLICIT,
        ack_wait=30,
        max_ack_pending=1000,
    )
    await js.add_consumer(stream, config)
    async with Pull(service.streams, stream, name, TAKEN_IN_TOGETHER) as pull:
        while True:
            await asyncio.gather(*(_take_in(service, message) for message in await pull.messages()))


async def _take_in(service: Service, message: Msg) -> None:
    partner_id = message.subject.split(".")[3]

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
        told = {"problem": problem.type_uri, "title": problem.title, "errors": errors}
        sent_as = (message.headers or {}).get("Nats-Msg-Id", "")
        which = {"partner_id": partner_id, "source": "", "event_id": sent_as, "event_type": ""}
        await news.tell(session, EventRefused(receipt_id=new_id(), **which, **told), service.now())

    try:
        await service.transactions.do(Item(take_in))
    except TooManyEvents as busy:
        await message.nak(delay=float(busy.headers["Retry-After"]))
        return
    except NotAPartner:  # there is nobody to tell
        log.warning("event of nobody", subject=message.subject)
    except Problem as problem:
        refused = problem
        await service.transactions.do(Item(lambda session: refuse(session, refused)))
    except Exception as error:  # ours, such as a database that is away: it comes again
        log.warning("partner event will be tried again", fault=describe(error))
        await message.nak(delay=2.0)
        return
    await message.ack()
