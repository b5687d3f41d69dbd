"""Events that are heard: each with its inbox row, one write and one event out (P6), a batch in a transaction (P7)."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from fastapi import APIRouter
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.ground import Ground
from bench.measuring import Finding, Size
from bench.process import alone
from bench.relay import fill_and_drain
from chassis import EventRouter, Service, Settings, say, telemetry
from chassis.consumer import Consumer
from chassis.database import engine_for, own_tables
from chassis.sql import write
from chassis.streams import Streams
from chassis.transactions import Item
from contracts.envelope import decode
from contracts.requests import RequestChanged, RequestPlaced

LOOK_SECONDS, SECONDS_MAX = 0.02, 90.0
FETCHED_TOGETHER = 100

Table: Any = own_tables()
router = EventRouter()


class Heard(Table, table=True):  # type: ignore[call-arg]
    """What the handler of these trials keeps of an event."""

    __tablename__ = "heard"
    request_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    title: str = Field(sa_type=sa.Text)


@router.hears(RequestPlaced)
async def keep_and_tell(event: RequestPlaced, session: AsyncSession) -> None:
    """The least that a handler does: one write, one event out."""
    write(session, _KEEP, {"request_id": event.request_id, "version": event.version, "title": event.title})
    say(session, RequestChanged(**dict(event)))


_KEEP = sa.text(
    """
    INSERT INTO heard AS h (request_id, version, title) VALUES (:request_id, :version, :title)
    ON CONFLICT (request_id) DO UPDATE SET version = excluded.version, title = excluded.title
    WHERE h.version < excluded.version
    """
)


async def handled(ground: Ground, size: Size, seed: int) -> Finding:
    """A service hears what waits in the stream."""
    return await hear_with(handle_in_batches, ground, size.events_handled, seed)


async def handled_one_by_one(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling of P7: the same, with a transaction for each event."""
    return await hear_with(handle_one_by_one, ground, size.events_one_by_one, seed)


async def fetched(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling of P6: events are fetched by the hundred and acknowledged, and nothing is done with them."""
    async with ground.fresh() as place:
        done = await alone(fetch_and_ack, settings=place.settings, count=size.events_handled, seed=seed)
        counts = {"published": size.events_handled, "acknowledged": done["acknowledged"]}
        return Finding({"events/s": size.events_handled / done["seconds"]}, {"events": counts})


async def hear_with(handle: Callable[..., Awaitable[Any]], ground: Ground, count: int, seed: int) -> Finding:
    """Has something hear so many events, and counts what came of them."""
    async with ground.fresh() as place:
        done = await alone(handle, settings=place.settings, count=count, seed=seed)
        counts = {
            "published": count,
            "entered": await place.count("SELECT count(*) FROM inbox"),
            "kept": await place.count("SELECT count(*) FROM heard"),
            "said": done["said"],
        }
        figures = {"events/s": count / done["said_seconds"], "acknowledged/s": count / done["heard_seconds"]}
        return Finding(figures, {"events": counts})


# What runs in processes of its own.


async def handle_in_batches(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """The service hears as it does in production, until it has said all there was to say."""
    async with running(settings, count=count, seed=seed) as service:
        consumer = Consumer(service, router.hearings[0])
        return await until_said(service, consumer.run(), consumer.name, count, stop=consumer.stop)


async def handle_one_by_one(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """A loop as it is written first: fetch, and for each event a transaction and an ack."""
    async with running(settings, count=count, seed=seed) as service:
        subscription = await subscribed(service.streams, "one-by-one")

        async def hear() -> None:
            while True:
                for message in await subscription.fetch(FETCHED_TOGETHER, timeout=30):
                    await in_a_transaction(service, message.data)
                    await message.ack()

        return await until_said(service, hear(), "one-by-one", count)


async def in_a_transaction(service: Service, body: bytes) -> None:
    """Handles one event by itself."""
    envelope, event = decode(body)

    async def work(session: AsyncSession) -> None:
        await keep_and_tell(event, session)

    (outcome,) = await service.transactions.group([Item(work, event_id=envelope.id)], consumer="one-by-one")
    if isinstance(outcome, BaseException):
        raise outcome


async def fetch_and_ack(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """What nats-py itself can do."""
    await _fill_stream(settings, count, seed)
    streams = Streams(Settings(**settings), "bench")
    await streams.connect()
    subscription = await subscribed(streams, "raw")
    begin, acknowledged = time.perf_counter(), 0
    while acknowledged < count:
        for message in await subscription.fetch(FETCHED_TOGETHER, timeout=5):
            await message.ack()
            acknowledged += 1
    while (await subscription.consumer_info()).num_ack_pending:
        await asyncio.sleep(LOOK_SECONDS)
    seconds = time.perf_counter() - begin
    await streams.close()
    return {"seconds": seconds, "acknowledged": acknowledged}


async def subscribed(streams: Streams, durable: str) -> JetStreamContext.PullSubscription:
    """As nats-py does it."""
    return await streams.js.pull_subscribe_bind(consumer=durable, stream=await streams.consumer(RequestPlaced, durable))


@asynccontextmanager
async def running(settings: dict[str, Any], *, count: int, seed: int) -> AsyncIterator[Service]:
    """A service with all its parts open, that hears nothing yet of the events that wait for it."""
    await _fill_stream(settings, count, seed)
    service = Service("bench", Settings(**settings), tables=Table, api=APIRouter())
    telemetry.configure(service.name, service.settings)
    service.is_migrated = True  # the tables are made already
    async with service.app.router.lifespan_context(service.app):
        await service.streams.ready()
        yield service


async def _fill_stream(settings: dict[str, Any], count: int, seed: int) -> None:
    await fill_and_drain(settings=settings, count=count, seed=seed)
    engine = engine_for(settings["database_url"], 4)
    async with engine.begin() as connection:
        await connection.run_sync(Table.metadata.create_all)
    await engine.dispose()


async def until_said(
    service: Service, hearing: Awaitable[None], consumer: str, count: int, stop: Callable[[], object] | None = None
) -> dict[str, Any]:
    """From the first fetch until every event is acknowledged, and until what was said of each is in the stream."""
    stream, js = service.streams.name("shared"), service.streams.js
    begin, heard_seconds = time.perf_counter(), 0.0
    task = asyncio.ensure_future(hearing)
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if not heard_seconds and await _is_heard(js, stream, consumer):
            heard_seconds = time.perf_counter() - begin
        messages = (await js.stream_info(stream)).state.messages
        if heard_seconds and messages >= 2 * count:
            said_seconds = time.perf_counter() - begin
            break
        if time.perf_counter() - begin > SECONDS_MAX:
            raise TimeoutError(f"{consumer} did not finish")
    (stop or task.cancel)()
    await asyncio.gather(task, return_exceptions=True)
    return {"heard_seconds": heard_seconds, "said_seconds": said_seconds, "said": messages - count}


async def _is_heard(js: JetStreamContext, stream: str, consumer: str) -> bool:
    try:
        info = await js.consumer_info(stream, consumer)
    except NotFoundError:
        return False
    return not info.num_pending and not info.num_ack_pending
