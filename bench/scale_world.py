"""A world of synthetic offers and requests in the database of matching, as many as wanted; made in parts, so that a
world that was begun is gone on with."""

import random
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import asyncpg
import numpy as np

from bench.scale_texts import READ_OFFERS, READ_REQUESTS, Told, Vectors, told
from contracts.members import Place
from contracts.places import _index
from contracts.vocabulary import Language, Side
from services.matching import propositions
from services.matching.meanings import fingerprint_of
from services.matching.similarity import DIMENSIONS

PART = 5_000

#: Of five offers there is one request that waits.
OFFERS_PER_REQUEST = 5

#: Of so many requests of regions one is escalated to the national node; it seeks for no others.
REQUESTS_PER_ESCALATION = 20

#: How far people want to go, with how many of a hundred of them; none: however far.
REACHES = {
    Side.REQUEST: {None: 25, 10: 15, 25: 30, 50: 20, 100: 10},
    Side.OFFER: {None: 30, 15: 10, 25: 25, 50: 25, 100: 10},
}

#: A region: what lies within so many kilometres of Utrecht.
REGION_KM = 40.0

COLUMNS = (
    "proposition_id", "side", "version", "member_id", "organisation_id", "kind", "themes", "title", "text",
    "language", "place_name", "province", "latitude", "longitude", "reach_km", "mbo_level", "status", "expires_at",
    "opened_at", "words", "words_make", "unwanted", "voice", "node", "is_sought",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class World:
    """How many offers, in a region that stands alone, or at the national node, which has them from all regions."""

    offers: int
    spread: str
    seed: int = 1

    @property
    def database(self) -> str:
        """What it is called."""
        return f"scale_{self.spread}_{self.offers}_{self.seed}_2"

    def node_of(self, place: Place) -> str | None:
        """The node that said it: at the national node a region for each province."""
        return place.province.lower() if self.spread == "nation" else None

    def sought(self, side: Side) -> range:
        """The numbers of the requests or offers for which something is sought."""
        if side is Side.OFFER:
            return range(self.offers)
        return range(0, self.offers // OFFERS_PER_REQUEST, REQUESTS_PER_ESCALATION if self.spread == "nation" else 1)


class Places:
    """Where people live: towns by their inhabitants."""

    def __init__(self, spread: str) -> None:
        entries = {id(entry): entry for found in _index().values() for entry in found}.values()
        near = [entry for entry in entries if spread == "nation" or _from_utrecht(entry.place) <= REGION_KM]
        self.places = [entry.place for entry in near]
        self.weights = [max(entry.inhabitants, 200) for entry in near]

    def choose(self, chance: random.Random, count: int) -> list[Any]:
        """So many places, larger towns more often."""
        return chance.choices(self.places, self.weights, k=count)


def _from_utrecht(place: Any) -> float:
    north, east = (place.latitude - 52.09) * 111.2, (place.longitude - 5.12) * 68.3
    return float(np.hypot(north, east))


async def fill(connection: asyncpg.Connection, world: World, vectors: Vectors, say: Callable[[str], None]) -> float:
    """Makes what is not there yet, without indexes, then those; returns how many rows a second went in, 0 for none."""
    await _set_up(connection)
    places, written, began = Places(world.spread), 0, time.perf_counter()
    for side, count in ((Side.OFFER, world.offers), (Side.REQUEST, world.offers // OFFERS_PER_REQUEST)):
        there = await connection.fetchval("SELECT count(*) FROM proposition WHERE side = $1", side.value)
        for start in range(there, count, PART):
            size = min(PART, count - start)
            async with connection.transaction():
                await connection.execute(IN_BULK)
                await _write(connection, world, side, start, size, places, vectors)
            written += size
            if (start // PART) % 20 == 0:
                say(f"  {side}: {start + size} van {count} ({written / (time.perf_counter() - began):,.0f}/s)")
    await connection.execute(ESCALATE)
    rate = written / (time.perf_counter() - began) if written else 0.0
    for row in await connection.fetch("SELECT definition FROM bench_index"):
        say(f"  {row['definition'][:100]}")
        await connection.execute(row["definition"].replace(" INDEX ", " INDEX IF NOT EXISTS ", 1))
    if written:
        await connection.execute("VACUUM ANALYZE")
    return rate


ESCALATE = """
    INSERT INTO escalation (request_id, node, escalated_at)
    SELECT proposition_id, node, now() FROM proposition WHERE side = 'request' AND node IS NOT NULL AND is_sought
    ON CONFLICT DO NOTHING
"""


async def _set_up(connection: asyncpg.Connection) -> None:
    await connection.set_type_codec("halfvec", encoder=bytes, decoder=bytes, format="binary")
    await connection.execute(ARRIVING)
    async with connection.transaction():
        await connection.execute(INDEXES)
        for row in await connection.fetch("SELECT name FROM bench_index WHERE NOT EXISTS (SELECT FROM proposition)"):
            await connection.execute(f"DROP INDEX IF EXISTS {row['name']}")


#: The indexes that a row has to go into, which are made quicker when all rows are there. They are remembered.
INDEXES = """
    CREATE TABLE IF NOT EXISTS bench_index AS SELECT indexname AS name, indexdef AS definition FROM pg_indexes
    WHERE tablename IN ('proposition', 'meaning') AND indexname NOT LIKE 'pk%'
"""

#: What a row refers to is there; and a world that is lost is made again.
IN_BULK = "SET LOCAL synchronous_commit = off; SET LOCAL session_replication_role = replica"


async def _write(
    connection: asyncpg.Connection, world: World, side: Side, start: int, size: int, places: Places, vectors: Vectors
) -> None:
    chance, spread = random.Random(f"{world.seed} {side} {start}"), np.random.default_rng([world.seed, start, size])
    read = vectors.offers if side is Side.OFFER else vectors.requests
    own = read[np.arange(start, start + size) % len(read)]
    if start >= len(read):  # the first are of texts that were really read
        own = vectors.like(own, spread)
    rows = list(_propositions(world, side, start, size, chance, places))
    await connection.copy_records_to_table("arriving", records=rows, columns=COLUMNS)
    await connection.execute(ARRIVE)
    meanings = (
        (row[0], 1, side.value, row[-1], fingerprint_of(row[7], row[8]), literal)
        for row, literal in zip(rows, _binary(own), strict=True)
    )
    columns = ("proposition_id", "model_id", "side", "is_open", "fingerprint", "vector")
    await connection.copy_records_to_table("meaning", records=meanings, columns=columns)


#: The driver has no way to copy terms into their column as they are written.
ARRIVING = f"""
    CREATE TEMPORARY TABLE IF NOT EXISTS arriving AS SELECT {", ".join(COLUMNS)} FROM proposition LIMIT 0;
    ALTER TABLE arriving ALTER COLUMN words TYPE text
"""
ARRIVE = f"""
    INSERT INTO proposition ({", ".join(COLUMNS)})
    SELECT {", ".join("CAST(words AS tsvector)" if name == "words" else name for name in COLUMNS)} FROM arriving;
    TRUNCATE arriving
"""


@cache
def _one(number: int, side: Side) -> tuple[Told, dict[str, Any]]:
    """A text that was read, with its terms."""
    one = told(number, side)
    return one, propositions.understood(one.title, one.text, Language.DUTCH)


def _propositions(
    world: World, side: Side, start: int, size: int, chance: random.Random, places: Places
) -> Iterator[tuple[Any, ...]]:
    """Rows of `COLUMNS`: the texts that were read, over and over, each time at another place and by somebody else."""
    expires = datetime.now(UTC) + timedelta(days=90)
    reaches, mark, sought = REACHES[side], side.value[0], world.sought(side)
    for number, place in enumerate(places.choose(chance, size), start=start):
        one, said = _one(number % (READ_OFFERS if side is Side.OFFER else READ_REQUESTS), side)
        yield (
            f"{mark}-{number:08d}", side.value, 1, f"m-{mark}-{number // 3}", f"g-{mark}-{number // 6}",
            one.kind.value, [theme.value for theme in one.themes], f"{one.title} ({number})", one.text, "nl",
            place.name, place.province, place.latitude + chance.uniform(-0.01, 0.01),
            place.longitude + chance.uniform(-0.01, 0.01), chance.choices(tuple(reaches), tuple(reaches.values()))[0],
            chance.choice((None, 2, 3, 4)), "open", expires, expires - timedelta(days=91),
            said["words"], said["words_make"], said["unwanted"], said["voice"],
            world.node_of(place), number in sought,
        )  # fmt: skip


def _binary(vectors: Any) -> Iterator[bytes]:
    head = struct.pack(">HH", DIMENSIONS, 0)
    for vector in vectors.astype(">f2"):
        yield head + vector.tobytes()
