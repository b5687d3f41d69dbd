"""Somebody is forgotten: every message about what was theirs goes, from the outbox and from the streams."""

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from chassis.streams import Streams
from contracts.event import Event, event_types, is_subject_token

#: What is older in an outbox is not on its way any more from the process that wrote it.
UNDER_WAY_SECONDS_MAX = 3.0

_IS_UNDER_WAY = text(
    """
    SELECT EXISTS (SELECT FROM outbox WHERE entity_id = :id AND subject LIKE ANY(:subjects)
                   AND said_at > clock_timestamp() - make_interval(secs => :seconds))
    """
)
#: In this order: what leaves the outbox meanwhile is among what was said.
_FORGET_UNSAID = text("DELETE FROM outbox WHERE entity_id = :id AND subject LIKE ANY(:subjects)")
_FORGET_SAID = text("DELETE FROM said WHERE entity_id = :id AND subject LIKE ANY(:subjects)")


async def forget_messages(
    streams: Streams,
    session: AsyncSession,
    *,
    speaker: str,
    entity_ids: Iterable[str],
    keep: Iterable[type[Event]] = (),
) -> int:
    """Removes every message about the entities: from the outbox, the streams and the dead letters.

    `speaker` is the service that owns the entities; `keep` names the event types that stay, such as the erasure
    itself. Returns how many messages were removed. Doing it again removes nothing more.
    """
    ids = [entity_id for entity_id in entity_ids if is_subject_token(entity_id)]
    kept = set(keep)
    types = [t for t in event_types() if t.speaker() == speaker and t not in kept]
    removed = 0
    for entity_id in ids:
        subjects = [f"odh.{streams.node}.%{t.wire_name}.{entity_id}" for t in types]
        await _not_under_way(session, entity_id, subjects)
        removed += (await run(session, _FORGET_UNSAID, {"id": entity_id, "subjects": subjects})).rowcount
        await run(session, _FORGET_SAID, {"id": entity_id, "subjects": subjects})
        removed += sum(await asyncio.gather(*_purges(streams, types, entity_id)))
    return removed


def _purges(streams: Streams, types: list[type[Event]], entity_id: str) -> Iterator[Coroutine[Any, Any, int]]:
    for event_type in types:
        about, node = f"{event_type.wire_name}.{entity_id}", streams.node
        if event_type.reach == "to-partner":  # which no service hears, so that there is no dead letter
            yield streams.purge("to-partner", f"odh.{node}.to-partner.*.{about}")
            continue
        yield streams.purge(event_type.reach, f"odh.{node}.*.{about}")
        yield streams.purge("dead", f"odh.{node}.dead.*.{about}")
        if event_type.reach == "shared":  # what was said to one other node, and what other nodes said
            yield streams.purge("shared", f"odh.{node}.to.*.{about}")
            yield streams.purge("elsewhere", f"odh.*.shared.{about}")
            yield streams.purge("elsewhere", f"odh.*.to.*.{about}")
            yield streams.purge("dead", f"odh.{node}.dead.*.*.{about}")


async def _not_under_way(session: AsyncSession, entity_id: str, subjects: list[str]) -> None:
    """Returns when nothing about an entity can still reach the streams from the memory of a process."""
    values = {"id": entity_id, "subjects": subjects, "seconds": UNDER_WAY_SECONDS_MAX}
    while (await run(session, _IS_UNDER_WAY, values)).scalar_one():
        await asyncio.sleep(0.02)
