"""Somebody is forgotten: every message about what was theirs goes, from the outbox and from the streams."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.dead_letters import letters, remove
from chassis.sql import run
from chassis.streams import Streams
from contracts.event import Event, Reach, event_types, is_subject_token

#: What is older in an outbox is not on its way any more from the process that wrote it.
UNDER_WAY_SECONDS_MAX = 3.0

#: The broker purges one after the other; of more than these at once the last would wait for an answer too long.
_PURGES_AT_ONCE = 200

_ABOUT = "entity_id = ANY(:ids) AND subject LIKE ANY(:subjects)"
_IS_UNDER_WAY = text(
    f"""
    SELECT EXISTS (SELECT FROM outbox WHERE {_ABOUT}
                   AND said_at > clock_timestamp() - make_interval(secs => :seconds))
    """
)
#: In this order: what leaves the outbox meanwhile is among what was said.
_FORGET_UNSAID, _FORGET_SAID = text(f"DELETE FROM outbox WHERE {_ABOUT}"), text(f"DELETE FROM said WHERE {_ABOUT}")


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
    types, kept = [t for t in event_types() if t.speaker() == speaker], set(keep)
    spoken = {f"{speaker}.*": {t.reach for t in types}}
    if kept:
        spoken = {t.wire_name: {t.reach} for t in types if t not in kept}
    removed = await _unsay(session, ids, [f"odh.{streams.node}.%.{name.replace('*', '%')}.%" for name in spoken])
    about = [(f"{name}.{entity_id}", reaches) for entity_id in ids for name, reaches in spoken.items()]
    places = [place for what, reaches in about for place in _places(streams.node, what, reaches)]
    return removed + await _purge(streams, places)


async def forget_shared(streams: Streams, session: AsyncSession, *, speaker: str, entity_ids: Iterable[str]) -> int:
    """As above, of what was told to everybody alone; what was said to one other node, or came from one, stays."""
    ids = [entity_id for entity_id in entity_ids if is_subject_token(entity_id)]
    root = f"odh.{streams.node}"
    removed = await _unsay(session, ids, [f"{root}.shared.{speaker}.%"])
    about = [f"{speaker}.*.{entity_id}" for entity_id in ids]
    ways = (("shared", f"{root}.shared"), ("dead", f"{root}.dead.*"))
    return removed + await _purge(streams, [(kind, f"{way}.{what}") for what in about for kind, way in ways])


async def forget_heard(
    streams: Streams, said_by: str, *, speaker: str, entity_ids: Iterable[str], keep: Iterable[type[Event]] = ()
) -> None:
    """Removes what another node said about entities of its own from what was heard here, but for what `keep` names.

    So do the dead letters of that node about them: what a service could not read it has no row of to forget.
    """
    kept, entity_ids = set(keep), {*entity_ids}
    names = [t.wire_name for t in event_types() if t.speaker() == speaker and t.reach == "shared" and t not in kept]
    names = names if kept else [f"{speaker}.*"]
    about = [f"{name}.{entity_id}" for entity_id in entity_ids if is_subject_token(entity_id) for name in names]
    await _purge(
        streams, [("elsewhere", f"odh.{said_by}.{way}.{what}") for what in about for way in ("shared", "to.*")]
    )
    stays = {t.wire_name for t in kept}
    for letter in await letters(streams):
        subject = (letter.headers or {}).get("Odh-Subject", "")
        wire_name = ".".join(subject.split(".")[-3:-1])
        is_of_it = subject.startswith(f"odh.{said_by}.") and subject.rpartition(".")[2] in entity_ids
        if is_of_it and wire_name.startswith(f"{speaker}.") and wire_name not in stays:
            await remove(streams, letter)


async def _unsay(session: AsyncSession, ids: Sequence[str], subjects: Sequence[str]) -> int:
    """Removes what would still be said, or said again; returns how many messages will not be said any more."""
    values = {"ids": list(ids), "subjects": list(subjects)}
    await _not_under_way(session, values)
    removed = (await run(session, _FORGET_UNSAID, values)).rowcount
    await run(session, _FORGET_SAID, values)
    return removed


async def _purge(streams: Streams, places: Sequence[tuple[str, str]]) -> int:
    removed = 0
    for first in range(0, len(places), _PURGES_AT_ONCE):
        purges = (streams.purge(kind, subject) for kind, subject in places[first : first + _PURGES_AT_ONCE])
        removed += sum(await asyncio.gather(*purges))
    return removed


def _places(node: str, about: str, reaches: set[Reach]) -> Iterator[tuple[str, str]]:
    """In which streams, and on which subjects, something about an entity may be."""
    if "to-partner" in reaches:  # which no service hears, so that there is no dead letter
        yield "to-partner", f"odh.{node}.to-partner.*.{about}"
    for heard in sorted(reaches & {"shared", "local"}):
        yield heard, f"odh.{node}.*.{about}"
    if reaches & {"shared", "local"}:
        yield "dead", f"odh.{node}.dead.*.{about}"
    if "shared" in reaches:  # what was said to one other node, and what other nodes said
        yield "shared", f"odh.{node}.to.*.{about}"
        yield "elsewhere", f"odh.*.shared.{about}"
        yield "elsewhere", f"odh.*.to.*.{about}"
        yield "dead", f"odh.{node}.dead.*.*.{about}"


async def _not_under_way(session: AsyncSession, values: dict[str, Any]) -> None:
    """Returns when nothing about the entities can still reach the streams from the memory of a process."""
    while (await run(session, _IS_UNDER_WAY, values | {"seconds": UNDER_WAY_SECONDS_MAX})).scalar_one():
        await asyncio.sleep(0.02)
