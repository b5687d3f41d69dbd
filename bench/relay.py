"""From the outbox to the stream: how many events a second (P4), and how much later than the commit (P5)."""

import asyncio
import statistics
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlmodel.ext.asyncio.session import AsyncSession

from bench.bodies import placed
from bench.ground import Ground
from bench.load import percentile
from bench.measuring import Finding, Size
from bench.process import alone
from chassis import Settings, say
from chassis.database import engine_for, own_tables, sessions_of
from chassis.mailboxes import Outgoing, write_outbox
from chassis.relay import Relay
from chassis.streams import Streams
from chassis.transactions import Item, Transactions
from contracts.envelope import decode, encode
from contracts.event import new_id
from contracts.requests import RequestPlaced

COMMITS_PER_SECOND = 100
FILLED_TOGETHER = 500


async def relayed(ground: Ground, size: Size, seed: int) -> Finding:
    """A full outbox is emptied."""
    async with ground.fresh() as place:
        drained = await alone(fill_and_drain, settings=place.settings, count=size.events_relayed, seed=seed)
        left = await place.count("SELECT count(*) FROM outbox")
        counts = {"written": size.events_relayed, "relayed": drained["events"] - left, "stored": drained["stored"]}
        return Finding({"events/s": drained["events"] / drained["seconds"]}, {"events": counts})


async def published_one_by_one(ground: Ground, size: Size, seed: int) -> Finding:
    """The ceiling: the same events as single publishes, 256 in flight, without an outbox."""
    return await publish_trial(ground, size.events_published, seed, in_flight=256)


async def publish_trial(ground: Ground, count: int, seed: int, in_flight: int) -> Finding:
    """Publishes so many events, so many at a time."""
    async with ground.fresh() as place:
        done = await alone(publish, settings=place.settings, count=count, seed=seed, in_flight=in_flight)
    return Finding({"events/s": count / done["seconds"]}, {"events": {"published": count, "stored": done["stored"]}})


async def delayed(ground: Ground, size: Size, seed: int) -> Finding:
    """How long after its commit an event is in the stream, when commits come at a steady pace."""
    async with ground.fresh() as place:
        warming = round(COMMITS_PER_SECOND * size.warm_seconds)
        count = warming + round(COMMITS_PER_SECOND * size.seconds)
        listening = asyncio.create_task(alone(listen, settings=place.settings, count=count))
        committed = await alone(commit_steadily, settings=place.settings, count=count, seed=seed)
        stored = await asyncio.wait_for(listening, 60)
        moments = sorted(committed.items(), key=lambda each: each[1])[warming:]
        took = [(stored[event_id] - moment) / 1e6 for event_id, moment in moments]
        return Finding(
            {"p50 ms": statistics.median(took), "p99 ms": percentile(took, 0.99)},
            {"events": {"committed": len(committed), "stored": len(stored)}},
        )


# What runs in processes of its own.


async def fill(*, settings: dict[str, Any], count: int, seed: int) -> None:
    """Makes the tables and the streams, and an outbox with so many events in it."""
    told = Settings(**settings)
    engine, streams = engine_for(told.database_url, 4), Streams(told, "bench")
    async with engine.begin() as connection:
        await connection.run_sync(own_tables().metadata.create_all)
    await streams.connect()
    events = placed(seed, count)
    for start in range(0, count, FILLED_TOGETHER):
        async with sessions_of(engine)() as session:
            for number, event in enumerate(events[start : start + FILLED_TOGETHER]):
                session.info["cause"] = f"00-{number + 1:032x}-{number + 1:016x}-0{number % 10 == 0:d}"  # one in ten
                say(session, event)
            await write_outbox(session, told.node)
            await session.commit()
    await streams.close()
    await engine.dispose()


async def fill_and_drain(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, Any]:
    """A full outbox, emptied."""
    await fill(settings=settings, count=count, seed=seed)
    return await drain(settings=settings)


async def drain(*, settings: dict[str, Any]) -> dict[str, Any]:
    """Relays until the outbox is empty, as the relay of a service does when there is much to say."""
    told = Settings(**settings)
    engine, streams = engine_for(told.database_url, 4), Streams(told, "bench")
    await streams.connect()
    relay = Relay(engine, streams, "bench", told)
    since, events = time.perf_counter(), 0
    while relayed_now := await relay.relay_batch():
        events += relayed_now
    seconds = time.perf_counter() - since
    stored = await _stored(streams)
    await relay.close()
    await streams.close()
    await engine.dispose()
    return {"seconds": seconds, "events": events, "stored": stored}


async def publish(*, settings: dict[str, Any], count: int, seed: int, in_flight: int) -> dict[str, Any]:
    """Publishes events that are encoded already, so many at a time."""
    told = Settings(**settings)
    streams, now = Streams(told, "bench"), datetime.now(UTC)
    await streams.connect()
    waiting = []
    for event in placed(seed, count):
        event_id = new_id()
        body = encode(event, event_id=event_id, node=told.node, time=now, traceparent=None)
        waiting.append((event.subject(told.node), body, event_id))

    async def one_after_another() -> None:
        while waiting:
            subject, body, event_id = waiting.pop()
            await streams.js.publish(subject, body, headers={"Nats-Msg-Id": event_id})

    since = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(in_flight)))
    seconds = time.perf_counter() - since
    stored = await _stored(streams)
    await streams.close()
    return {"seconds": seconds, "stored": stored}


async def commit_steadily(*, settings: dict[str, Any], count: int, seed: int) -> dict[str, int]:
    """Commits one event after another as commands do, once somebody listens; returns when each was committed."""
    await fill(settings=settings, count=0, seed=seed)
    told = Settings(**settings)
    engine, streams = engine_for(told.database_url, 6), Streams(told, "bench")
    await streams.connect()
    async with asyncio.timeout(30):
        while not (await streams.js.stream_info(streams.name("shared"))).state.consumer_count:
            await asyncio.sleep(0.05)
    relay = Relay(engine, streams, "bench", told)
    written: list[str] = []
    committed: dict[str, int] = {}

    def said(rows: Sequence[Outgoing]) -> None:
        now = time.monotonic_ns()
        committed.update(dict.fromkeys(written, now))
        written.clear()
        relay.hand_over(rows)

    transactions = Transactions(sessions_of(engine), "bench", told, said)
    transactions.start()
    relaying = asyncio.create_task(relay.run())

    async def do(event: RequestPlaced) -> None:
        async def work(session: AsyncSession) -> None:
            written.append(say(session, event))

        await transactions.do(Item(work))

    events, begin, doing = placed(seed, count), time.monotonic() + 0.5, []
    for turn, event in enumerate(events):
        await asyncio.sleep(max(0.0, begin + turn / COMMITS_PER_SECOND - time.monotonic()))
        doing.append(asyncio.create_task(do(event)))
    await asyncio.gather(*doing)
    await messages_stored(streams, count, within=20)
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    await transactions.stop()
    await streams.close()
    await engine.dispose()
    return committed


async def listen(*, settings: dict[str, Any], count: int) -> dict[str, int]:
    """When each event came out of the stream: the server delivers what it has stored."""
    told = Settings(**settings)
    streams = Streams(told, "bench")
    await streams.connect()
    heard: dict[str, int] = {}
    over = asyncio.get_running_loop().create_future()

    async def hear(message: Any) -> None:
        now = time.monotonic_ns()
        heard[decode(message.data)[0].id] = now
        if len(heard) == count and not over.done():
            over.set_result(None)

    await streams.js.subscribe(f"odh.{told.node}.shared.>", ordered_consumer=True, cb=hear)
    await asyncio.wait_for(over, 60)
    await streams.close()
    return heard


async def messages_stored(streams: Streams, count: int, within: float) -> int:
    """Waits until the stream of shared events holds so many messages; returns how many it holds."""
    async with asyncio.timeout(within):
        while (stored := await _stored(streams)) < count:
            await asyncio.sleep(0.02)
    return stored


async def _stored(streams: Streams) -> int:
    return (await streams.js.stream_info(streams.name("shared"))).state.messages
