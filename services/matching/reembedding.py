"""The move to another model while matching goes on: filled beside the old one, indexed, switched to, the old removed.

Each step can be done again, so a move that was broken off goes on where it was.
"""

import asyncio
from collections.abc import Callable
from typing import cast

from sqlalchemy import text

from chassis import Service
from chassis.locks import unless_busy
from services.matching import indexes, models, unread
from services.matching.catching_up import (
    enqueue_all,
    read_waiting,
    remove_left,
    turn,
    waiting_for,
)
from services.matching.models import Source
from services.matching.readers import Readers, get_to_know
from services.matching.settings import MatchingSettings
from services.matching.store import ask

Tell = Callable[[str], None]


class AlreadyMoving(Exception):
    """Another process moves this database to another model."""


async def reembed(service: Service, source: Source, tell: Tell) -> None:
    """Moves to the model of a source. Raises `endpoint.Away` when it cannot be asked; then it can be gone on with.

    `service` need not run: only its database and its clock are used.
    """
    async with unless_busy(service.engine, "matching.reembed") as mine:
        if not mine:
            raise AlreadyMoving
        model_id = await _begin(service, source, tell)
        await _fill(service, model_id, tell)
        tell("de index wordt gemaakt (the index is made)")
        await _index(service, model_id)
        await _fill(service, model_id, tell)  # what came in meanwhile
        async with turn(service) as session:
            await models.switch_to(session, model_id)
        tell(f"overgestapt op {source.make} (switched)")
        await remove_left(service)
        tell("de vectoren van andere modellen zijn weg (those of others are gone)")


async def _begin(service: Service, source: Source, tell: Tell) -> int:
    known = await get_to_know(source, cast(MatchingSettings, service.settings))
    await remove_left(service)
    async with turn(service) as session:
        model_id = await models.add(session, known)
        await models.leave_others(session, model_id)
    tell(f"{source.make}: {known.dimensions} dimensies (dimensions)")
    await enqueue_all(service, model_id)
    return model_id


async def _fill(service: Service, model_id: int, tell: Tell) -> None:
    """Reads everything that waits for the model; what it refuses stays behind."""
    async with service.sessions() as session:
        left = total = await unread.count_waiting(session, model_id)
        model = await models.get(session, model_id)
        readers = Readers(cast(MatchingSettings, service.settings))
        reader = await readers.of(session, model_id, model.version)
    assert reader is not None, "this release reads with its own model"
    try:
        while True:
            async with service.sessions() as session:
                found = await waiting_for(session, service, model_id, reader.texts_at_once)
            if not found:
                return
            read = await read_waiting(reader, found)
            async with turn(service) as session:
                for one, vector in read:
                    await unread.fill(session, model_id, one, vector, service.now())
            before, left = left, max(left - len(read), 0)
            if left * 20 // max(total, 1) != before * 20 // max(total, 1):
                tell(f"gelezen: {total - left} van {total} (read)")
    finally:
        await readers.close()


async def _index(service: Service, model_id: int) -> None:
    async with service.sessions() as session:
        model = await models.get(session, model_id)
    while True:
        async with unless_busy(service.engine, "matching.models") as mine:
            if mine:
                await indexes.make_indexes(service.engine, model_id, model.dimensions)
                return
        await asyncio.sleep(0.2)


_STATUS = text(
    """
    SELECT e.make, e.status, count(m.vector) AS read, count(*) FILTER (WHERE m.is_open AND m.vector IS NULL) AS waiting,
        count(*) FILTER (WHERE m.vector IS NULL AND m.tried_at IS NOT NULL) AS refused
    FROM embedding_model e LEFT JOIN meaning m USING (model_id)
    WHERE e.status <> 'removed' GROUP BY e.model_id ORDER BY e.model_id
    """
)


async def status(service: Service, tell: Tell) -> None:
    """Which models there are, and how much each has read."""
    async with service.sessions() as session:
        rows = (await ask(session, _STATUS)).all()
    for row in rows:
        tell(
            f"{row.make:<40} {row.status:<8} {row.read:>9} gelezen (read), {row.waiting} wachten (wait), "
            f"{row.refused} geweigerd (refused)"
        )
    if not rows:
        tell("er is nog geen model in gebruik (no model is in use yet)")
