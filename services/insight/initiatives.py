"""The questions asked of initiatives: how many were started in the period, how they went, and what they brought."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from services.insight.counting import CURRENT, KEYS, Asked
from services.insight.rules import By

#: What is not there counts zero.
NOTHING = dict.fromkeys(("started", "running", "done", "lasting", "stopped", "with_students"), 0) | dict.fromkeys(
    ("students", "students_most")
)

#: So many sentences are told, the newest.
SENTENCES_MAX = 12

_NETWORKS = "(COALESCE(a.networks, '{}') || COALESCE(b.networks, '{}'))"

#: The region is that of who asked; the networks are those of both organisations.
_INITIATIVES = f"""
    SELECT i.*, i.request_node AS node, i.started_at AS placed_at,
        ARRAY(SELECT DISTINCT unnest({_NETWORKS})) AS networks
    FROM initiative AS i
    LEFT JOIN organisation AS a ON a.projection = i.projection AND a.node = i.request_node
        AND a.organisation_id = i.request_organisation_id
    LEFT JOIN organisation AS b ON b.projection = i.projection AND b.node = i.offer_node
        AND b.organisation_id = i.offer_organisation_id
    WHERE i.projection = {CURRENT} AND i.started_at >= :since AND i.started_at < :until
        AND (CAST(:region AS text) IS NULL OR :region IN (i.request_node, i.offer_node))
        AND (CAST(:province AS text) IS NULL OR i.province = :province)
        AND (CAST(:kind AS text) IS NULL OR i.kind = :kind)
        AND (CAST(:theme AS text) IS NULL OR :theme = ANY(i.themes))
        AND (CAST(:network AS text) IS NULL OR :network = ANY{_NETWORKS})
    """


def _by(by: By | None) -> TextClause:
    key, several = KEYS[by]
    statuses = ", ".join(
        f"count(*) FILTER (WHERE c.status = '{status}') AS {status}"
        for status in ("running", "done", "lasting", "stopped")
    )
    return text(
        f"""
        SELECT COALESCE({key}, '') AS key, count(*) AS started, {statuses}, sum(c.students) AS students,
            max(c.students) AS students_most, count(c.students) AS with_students
        FROM ({_INITIATIVES}) AS c {several} GROUP BY 1
        """
    )


_BY = {by: _by(by) for by in KEYS}


async def counts(session: AsyncSession, asked: Asked, by: By | None) -> dict[str, dict[str, Any]]:
    """Every count, by key; without a way of grouping by the key ''."""
    values = asked.values()
    return {row.key: {name: row[name] for name in NOTHING} for row in await run(session, _BY[by], values)}


_SENTENCES = text(
    f"""
    SELECT c.outcome, c.kind, c.themes, c.province, c.ended_at FROM ({_INITIATIVES}) AS c
    WHERE c.outcome IS NOT NULL ORDER BY c.ended_at DESC, c.initiative_id DESC LIMIT {SENTENCES_MAX}
    """
)


async def sentences(session: AsyncSession, asked: Asked) -> Sequence[Any]:
    """What they brought, in the words that were let be told."""
    return (await run(session, _SENTENCES, asked.values())).all()
