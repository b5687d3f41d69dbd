"""The partners' door over NATS: the same events, by the same rules, from `odh.<node>.partner.<partner>.<thing>.<id>`.

Who may publish where is the broker's to guard; the subject tells which partner it is. An event is acknowledged when it
is taken in, so that what was published while this service was away is not lost. What cannot be taken in its partner is
told in an `event-refused`; more than the minute takes waits for the next.
"""

import asyncio

from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, RetentionPolicy, StreamConfig
from nats.js.errors import NotFoundError
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem, Service
from chassis.limits import check_json
from chassis.telemetry import describe, log
from chassis.transactions import Item
from contracts.event import FieldError, new_id
from contracts.partners import EventRefused
from services.partners import door, news, store
from services.partners.envelopes import STRUCTURED, events_of
from services.partners.rules import NotAPartner, TooManyEvents
from services.partners.settings import PartnersSettings
from services.partners.tokens import caller_of

DURABLE = "partners-door"

#: What is published waits so long for a node whose partners service is away.
KEPT_SECONDS = 14 * 24 * 3600.0


async def hear_partners(service: Service) -> None:
    """In the background: takes in what partners publish, for as long as the service runs."""
    while True:
        try:
            await service.streams.ready()
            await _hear(service)
        except (NatsError, OSError, TimeoutError) as error:
            log.warning("partners not heard", fault=type(error).__name__)
            await asyncio.sleep(0.5)


async def _hear(service: Service) -> None:
    js, node = service.streams.js, service.settings.node
    stream = f"odh-{node}-partners"
    made = StreamConfig(
        name=stream,
        subjects=[f"odh.{node}.partner.>"],
        retention=RetentionPolicy.WORK_QUEUE,  # it may be personal, and is gone once it was taken in
        num_replicas=service.settings.stream_replicas,
        max_age=KEPT_SECONDS,
    )
    try:  # what an operator set on it stays
        await js.stream_info(stream)
    except NotFoundError:
        await js.add_stream(made)
    config = ConsumerConfig(durable_name=DURABLE, ack_policy=AckPolicy.EXPLICIT, ack_wait=30, max_ack_pending=1000)
    await js.add_consumer(stream, config)
    pull = await js.pull_subscribe_bind(DURABLE, stream)
    while True:
        try:
            messages = await pull.fetch(100, timeout=5)
        except TimeoutError:
            continue
        await asyncio.gather(*(_take_in(service, message) for message in messages))


async def _take_in(service: Service, message: Msg) -> None:
    partner_id = message.subject.split(".")[3]

    async def take_in(session: AsyncSession) -> None:
        assert isinstance(service.settings, PartnersSettings)
        partner = await store.partner(session, partner_id)
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
