"""The questions asked of who is who: what organisations are called, who looks at matches, and who was erased."""

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.days import AMSTERDAM
from contracts.matching import reference
from contracts.members import AmbassadorScope
from services.matching.pairs import Proposition
from services.matching.routing import Ambassador
from services.matching.store import Table, ask


class ForgottenMember(Table, table=True):
    """An erased member's reference, so that nothing of theirs that arrives late is kept after all."""

    __tablename__ = "forgotten_member"

    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    forgotten_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


class ErasedMatch(Table, table=True):
    """A match that is gone because one side was erased, and that the other side was told of: a last message about it
    is in the streams, which goes when that other side is erased too."""

    __tablename__ = "erased_match"

    match_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(sa_type=sa.Text, index=True)


_KEEP_ORGANISATION = text(
    """
    INSERT INTO organisation AS o (organisation_id, version, name, node)
    VALUES (:organisation_id, :version, :name, CAST(:node AS text))
    ON CONFLICT (organisation_id) DO UPDATE SET version = excluded.version, name = excluded.name
    WHERE o.version < excluded.version AND o.node IS NOT DISTINCT FROM excluded.node
    """
)


async def keep_organisation(
    session: AsyncSession, organisation_id: str, version: int, name: str, node: str | None = None
) -> None:
    """Keeps what an organisation (of another node) is called, when that is newer than what is known."""
    values = {"organisation_id": organisation_id, "version": version, "name": name, "node": node}
    await ask(session, _KEEP_ORGANISATION, values)


_KEEP_AMBASSADOR = text(
    """
    INSERT INTO ambassador AS a (member_id, version, is_active, organisation_ids, provinces, themes)
    SELECT :member_id, :version, :is_active, CAST(:organisation_ids AS text[]), CAST(:provinces AS text[]),
        CAST(:themes AS text[])
    WHERE NOT EXISTS (SELECT FROM forgotten_member f WHERE f.member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, is_active = excluded.is_active,
        organisation_ids = excluded.organisation_ids, provinces = excluded.provinces, themes = excluded.themes,
        absent_until = CASE WHEN excluded.is_active THEN a.absent_until END
    WHERE a.version < excluded.version
    RETURNING member_id
    """
)


async def keep_ambassador(session: AsyncSession, member_id: str, version: int, scope: AmbassadorScope | None) -> bool:
    """Keeps an ambassador's scope, or without one that they stood down; whether that is newer than what is known."""
    values = {
        "member_id": member_id,
        "version": version,
        "is_active": scope is not None,
        "organisation_ids": list(scope.organisation_ids) if scope else [],
        "provinces": list(scope.provinces) if scope else [],
        "themes": [theme.value for theme in scope.themes] if scope else [],
    }
    return (await ask(session, _KEEP_AMBASSADOR, values)).scalar_one_or_none() is not None


_KEEP_TEAM_MEMBER = text(
    """
    INSERT INTO node_team_member AS t (member_id, version, is_active)
    SELECT :member_id, :version, :is_active
    WHERE NOT EXISTS (SELECT FROM forgotten_member f WHERE f.member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, is_active = excluded.is_active
    WHERE t.version < excluded.version
    RETURNING member_id
    """
)


async def keep_team_member(session: AsyncSession, member_id: str, version: int, *, is_active: bool) -> bool:
    """Keeps who belongs to the node's team; whether that is newer than what is known."""
    values = {"member_id": member_id, "version": version, "is_active": is_active}
    return (await ask(session, _KEEP_TEAM_MEMBER, values)).scalar_one_or_none() is not None


#: Beyond this many, how many exactly wait for an ambassador decides nothing.
_WAITING_COUNTED_MAX = 100

_AMBASSADORS = text(
    f"""
    SELECT member_id, organisation_ids, provinces, themes,
        coalesce(absent_until >= CAST(:today AS date), false) AS is_absent,
        (SELECT count(*) FROM (SELECT FROM match m WHERE m.state = 'proposed' AND m.ambassador_ids[1] = a.member_id
                               LIMIT {_WAITING_COUNTED_MAX}) AS first) AS waiting
    FROM ambassador a
    WHERE is_active AND (
        organisation_ids && CAST(:organisation_ids AS text[])
        OR organisation_ids = '{{}}' AND (provinces && CAST(:provinces AS text[]) OR provinces = '{{}}'))
    UNION ALL
    SELECT member_id, NULL, NULL, NULL, false, 0 FROM node_team_member WHERE is_active
    """
)


async def who_may_look(
    session: AsyncSession, propositions: Iterable[Proposition], now: datetime
) -> tuple[list[Ambassador], list[str]]:
    """The ambassadors whose scope may cover any of these, and the node's team; one question to the database."""
    known = list(propositions)
    values = {
        "organisation_ids": list({p.organisation_id for p in known}),
        "provinces": list({p.province for p in known}),
        "today": now.astimezone(AMSTERDAM).date(),
    }
    rows = (await ask(session, _AMBASSADORS, values)).mappings().all()
    ambassadors = [
        Ambassador(
            row["member_id"],
            AmbassadorScope(
                organisation_ids=tuple(row["organisation_ids"]),
                provinces=tuple(row["provinces"]),
                themes=tuple(row["themes"]),
            ),
            row["waiting"],
            row["is_absent"],
        )
        for row in rows
        if row["organisation_ids"] is not None
    ]
    return ambassadors, [row["member_id"] for row in rows if row["organisation_ids"] is None]


_MAY_LOOK = text(
    """
    SELECT EXISTS (SELECT FROM ambassador WHERE member_id = ANY(CAST(:ids AS text[])) AND is_active)
        OR EXISTS (SELECT FROM node_team_member WHERE member_id = ANY(CAST(:ids AS text[])) AND is_active)
    """
)


async def may_look(session: AsyncSession, *references: str) -> bool:
    """Whether somebody is an ambassador or belongs to the node's team, by any that they are known as."""
    return bool((await ask(session, _MAY_LOOK, {"ids": list(references)})).scalar_one())


_TEAM = text("SELECT member_id FROM node_team_member WHERE is_active ORDER BY member_id")


async def node_team(session: AsyncSession) -> tuple[str, ...]:
    """The members of the node's team."""
    return tuple((await ask(session, _TEAM)).scalars())


_REMEMBER_FORGOTTEN = text(
    """
    INSERT INTO forgotten_member (member_id, forgotten_at) VALUES (:reference, :now)
    ON CONFLICT DO NOTHING RETURNING member_id
    """
)


async def forget_from_now_on(session: AsyncSession, member_id: str, node: str | None, now: datetime) -> bool:
    """Keeps out whatever of somebody (of another node) arrives from now on; whether that is new."""
    row = await ask(session, _REMEMBER_FORGOTTEN, {"reference": reference(member_id, node), "now": now})
    return row.scalar_one_or_none() is not None


_IS_FORGOTTEN = text("SELECT EXISTS (SELECT FROM forgotten_member WHERE member_id = :reference)")


async def is_forgotten(session: AsyncSession, member_id: str, node: str | None) -> bool:
    """Whether somebody (of another node) was erased."""
    return bool((await ask(session, _IS_FORGOTTEN, {"reference": reference(member_id, node)})).scalar_one())


def _is_side(table: str) -> str:
    node = "IS NOT DISTINCT FROM CAST(:node AS text)"
    return f"""({table}.asker_id = :member_id AND {table}.asker_node {node}
        OR {table}.offerer_id = :member_id AND {table}.offerer_node {node})"""


_REMOVE = {
    # In this order: the feedback is found by the matches, the escalations by the propositions.
    "feedback": text(
        f"DELETE FROM feedback f USING match m WHERE m.match_id = f.match_id AND {_is_side('m')} RETURNING f.match_id"
    ),
    "matches": text(f"DELETE FROM match m WHERE {_is_side('m')} RETURNING match_id"),
    "escalations": text(
        """
        DELETE FROM escalation e USING proposition p
        WHERE e.request_id = p.proposition_id AND p.member_id = :member_id
            AND p.node IS NOT DISTINCT FROM CAST(:node AS text) RETURNING request_id
        """
    ),
    "propositions": text(
        """
        DELETE FROM proposition WHERE member_id = :member_id AND node IS NOT DISTINCT FROM CAST(:node AS text)
        RETURNING proposition_id
        """
    ),
}
_REMOVE_OWN = {
    "matches-ended-before": text("DELETE FROM erased_match WHERE member_id = :member_id RETURNING match_id"),
    "other-references": text("DELETE FROM same_person WHERE member_id = :member_id RETURNING member_id"),
    "appointments": text("DELETE FROM ambassador WHERE member_id = :member_id RETURNING member_id"),
    "team-memberships": text("DELETE FROM node_team_member WHERE member_id = :member_id RETURNING member_id"),
    "notes": text("UPDATE match SET note = NULL, note_by = NULL WHERE note_by = :member_id RETURNING match_id"),
    "matches-looked-at": text(
        """
        UPDATE match SET ambassador_ids = array_remove(ambassador_ids, :member_id)
        WHERE ambassador_ids @> CAST(ARRAY[:member_id] AS text[]) RETURNING match_id
        """
    ),
}


async def remove(session: AsyncSession, member_id: str, node: str | None) -> dict[str, list[str]]:
    """Removes everything about somebody (of another node); returns the ids of what was removed."""
    values = {"member_id": member_id, "node": node}
    removed = {what: list((await ask(session, one, values)).scalars()) for what, one in _REMOVE.items()}
    if node is None:
        own = {"member_id": member_id}
        removed |= {what: list((await ask(session, one, own)).scalars()) for what, one in _REMOVE_OWN.items()}
    return removed


_REMEMBER_ERASED_MATCHES = text(
    """
    INSERT INTO erased_match (match_id, member_id)
    SELECT * FROM unnest(CAST(:match_ids AS text[]), CAST(:member_ids AS text[])) ON CONFLICT DO NOTHING
    """
)


async def remember_erased_matches(session: AsyncSession, told: dict[str, str]) -> None:
    """Keeps which member each match that ended by an erasure was told to."""
    await ask(session, _REMEMBER_ERASED_MATCHES, {"match_ids": list(told), "member_ids": list(told.values())})
