"""The questions asked of the facts: how many were asked and offered, what came of it, and what lacks.

Everything is exact here; what of it may be told is for `rules`. Counted is what was placed in the period; of offers
also what stands now, whenever it was placed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from contracts.distance import km_in_sql
from contracts.vocabulary import KINDS_WITHOUT_DISTANCE
from services.insight.rules import By


@dataclass(frozen=True, slots=True)
class Asked:
    """What is counted: requests and offers placed in `[since, until)`, as far as they fit what is filled in.

    A request is escalated to the nation by another node; where there is none (the node stands alone), by nobody.
    """

    since: datetime
    until: datetime
    now: datetime
    region: str | None = None
    province: str | None = None
    kind: str | None = None
    theme: str | None = None
    network: str | None = None
    nation: str | None = None

    def values(self) -> dict[str, Any]:
        """For the statements."""
        return {name: getattr(self, name) for name in self.__slots__}


CURRENT = "(SELECT number FROM projection WHERE current)"

#: What its node lost is left out, unless that told of it again since.
_FITS = """
    NOT EXISTS (SELECT FROM lost AS l WHERE l.projection = p.projection AND l.node = p.node
        AND l.proposition_id = p.proposition_id AND p.version <= l.until_version)
    AND (CAST(:kind AS text) IS NULL OR p.kind = :kind)
    AND (CAST(:theme AS text) IS NULL OR :theme = ANY(p.themes))
    """

#: What is looked at of what fits; the rest is what it is put beside where something lacks.
_IS_HERE = """
    ((CAST(:region AS text) IS NULL OR p.node = :region)
    AND (CAST(:province AS text) IS NULL OR p.province = :province)
    AND (CAST(:network AS text) IS NULL OR :network = ANY(g.networks))) IS TRUE AS is_here
    """

#: The networks of who asks or offers are those of the organisation.
_OF_ORGANISATION = """
    LEFT JOIN organisation AS g
    ON g.projection = p.projection AND g.node = p.node AND g.organisation_id = p.organisation_id
    """

#: Kilometres between two towns, but for what travels by itself.
_KM = f"""
    CASE WHEN o.kind IN ({", ".join(f"'{kind}'" for kind in sorted(KINDS_WITHOUT_DISTANCE))}) THEN NULL
    WHEN o.proposition_id IS NULL THEN i.told_km
    ELSE {km_in_sql("p.latitude", "p.longitude", "o.latitude", "o.longitude")} END
    """

#: Each request is answered, still waits, or came to nothing. One that is past its day has expired, told or not.
_REQUESTS = f"""
    SELECT p.*, g.networks, {_IS_HERE}, i.introduced_at, {_KM} AS km,
        (i.introduced_at IS NOT NULL OR p.status IN ('fulfilled', 'in-conversation')) AS is_answered,
        (p.status = 'open' AND p.expires_at > :now) AS is_open,
        EXISTS (SELECT FROM mark AS m WHERE m.projection = p.projection AND m.node = p.node
                AND m.request_id = p.proposition_id AND m.what = 'escalated') AS is_escalated
    FROM proposition AS p {_OF_ORGANISATION}
    LEFT JOIN (
        SELECT DISTINCT ON (request_node, request_id) request_node, request_id, offer_node, offer_id, told_km,
            introduced_at
        FROM match WHERE projection = {CURRENT} AND introduced_at IS NOT NULL
        ORDER BY request_node, request_id, introduced_at, match_id
    ) AS i ON i.request_node = p.node AND i.request_id = p.proposition_id
    LEFT JOIN proposition AS o
        ON o.projection = p.projection AND o.node = i.offer_node AND o.proposition_id = i.offer_id
    WHERE p.projection = {CURRENT} AND p.side = 'request'
        AND p.placed_at >= :since AND p.placed_at < :until AND {_FITS}
    """

_OFFERS = f"""
    SELECT p.*, g.networks, {_IS_HERE}, (p.placed_at >= :since AND p.placed_at < :until) AS is_new,
        (p.status = 'open' AND p.expires_at > :now) AS is_open,
        EXISTS (SELECT FROM match AS m WHERE m.projection = p.projection AND m.offer_node = p.node
                AND m.offer_id = p.proposition_id AND m.introduced_at IS NOT NULL) AS is_taken_up
    FROM proposition AS p {_OF_ORGANISATION}
    WHERE p.projection = {CURRENT} AND p.side = 'offer' AND p.placed_at < :until AND {_FITS}
    """

#: How each way of grouping reads its key; one with several counts for each of them.
KEYS: dict[By | None, tuple[str, str]] = {
    None: ("''", ""),
    "theme": ("key", "LEFT JOIN LATERAL unnest(c.themes) AS key ON true"),
    "kind": ("c.kind", ""),
    "network": ("key", "LEFT JOIN LATERAL unnest(c.networks) AS key ON true"),
    "province": ("c.province", ""),
    "region": ("c.node", ""),
    "month": ("to_char(c.placed_at AT TIME ZONE 'Europe/Amsterdam', 'YYYY-MM')", ""),
}

_DAYS = "extract(epoch FROM {} - c.placed_at) / 86400"
_TO_ANSWER, _SO_FAR = _DAYS.format("c.introduced_at"), _DAYS.format(":now")


def _requests_by(by: By | None) -> TextClause:
    key, several = KEYS[by]
    waits = "NOT c.is_answered AND c.is_open"
    return text(
        f"""
        SELECT COALESCE({key}, '') AS key, count(*) AS asked,
            count(*) FILTER (WHERE c.is_answered) AS answered,
            count(*) FILTER (WHERE {waits}) AS waiting,
            count(*) FILTER (WHERE NOT c.is_answered AND NOT c.is_open) AS unanswered,
            count(*) FILTER (WHERE c.is_escalated) AS escalated,
            count(*) FILTER (WHERE {waits} AND c.is_escalated) AS waiting_escalated,
            count(*) FILTER (WHERE c.status = 'fulfilled') AS fulfilled,
            count(c.introduced_at) AS introduced,
            count(c.km) AS with_km,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY {_TO_ANSWER})
                FILTER (WHERE c.introduced_at IS NOT NULL) AS days_to_answer,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY c.km) AS km_to_answer,
            percentile_cont(0.5) WITHIN GROUP (ORDER BY {_SO_FAR}) FILTER (WHERE {waits}) AS days_waiting,
            count(*) FILTER (WHERE {waits} AND {_SO_FAR} < 7) AS waiting_week,
            count(*) FILTER (WHERE {waits} AND {_SO_FAR} >= 7 AND {_SO_FAR} < 30) AS waiting_month,
            count(*) FILTER (WHERE {waits} AND {_SO_FAR} >= 30 AND {_SO_FAR} < 90) AS waiting_quarter,
            count(*) FILTER (WHERE {waits} AND {_SO_FAR} >= 90) AS waiting_longer
        FROM ({_REQUESTS}) AS c {several} WHERE c.is_here GROUP BY 1
        """
    )


def _offers_by(by: By | None) -> TextClause:
    key, several = KEYS[by]
    return text(
        f"""
        SELECT COALESCE({key}, '') AS key, count(*) FILTER (WHERE c.is_new) AS offered,
            count(*) FILTER (WHERE c.is_open) AS standing,
            count(*) FILTER (WHERE c.is_new AND c.is_taken_up) AS taken_up
        FROM ({_OFFERS}) AS c {several} WHERE c.is_here GROUP BY 1
        """
    )


_REQUESTS_BY = {by: _requests_by(by) for by in KEYS}
_OFFERS_BY = {by: _offers_by(by) for by in KEYS}

#: What is not there counts zero.
NOTHING = dict.fromkeys(
    (
        *("asked", "answered", "waiting", "unanswered", "escalated", "fulfilled", "introduced", "with_km"),
        *("waiting_week", "waiting_month", "waiting_quarter", "waiting_longer", "waiting_escalated"),
        *("offered", "standing", "taken_up"),
    ),
    0,
) | dict.fromkeys(("days_to_answer", "km_to_answer", "days_waiting"))


async def counts(session: AsyncSession, asked: Asked, by: By | None) -> dict[str, dict[str, Any]]:
    """Every count, by key; without a way of grouping by the key ''. What has no theme or network has that key too."""
    found: dict[str, dict[str, Any]] = {}
    for statement in (_REQUESTS_BY[by], _OFFERS_BY[by]):
        for row in await run(session, statement, asked.values()):
            told = {name: value for name, value in row.items() if name != "key"}
            found[row.key] = found.get(row.key, NOTHING | {}) | told
    return found


#: What has the theme that is looked at may have others too, of which not all is counted.
_WHICH: dict[By, str] = {
    "theme": "key IS NOT NULL AND (CAST(:theme AS text) IS NULL OR key = :theme)",
    "kind": "key IS NOT NULL",
}

_SPOTS = {
    across: text(
        f"""
        WITH asked AS (
            SELECT {key} AS key, c.province, count(*) AS there, count(*) FILTER (WHERE c.is_here) AS here,
                count(*) FILTER (WHERE c.is_here AND NOT c.is_answered) AS not_answered,
                count(*) FILTER (WHERE c.is_here AND NOT c.is_answered AND c.is_open AND NOT c.is_escalated
                                 AND c.node <> CAST(:nation AS text)) AS to_escalate
            FROM ({_REQUESTS}) AS c {several} GROUP BY 1, 2),
        offered AS (
            SELECT {key} AS key, c.province, count(*) AS there, count(*) FILTER (WHERE c.is_here) AS here
            FROM ({_OFFERS}) AS c {several} WHERE c.is_open GROUP BY 1, 2)
        SELECT key, province, COALESCE(asked.here, 0) AS asked, COALESCE(asked.not_answered, 0) AS not_answered,
            COALESCE(asked.to_escalate, 0) AS to_escalate, COALESCE(offered.here, 0) AS offered,
            asked.there IS NOT NULL AS is_asked_there, offered.there IS NOT NULL AS is_offered_there,
            COALESCE(sum(offered.there) OVER (PARTITION BY key), 0) - COALESCE(offered.there, 0) AS offered_elsewhere,
            COALESCE(sum(asked.there) OVER (PARTITION BY key), 0) - COALESCE(asked.there, 0) AS asked_elsewhere
        FROM asked FULL JOIN offered USING (key, province) WHERE {only}
        """
    )
    for across, only in _WHICH.items()
    for key, several in (KEYS[across],)
}


async def spots(session: AsyncSession, asked: Asked, across: str) -> Sequence[Any]:
    """For each theme or kind in each province: what was asked in the period and is offered now, also elsewhere.

    What nobody there or elsewhere offers is nobody's of the whole country, whichever part of it is looked at. That
    tells no more than looking at all of it does.
    """
    return (await run(session, _SPOTS[across], asked.values())).all()  # type: ignore[index]


_ORGANISATIONS = text(
    f"""
    SELECT g.kind AS key, count(*) AS n FROM organisation AS g
    LEFT JOIN merging AS m
        ON m.projection = g.projection AND m.node = g.node AND m.organisation_id = g.organisation_id
    WHERE g.projection = {CURRENT} AND NOT COALESCE(m.merged, false)
        AND (CAST(:region AS text) IS NULL OR g.node = :region)
        AND (CAST(:province AS text) IS NULL OR g.province = :province)
        AND (CAST(:network AS text) IS NULL OR :network = ANY(g.networks))
    GROUP BY 1
    """
)


async def organisations(session: AsyncSession, asked: Asked) -> dict[str, int]:
    """How many organisations of each kind take part now."""
    wanted = {"region": asked.region, "province": asked.province, "network": asked.network}
    return {row.key: row.n for row in await run(session, _ORGANISATIONS, wanted)}


_REGIONS = text(
    f"""
    SELECT node, COALESCE(r.shown_name, node) AS name
    FROM (SELECT DISTINCT node FROM proposition WHERE projection = {CURRENT}) AS heard
    FULL JOIN (SELECT node, shown_name FROM region WHERE projection = {CURRENT}) AS r USING (node)
    ORDER BY name, node
    """
)


async def regions(session: AsyncSession) -> dict[str, str]:
    """What each node that was heard of is called."""
    return {row.node: row.name for row in await run(session, _REGIONS)}
