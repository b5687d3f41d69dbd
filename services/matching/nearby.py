"""What is asked and offered where somebody looks after it: by an ambassador's scope, or the whole node's."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import RowMapping, TextClause, text
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
_SHOWN = """
    SELECT {columns}, p.opened_at, p.unanswered_said_at IS NOT NULL AS is_unanswered,
        (SELECT count(*) FROM match m WHERE m.state IN ('proposed', 'endorsed')
            AND (m.request_id = p.proposition_id OR m.offer_id = p.proposition_id)) AS running,
        EXISTS (SELECT FROM match m WHERE m.state = 'introduced'
            AND (m.request_id = p.proposition_id OR m.offer_id = p.proposition_id)) AS is_introduced
    FROM proposition p
    WHERE p.status = 'open' AND p.node IS NULL AND p.expires_at > CAST(:now AS timestamptz)
        AND p.member_id <> ALL(CAST(:me AS text[])) AND {covered} AND {asked}"""
_NEW = """
    p.opened_at > CAST(:since AS timestamptz)
        AND (CAST(:after_id AS text) IS NULL
            OR (p.opened_at, p.proposition_id) < (CAST(:after AS timestamptz), CAST(:after_id AS text)))
    ORDER BY p.opened_at DESC, p.proposition_id DESC LIMIT CAST(:rows AS bigint)"""
_REQUESTS = """
    p.side = 'request' AND (NOT CAST(:unanswered AS boolean) OR p.unanswered_said_at IS NOT NULL)
        AND (CAST(:after_id AS text) IS NULL
            OR (p.opened_at, p.proposition_id) > (CAST(:after AS timestamptz), CAST(:after_id AS text)))
    ORDER BY p.opened_at, p.proposition_id LIMIT CAST(:rows AS bigint)"""


class _Question(NamedTuple):
    everywhere: TextClause
    within: TextClause

    @classmethod
    def of(cls, asked: str) -> "_Question":
        return cls(*(text(_SHOWN.format(columns=COLUMNS, covered=each, asked=asked)) for each in ("true", _COVERED)))


_WHAT_IS_NEW, _REQUESTS_OPEN = _Question.of(_NEW), _Question.of(_REQUESTS)


async def new(session: AsyncSession, who: Identity, paging: PageAsked, now: datetime) -> list[RowMapping]:
    """What others asked and offered lately, newest first; one more than a page. Without a scope there is nothing."""
    return await _found(session, who, _WHAT_IS_NEW, paging, now, since=now - timedelta(days=NEW_FOR_DAYS))


async def requests_open(
    session: AsyncSession, who: Identity, paging: PageAsked, now: datetime, *, unanswered: bool
) -> list[RowMapping]:
    """What others ask, or of that what is unanswered for long, what waits longest first; as many as `new` gives."""
    return await _found(session, who, _REQUESTS_OPEN, paging, now, unanswered=unanswered)


async def _found(
    session: AsyncSession, who: Identity, question: _Question, paging: PageAsked, now: datetime, **asked: Any
) -> list[RowMapping]:
    after, after_id = paging.after(moment) or (None, None)
    values: dict[str, Any] = asked | {
        "now": now,
        "me": list(who.references),
        "after": after,
        "after_id": after_id,
        "rows": paging.limit + 1,
    }
    if who.has(Role.NODE_TEAM):
        return list((await ask(session, question.everywhere, values)).mappings())
    scope = who.scope if who.has(Role.AMBASSADOR) else None
    if scope is None or not (scope.organisation_ids or scope.provinces or scope.themes):
        return []
    values |= {
        "organisations": list(scope.organisation_ids),
        "provinces": list(scope.provinces),
        "themes": [theme.value for theme in scope.themes],
    }
    return list((await ask(session, question.within, values)).mappings())
