"""What waits to be read by a model: texts that came in while it could not be asked, or before it was in use."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.vocabulary import Side
from services.matching.meanings import FINGERPRINT, fingerprint_of
from services.matching.store import ask


@dataclass(frozen=True, slots=True)
class Unread:
    """A text that a model has not read yet."""

    proposition_id: str
    side: Side
    title: str
    text: str


_WAITING = text(
    """
    SELECT p.proposition_id, p.side, p.title, p.text
    FROM meaning m JOIN proposition p USING (proposition_id)
    WHERE m.model_id = :model_id AND m.vector IS NULL AND m.is_open
        AND p.status = 'open' AND p.expires_at > :now AND (m.tried_at IS NULL OR m.tried_at < :tried_before)
    ORDER BY m.tried_at DESC, m.proposition_id DESC LIMIT :count
    """
)


async def waiting(
    session: AsyncSession, model_id: int, *, now: datetime, tried_before: datetime, count: int
) -> list[Unread]:
    """What waits to be read by a model: first what was never tried, of that the newest first."""
    values = {"model_id": model_id, "now": now, "tried_before": tried_before, "count": count}
    return [
        Unread(row.proposition_id, Side(row.side), row.title, row.text) for row in await ask(session, _WAITING, values)
    ]


_COUNT_WAITING = text(
    """
    SELECT count(*) FROM meaning WHERE model_id = :model_id AND vector IS NULL AND is_open AND tried_at IS NULL
    """
)


async def count_waiting(session: AsyncSession, model_id: int) -> int:
    """How many texts wait to be read by a model, those that it refused left out."""
    return int((await ask(session, _COUNT_WAITING, {"model_id": model_id})).scalar_one())


_FILL = text(
    """
    UPDATE meaning m SET vector = CAST(CAST(:vector AS text) AS halfvec), fingerprint = :fingerprint,
        tried_at = CASE WHEN CAST(:vector AS text) IS NULL THEN CAST(:now AS timestamptz) END
    FROM proposition p
    WHERE m.proposition_id = :proposition_id AND m.model_id = :model_id AND m.vector IS NULL
        AND p.proposition_id = m.proposition_id AND (p.title, p.text) = (:title, :text)
    RETURNING m.proposition_id
    """
)


async def fill(session: AsyncSession, model_id: int, read: Unread, vector: str | None, now: datetime) -> bool:
    """Keeps what was read of a text that waited, or that it was refused; not when the text changed meanwhile."""
    values = {
        "proposition_id": read.proposition_id,
        "model_id": model_id,
        "title": read.title,
        "text": read.text,
        "fingerprint": fingerprint_of(read.title, read.text),
        "vector": vector,
        "now": now,
    }
    return (await ask(session, _FILL, values)).one_or_none() is not None


_ENQUEUE = text(
    f"""
    WITH part AS (
        SELECT proposition_id, side, title, text FROM proposition
        WHERE proposition_id > :after AND status = 'open' AND is_sought ORDER BY proposition_id LIMIT :count
    ), written AS (
        INSERT INTO meaning (proposition_id, model_id, side, is_open, fingerprint)
        SELECT proposition_id, :model_id, side, true, {FINGERPRINT} FROM part
        ON CONFLICT DO NOTHING
    )
    SELECT max(proposition_id) FROM part
    """
)


async def enqueue(session: AsyncSession, model_id: int, after: str, count: int) -> str | None:
    """A part of what is open, in the order of the ids, waits to be read by a model; the last id, none at the end."""
    values = {"model_id": model_id, "after": after, "count": count}
    return (await ask(session, _ENQUEUE, values)).scalar_one_or_none()


_REMOVE = text(
    """
    WITH part AS (
        SELECT proposition_id FROM meaning WHERE proposition_id > :after AND model_id = :model_id
        ORDER BY proposition_id LIMIT :count
    ), removed AS (
        DELETE FROM meaning m USING part WHERE m.proposition_id = part.proposition_id AND m.model_id = :model_id
    )
    SELECT max(proposition_id) FROM part
    """
)


async def remove(session: AsyncSession, model_id: int, after: str, count: int) -> str | None:
    """Removes a part of a model's vectors, in the order of the ids; the last id, none at the end."""
    values = {"model_id": model_id, "after": after, "count": count}
    return (await ask(session, _REMOVE, values)).scalar_one_or_none()
