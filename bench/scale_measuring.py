"""What is measured in a world: how long the real statement takes, what its index misses, and what everything weighs."""

import random
import statistics
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.load import percentile
from bench.scale_world import World
from chassis.database import sessions_of
from contracts.vocabulary import Side
from services.matching import candidates, propositions
from services.matching.candidates import CANDIDATES_MAX, WAYS
from services.matching.propositions import Known
from services.matching.settings import MatchingSettings
from services.matching.store import ask
from services.matching.turns import look_far

MOST, MOST_OF_OFFER = MatchingSettings().proposals_per_request_max, MatchingSettings().proposals_per_offer_max
MEANING = frozenset({"meaning"})
EFS = (40, 100, 200, 400, 1000)


async def found_in(engine: AsyncEngine, world: World, *, queries: int, exact_queries: int) -> dict[str, Any]:
    """For both sides: milliseconds of the whole statement and of each of its ways, and the recall of the index."""
    figures: dict[str, Any] = {}
    for side in (Side.REQUEST, Side.OFFER):
        sought = world.sought(side)
        chosen = random.Random(7).sample(sought, min(queries + queries // 4, len(sought)))
        ids = [f"{side.value[0]}-{number:08d}" for number in chosen]
        async with sessions_of(engine)() as session:
            await look_far(session)
            for one in ids[queries:]:  # what is asked often is in memory
                await _rows(session, await _known(session, one), WAYS)
            known = [await _known(session, one) for one in ids[:queries]]
            took = {"all ways": await _timed(session, known, WAYS)}
            took |= {way: await _timed(session, known, frozenset({way})) for way in sorted(WAYS)}
            recalls, counts, exact_took, thresholds = [], [], [], []
            for one in known[:exact_queries]:
                by_index = await _similarities(session, one)
                begun = time.perf_counter()
                exactly = await _similarities(session, one, exact=True)
                exact_took.append(time.perf_counter() - begun)
                counts.append(len(exactly))
                thresholds.append((exactly[-1] - 1e-6, len(exactly)) if exactly else None)
                recalls += _recall(by_index, thresholds[-1])
            took["meaning, exact"] = exact_took
            by_ef = await _by_ef(session, known[:exact_queries], thresholds)
            weight = await _backend_mb(session)
        figures[side.value] = {
            "queries": len(known),
            "ms": {way: _of(seconds) for way, seconds in took.items()},
            "recall@30": statistics.mean(recalls),
            "recall@30 worst": min(recalls),
            "recall under 0.9": sum(recall < 0.9 for recall in recalls) / len(recalls),
            "ef": by_ef,
            "fewer than 30 fit": sum(count < CANDIDATES_MAX for count in counts) / len(counts),
            "backend MB": weight,
        }
    return figures


def _recall(found: list[float], exactly: tuple[float, int] | None) -> list[float]:
    """The part of the nearest that was found; nothing where there is nothing to find."""
    if exactly is None:
        return []
    least, count = exactly
    return [sum(likeness >= least for likeness in found) / count]


async def _by_ef(
    session: AsyncSession, known: list[Known], exactly: list[tuple[float, int] | None]
) -> dict[str, dict[str, float]]:
    """What it brings, and costs, to look further in the index."""
    figures = {}
    for ef in EFS:
        await ask(session, text("SELECT set_config('hnsw.ef_search', :ef, true)"), {"ef": str(ef)})
        recalls, took = [], []
        for one, nearest in zip(known, exactly, strict=True):
            begun = time.perf_counter()
            found = await _similarities(session, one)
            took.append(time.perf_counter() - begun)
            recalls += _recall(found, nearest)
        figures[str(ef)] = {"recall": statistics.mean(recalls), **_of(took)}
    return figures


async def _timed(session: AsyncSession, known: Iterable[Known], ways: frozenset[str]) -> list[float]:
    took = []
    for one in known:
        begun = time.perf_counter()
        await _rows(session, one, ways)
        took.append(time.perf_counter() - begun)
    return took


async def _known(session: AsyncSession, proposition_id: str) -> Known:
    found = await propositions.get(session, proposition_id)
    assert found
    return found


async def _rows(session: AsyncSession, known: Known, ways: frozenset[str], *, exact: bool = False) -> list[Any]:
    limits = {"most": MOST, "most_of_offer": MOST_OF_OFFER}
    asked = candidates.question(known, now=datetime.now(UTC), **limits, ways=ways, exact=exact)
    return (await ask(session, *asked)).all()


async def _similarities(session: AsyncSession, known: Known, *, exact: bool = False) -> list[float]:
    """How alike the nearest in meaning are, the most alike first: of two that are equally alike either is as good."""
    rows = await _rows(session, known, MEANING, exact=exact)
    return sorted((float(row["similarity"]) for row in rows), reverse=True)


def _of(seconds: list[float]) -> dict[str, float]:
    milliseconds = [one * 1000 for one in seconds]
    return {"p50": statistics.median(milliseconds), "p99": percentile(milliseconds, 0.99), "most": max(milliseconds)}


async def _backend_mb(session: AsyncSession) -> float:
    """The memory of its own that the database's process of this session takes."""
    number = (await ask(session, text("SELECT pg_backend_pid()"))).scalar_one()
    return psutil.Process(number).memory_full_info().uss / 1e6


async def weight_of(engine: AsyncEngine) -> dict[str, float]:
    """Megabytes on disk of each table without its indexes, and of each index."""
    async with engine.connect() as connection:
        rows = await connection.execute(
            text(
                """
                SELECT relname, pg_table_size(oid) / 1e6 AS mb FROM pg_class
                WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') AND pg_table_size(oid) > 1e6
                ORDER BY 2 DESC
                """
            )
        )
        return {row.relname: round(float(row.mb), 1) for row in rows}
