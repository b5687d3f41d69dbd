"""The other nodes: what they are called, whom of them we know, and what they were asked to seek an answer to."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.matching.meanings import FINGERPRINT
from services.matching.store import Table, ask


class Escalation(Table, table=True):
    """That an answer to a request is sought in the whole country, whether the request itself was heard of or not."""

    __tablename__ = "escalation"

    request_id: str = Field(primary_key=True, sa_type=sa.Text)
    node: str | None = Field(default=None, sa_type=sa.Text)
    escalated_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class OtherNode(Table, table=True):
    """What another node is called."""

    __tablename__ = "other_node"

    node: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    shown_name: str = Field(sa_type=sa.Text)


_KEEP = text(
    """
    INSERT INTO other_node AS o (node, version, shown_name) VALUES (:node, :version, :shown_name)
    ON CONFLICT (node) DO UPDATE SET version = excluded.version, shown_name = excluded.shown_name
    WHERE o.version < excluded.version
    """
)


async def keep(session: AsyncSession, node: str, version: int, shown_name: str) -> None:
    """Keeps what a node is called, when that is newer than what is known."""
    await ask(session, _KEEP, {"node": node, "version": version, "shown_name": shown_name})


# A model that came into use since the request was heard has not read it: it reads what is sought alone.
_ESCALATE = text(
    f"""
    WITH escalated AS (
        INSERT INTO escalation (request_id, node, escalated_at) VALUES (:request_id, CAST(:node AS text), :now)
        ON CONFLICT DO NOTHING RETURNING request_id, node
    ), sought AS (
        UPDATE proposition p SET is_sought = true FROM escalated e
        WHERE p.proposition_id = e.request_id AND p.node = e.node RETURNING p.*
    ), found AS (
        INSERT INTO meaning (proposition_id, model_id, side, is_open, fingerprint)
        SELECT s.proposition_id, e.model_id, s.side, true, {FINGERPRINT}
        FROM sought s, embedding_model e WHERE s.status = 'open' AND e.status IN ('active', 'filling')
        ON CONFLICT (proposition_id, model_id) DO UPDATE SET is_open = true
    )
    SELECT request_id FROM escalated
    """
)


async def escalate(session: AsyncSession, request_id: str, node: str | None, now: datetime) -> bool:
    """Keeps that an answer to a request of a node is sought in the whole country; whether that is new."""
    values = {"request_id": request_id, "node": node, "now": now}
    return (await ask(session, _ESCALATE, values)).scalar_one_or_none() is not None
