"""What others do for the same work, on the same servers: without a bar, to look again at our own choices by."""

import time
from typing import Any

import sqlalchemy as sa
from faststream.nats import JStream, NatsBroker, NatsMessage, PullSub
from faststream_outbox import OutboxBroker, make_outbox_table

from bench.bodies import placed
from bench.ground import Ground
from bench.handlers import FETCHED_TOGETHER, hear_with, in_a_transaction, running, until_said
from bench.measuring import Finding, Size
from bench.process import alone
from bench.relay import messages_stored, publish_trial
from chassis import Settings
from chassis.database import engine_for, sessions_of
from chassis.streams import Streams
from contracts.requests import RequestPlaced

WORKERS = 32


async def published_naively(ground: Ground, size: Size, seed: int) -> Finding:
    """A loop that publishes an event and waits for its ack."""
    return await publish_trial(ground, size.events_one_by_one, seed, in_flight=1)


async def relayed_by_faststream_outbox(ground: Ground, size: Size, seed: int) -> Finding:
    """The outbox of faststream-outbox, with as many workers as help and its deletes gathered."""
    async with ground.fresh() as place:
        done = await alone(relay_with_faststream, settings=place.settings, count=size.events_one_by_one, seed=seed)
        counts = {"written": size.events_one_by_one, "stored": done["stored"]}
        return Finding({"events/s": size.events_one_by_one / done["seconds"]}, {"events": counts})


async def handled_by_faststream(ground: Ground, size: Size, seed: int) -> Finding:
    """FastStream's plain subscriber, with the same transaction for each event."""
    return await hear_with(handle_with_faststream, ground, size.events_one_by_one, seed)


# What runs in processes of its own.


async def handle_with_faststream(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """FastStream fetches, handles each event by itself, and acknowledges it."""
    async with running(settings, count=count, seed=seed) as service:
        broker = NatsBroker(settings["nats_url"], logger=None)

        @broker.subscriber(
            RequestPlaced.filter_subject(settings["node"]),
            stream=JStream(service.streams.name("shared"), declare=False),
            durable="faststream",
            pull_sub=PullSub(batch_size=FETCHED_TOGETHER),
        )
        async def hear(message: NatsMessage) -> None:
            await in_a_transaction(service, message.raw_message.data)

        done = await until_said(service, broker.start(), "faststream", count)
        await broker.stop()
        return done


async def relay_with_faststream(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """Fills its outbox, and then has its subscriber publish each row."""
    told = Settings(**settings)
    engine, streams = engine_for(told.database_url, WORKERS + 4), Streams(told, "bench")
    await streams.connect()
    metadata = sa.MetaData()
    outbox = OutboxBroker(engine, outbox_table=make_outbox_table(metadata, table_name="faststream_outbox"), logger=None)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)

    @outbox.subscriber(
        "events",
        max_workers=WORKERS,
        fetch_batch_size=FETCHED_TOGETHER,
        min_fetch_interval=0.01,
        terminal_flush_batch_size=FETCHED_TOGETHER,
    )
    async def relay(event: RequestPlaced) -> None:
        headers = {"Nats-Msg-Id": event.request_id}
        await streams.js.publish(event.subject(told.node), event.model_dump_json().encode(), headers=headers)

    await outbox.connect()
    async with sessions_of(engine)() as session:
        await outbox.publish_batch(*placed(seed, count), queue="events", session=session)
        await session.commit()
    since = time.perf_counter()
    await outbox.start()
    stored = await messages_stored(streams, count, within=60)
    seconds = time.perf_counter() - since
    await outbox.stop()
    await streams.close()
    await engine.dispose()
    return {"seconds": seconds, "stored": stored}
