"""What was asked and offered lately where somebody looks after it: by an ambassador's scope, or the whole node's."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity
from chassis.paging import PageAsked, moment
from contracts.vocabulary import Role
from services.matching.desk_rules import NEW_FOR_DAYS
from services.matching.propositions import COLUMNS
from services.matching.store import ask

# It narrows as `routing.covers` decides; a test holds the two together, since a page can only be cut here.
_COVERED = """
    (CAST(:themes AS text[]) = '{}' OR p.themes && CAST(:themes AS text[]))
    AND (CAST(:organisations AS text[]) = '{}' OR p.organisation_id = ANY(CAST(:organisations AS text[])))
    AND (CAST(:provinces AS text[]) = '{}' OR p.province = ANY(CAST(:provinces AS text[])))"""
_NEW = """
    SELECT {columns}, p.opened_at, p.unanswered_said_at IS NOT NULL AS is_unanswered,
        (SELECT count(*) FROM match m WHERE m.state IN ('proposed', 'endorsed')
            AND (m.request_id = p.proposition_id OR m.offer_id = p.proposition_id)) AS running,
        EXISTS (SELECT FROM match m WHERE m.state = 'introduced'
            AND (m.request_id = p.proposition_id OR m.offer_id = p.proposition_id)) AS is_introduced
    FROM proposition p
    WHERE p.status = 'open' AND p.node IS NULL AND p.expires_at > CAST(:now AS timestamptz)
        AND p.opened_at > CAST(:since AS timestamptz)
        AND p.member_id <> ALL(CAST(:me AS text[])) AND {covered}
        AND (CAST(:after_id AS text) IS NULL
            OR (p.opened_at, p.proposition_id) < (CAST(:after AS timestamptz), CAST(:after_id AS text)))
    ORDER BY p.opened_at DESC, p.proposition_id DESC LIMIT CAST(:rows AS bigint)"""
_EVERYWHERE = text(_NEW.format(columns=COLUMNS, covered="true"))
_WITHIN = text(_NEW.format(columns=COLUMNS, covered=_COVERED))


async def new(session: AsyncSession, who: Identity, paging: PageAsked, now: datetime) -> list[RowMapping]:
    """What others asked and offered lately, newest first; one more than a page. Without a scope there is nothing."""
    after, after_id = paging.after(moment) or (None, None)
    values: dict[str, Any] = {
        "now": now,
        "since": now - timedelta(days=NEW_FOR_DAYS),
        "me": list(who.references),
        "after": after,
        "after_id": after_id,
        "rows": paging.limit + 1,
    }
    if who.has(Role.NODE_TEAM):
        return list((await ask(session, _EVERYWHERE, values)).mappings())
    scope = who.scope if who.has(Role.AMBASSADOR) else None
    if scope is None or not (scope.organisation_ids or scope.provinces or scope.themes):
        return []
    values |= {
        "organisations": list(scope.organisation_ids),
        "provinces": list(scope.provinces),
        "themes": [theme.value for theme in scope.themes],
    }
    return list((await ask(session, _WITHIN, values)).mappings())
