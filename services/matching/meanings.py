"""The meanings of requests and offers: read before an event takes its turn, and kept beside what they are about.

A text is read once: whether it changed is seen by its fingerprint. What could not be read is kept without a vector; it
waits to be read later (`catching_up`).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, cast

from sqlalchemy import text

from chassis import Service
from chassis.database import is_away
from contracts.vocabulary import Side, Status
from services.matching.endpoint import Away
from services.matching.readers import Reader, Readers
from services.matching.settings import MatchingSettings
from services.matching.similarity import text_of
from services.matching.store import ask
from services.matching.texts import Told, whole_text


class Written(Told, Protocol):
    """What is told, with its title and its status: every event about a request or an offer."""

    @property
    def entity_id(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def status(self) -> Status: ...


@dataclass(frozen=True, slots=True)
class Read:
    """What a model made of an event's text."""

    model_id: int
    vector: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """The vector of a request or an offer, as PostgreSQL writes it, by the model that is in use."""

    model_id: int
    dimensions: int
    vector: str


def readers_of(service: Service) -> Readers:
    """The readers of this process."""
    readers: Readers = service.app.state.readers
    return readers


def fingerprint_of(title: str, text: str) -> bytes:
    """What tells whether a text is another one than was read."""
    return hashlib.sha256(f"{title}\n{text}".encode()).digest()


#: The same in SQL, of what has a title and a text.
FINGERPRINT = r"sha256(convert_to(title || E'\n' || text, 'UTF8'))"


async def read_meanings(events: Sequence[Written], service: Service) -> list[Read | None]:
    """The vectors of events about requests or offers of one side.

    None for what is not open, what was read before, and where no model can be asked now.
    """
    is_open = [event for event in events if event.status is Status.OPEN]
    if not is_open or cast(MatchingSettings, service.settings).embedding_model == "none":
        return [None] * len(events)
    await readers_of(service).settled.wait()
    asked = await _to_be_read(service, is_open)
    if asked is None:
        return [None] * len(events)
    model_id, reader, unread = asked
    side = Side.REQUEST if hasattr(is_open[0], "request_id") else Side.OFFER
    try:
        vectors = await reader.read([text_of(event.title, whole_text(event)) for event in unread], side)
    except Away:  # which the reader has said, and the operator sees
        return [None] * len(events)
    found = {id(event): vector for event, vector in zip(unread, vectors, strict=True)}
    return [Read(model_id, vector) if (vector := found.get(id(event))) else None for event in events]


_ACTIVE = text(
    """
    SELECT e.model_id, e.version, m.proposition_id, m.fingerprint
    FROM embedding_model e
    LEFT JOIN meaning m ON m.model_id = e.model_id AND m.proposition_id = ANY(:ids) AND m.vector IS NOT NULL
    WHERE e.status = 'active'
    """
)


async def _to_be_read(service: Service, events: Sequence[Written]) -> tuple[int, Reader, list[Written]] | None:
    """The model in use, what reads for it, and those events whose text it has not read; none without a model."""
    try:
        async with service.sessions() as session:
            rows = (await ask(session, _ACTIVE, {"ids": [event.entity_id for event in events]})).all()
            if not rows:
                return None
            reader = await readers_of(service).of(session, rows[0].model_id, rows[0].version)
    except Exception as error:
        if not is_away(error):
            raise
        return None  # what follows waits until the database is back, and then keeps what is to be read
    if reader is None:
        return None
    read = {(row.proposition_id, row.fingerprint) for row in rows}
    unread = [
        event for event in events if (event.entity_id, fingerprint_of(event.title, whole_text(event))) not in read
    ]
    return rows[0].model_id, reader, unread


#: Part of the statement that keeps a request or an offer, after `kept`, its row: what was read is kept with it, or that
#: it has to be. What a model read that was left meanwhile waits to be read by the one in use, and everything waits for
#: one that is filled.
KEEP = """
    written AS (
        INSERT INTO meaning AS m (proposition_id, model_id, side, is_open, fingerprint, vector)
        SELECT kept.proposition_id, e.model_id, kept.side, kept.status = 'open' AND kept.is_sought,
            CAST(:fingerprint AS bytea),
            CASE WHEN e.model_id = CAST(:read_by AS integer) THEN CAST(CAST(:vector AS text) AS halfvec) END
        FROM kept, embedding_model e WHERE e.status IN ('active', 'filling')
        ON CONFLICT (proposition_id, model_id) DO UPDATE SET
            is_open = excluded.is_open, fingerprint = excluded.fingerprint,
            vector = CASE WHEN m.fingerprint = excluded.fingerprint THEN coalesce(excluded.vector, m.vector)
                ELSE excluded.vector END,
            tried_at = CASE WHEN m.fingerprint = excluded.fingerprint THEN m.tried_at END
        WHERE (m.is_open, m.fingerprint) IS DISTINCT FROM (excluded.is_open, excluded.fingerprint)
            OR excluded.vector IS NOT NULL
        RETURNING model_id, vector
    ), known AS (
        SELECT e.model_id, e.dimensions,
            CAST(CASE WHEN w.model_id IS NULL THEN m.vector ELSE w.vector END AS text) AS vector
        FROM kept CROSS JOIN embedding_model e
        LEFT JOIN written w ON w.model_id = e.model_id
        LEFT JOIN meaning m ON m.model_id = e.model_id AND m.proposition_id = kept.proposition_id
        WHERE e.status = 'active'
    )"""

#: The same for one that is kept already: `p` is its row.
KNOWN = """
    (SELECT e.model_id, e.dimensions, CAST(m.vector AS text) AS vector
     FROM embedding_model e JOIN meaning m ON m.model_id = e.model_id
     WHERE e.status = 'active' AND m.proposition_id = p.proposition_id)"""


def values_of(event: Written, read: Read | None) -> dict[str, Any]:
    """The values of `KEEP`."""
    return {
        "fingerprint": fingerprint_of(event.title, whole_text(event)),
        "read_by": read.model_id if read else None,
        "vector": read.vector if read else None,
    }


def meaning_of(row: Any) -> Meaning | None:
    """The meaning by the model in use, from a row of `known`; none when it has not read the text, or there is none."""
    return Meaning(row["model_id"], row["dimensions"], row["vector"]) if row["vector"] else None
