"""How many events a second go into the projection of a world, with their vectors, and what the model takes of that."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import cast

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.replicas import event_of
from bench.scale_texts import READ_OFFERS, READ_REQUESTS, Vectors, told
from bench.scale_world import Places, World
from chassis.database import sessions_of
from chassis.transactions import Item, Transactions
from contracts.event import new_id
from contracts.members import Place
from contracts.requests import OfferPlaced
from contracts.vocabulary import Side
from services.matching import handlers, propositions, seeking
from services.matching.meanings import Read
from services.matching.propositions import Heard
from services.matching.seeking import Sought
from services.matching.settings import MatchingSettings
from services.matching.similarity import InProcess, as_literal, text_of
from services.matching.turns import TAKE_TURN, keep_together

#: The model takes the same time for every world, so a few texts tell it.
TEXTS_READ = 40


async def ingested(engine: AsyncEngine, world: World, vectors: Vectors, *, events: int) -> dict[str, float]:
    """Offers are placed in a world, in transactions as large as in production; they are removed again."""
    settings, chance = MatchingSettings(), random.Random(11)
    places = Places(world.spread).choose(chance, events)
    numbers = [chance.randrange(READ_OFFERS) for _ in range(events)]
    offers = [
        cast(OfferPlaced, event_of(told(number, Side.OFFER), place, chance, f"new-{count}"))
        for count, (number, place) in enumerate(zip(numbers, places, strict=True))
    ]
    read = [Read(1, as_literal(vectors.offers[number].tolist())) for number in numbers]
    nodes = [world.node_of(place) for place in places]
    batches = [
        tuple(each[start : start + settings.batch_size_max] for each in (offers, read, nodes))
        for start in range(0, events, settings.batch_size_max)
    ]
    done: dict[str, float] = {}
    for what, work in (("kept/s", _keep), ("kept and proposed/s", _keep_and_propose)):
        await work(engine, *batches[0], settings)  # what is asked often is prepared
        await _remove(engine, offers)
        began = time.perf_counter()
        in_turn = sum([await work(engine, *batch, settings) for batch in batches])
        done[what] = events / (time.perf_counter() - began)
        await _remove(engine, offers)
    done["copies kept/s"] = await _copies_kept(engine, vectors, places, chance, settings)
    done["in its turn ms/event"] = in_turn * 1000 / events
    done["model ms/text"] = await _reading_ms(numbers[:TEXTS_READ])
    done["all/s"] = 1 / (1 / done["kept and proposed/s"] + done["model ms/text"] / 1000)
    return {what: round(figure, 1) for what, figure in done.items()}


async def _keep(
    engine: AsyncEngine, offers: list[OfferPlaced], read: list[Read], nodes: list[str | None], _: MatchingSettings
) -> float:
    async with sessions_of(engine)() as session:
        await keep_together(session)
        for offer, vector, node in zip(offers, read, nodes, strict=True):
            await propositions.keep(session, offer, Side.OFFER, vector, datetime.now(UTC), node)
        await session.commit()
    return 0.0


async def _keep_and_propose(
    engine: AsyncEngine,
    offers: list[OfferPlaced],
    read: list[Read],
    nodes: list[str | None],
    settings: MatchingSettings,
) -> float:
    """Returns how many seconds of it nobody else can change matches."""
    now = datetime.now(UTC)
    sought = await seeking.keep_read_and_seek(sessions_of(engine), offers, read, now, settings, nodes)

    def work(offer: OfferPlaced, found: Sought | None) -> Item:
        async def propose(session: AsyncSession) -> None:
            await handlers.propose_to_waiting_requests(offer, session, now, settings, found)

        return Item(propose, event_id=new_id())

    one = settings.model_copy(update={"group_size_max": 1, "group_lanes": 1, "handler_seconds_max": 60})
    transactions = Transactions(sessions_of(engine), "bench", one, lambda _: None)
    items = [work(offer, found) for offer, found in zip(offers, sought, strict=True)]
    began = time.perf_counter()
    for outcome in await transactions.group(items, "bench", TAKE_TURN):
        if isinstance(outcome, BaseException):
            raise outcome
    return time.perf_counter() - began


async def _copies_kept(
    engine: AsyncEngine, vectors: Vectors, places: list[Place], chance: random.Random, settings: MatchingSettings
) -> float:
    """How many requests of a region a second the national node keeps, with their vector; they are not escalated."""
    numbers = [chance.randrange(READ_REQUESTS) for _ in places]
    requests = [
        event_of(told(number, Side.REQUEST), place, chance, f"new-{count}")
        for count, (number, place) in enumerate(zip(numbers, places, strict=True))
    ]
    read = [Read(1, as_literal(vectors.requests[number].tolist())) for number in numbers]
    size, now, began = settings.batch_size_max, datetime.now(UTC), time.perf_counter()
    for start in range(0, len(requests), size):
        batch = requests[start : start + size]
        nodes = ["brabant"] * len(batch)
        await seeking.keep_read_and_seek(sessions_of(engine), batch, read[start : start + size], now, settings, nodes)
    took = time.perf_counter() - began
    await _remove(engine, requests)
    return len(requests) / took


async def _remove(engine: AsyncEngine, placed: Sequence[Heard]) -> None:
    ids = [one.entity_id for one in placed]
    async with engine.begin() as connection:
        await connection.execute(text("DELETE FROM match WHERE offer_id = ANY(:ids)"), {"ids": ids})
        await connection.execute(text("DELETE FROM proposition WHERE proposition_id = ANY(:ids)"), {"ids": ids})
        await connection.execute(text("TRUNCATE inbox, outbox"))


async def _reading_ms(numbers: list[int]) -> float:
    reader, texts = InProcess(), [told(number, Side.OFFER) for number in dict.fromkeys(numbers)]
    await reader.load()
    began = time.perf_counter()
    await reader.read([text_of(f"{one.title}.", one.text) for one in texts], Side.OFFER)
    return (time.perf_counter() - began) * 1000 / len(texts)
