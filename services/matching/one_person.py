"""Which references are of one person: they keep what is theirs, and nobody is brought together with themselves."""

from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.members import MemberMerged, MemberParted
from services.matching import matches
from services.matching.match import RUNNING, Match
from services.matching.store import Table, ask


class SamePerson(Table, table=True):
    """That a reference leads to another (`into`), or does not any more: the highest version wins."""

    __tablename__ = "same_person"

    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    into: str | None = Field(default=None, sa_type=sa.Text)


_KEEP = text(
    """
    INSERT INTO same_person AS s (member_id, version, "into")
    SELECT :member_id, :version, CAST(:into AS text)
    WHERE NOT EXISTS (SELECT FROM forgotten_member f WHERE f.member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, "into" = excluded."into"
    WHERE s.version < excluded.version
    RETURNING member_id
    """
)

#: By which of their references a person stays, of a table with a `member_id`.
STAYS = """coalesce((SELECT s."into" FROM same_person s WHERE s.member_id = {0}.member_id), {0}.member_id)"""
_KNOWN_AS = text(
    f"""
    WITH stays AS (
        SELECT m.member_id, {STAYS.format("m")} AS one FROM unnest(CAST(:member_ids AS text[])) AS m (member_id))
    SELECT member_id, one AS reference FROM stays
    UNION SELECT stays.member_id, s.member_id FROM stays JOIN same_person s ON s."into" = one
    """
)


async def known_as(session: AsyncSession, member_ids: Iterable[str]) -> dict[str, set[str]]:
    """All that each of these is known as, as far as they are of this node."""
    found: dict[str, set[str]] = {}
    for row in await ask(session, _KNOWN_AS, {"member_ids": list(member_ids)}):
        found.setdefault(row.member_id, set()).add(row.reference)
    return found


async def references_of(session: AsyncSession, *member_ids: str) -> set[str]:
    """All that somebody of this node, or each of these, is known as."""
    return {one for references in (await known_as(session, member_ids)).values() for one in references}


async def keep(session: AsyncSession, event: MemberMerged | MemberParted) -> list[Match]:
    """Keeps where a reference leads; returns what runs between two references of one person, which is to end."""
    into = event.into if isinstance(event, MemberMerged) else None
    values = {"member_id": event.member_id, "version": event.version, "into": into}
    if (await ask(session, _KEEP, values)).scalar_one_or_none() is None or into is None:
        return []
    theirs = await references_of(session, into)
    return [
        match
        for match in await matches.of_member(session, event.member_id, None)
        if match.state in RUNNING and not match.other_nodes() and theirs.issuperset(match.sides())
    ]
