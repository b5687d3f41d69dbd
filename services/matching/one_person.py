"""Which references are of one person: they keep what is theirs, and are not proposed to themselves."""

import sqlalchemy as sa
from sqlalchemy import text
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.members import MemberMerged, MemberParted
from services.matching import matches, proposing
from services.matching.match import RUNNING
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
_REFERENCES = text("""SELECT member_id FROM same_person WHERE "into" = :stays UNION SELECT CAST(:stays AS text)""")


async def keep(session: AsyncSession, event: MemberMerged | MemberParted) -> None:
    """Keeps where a reference leads; what runs between two references of one person ends."""
    into = event.into if isinstance(event, MemberMerged) else None
    values = {"member_id": event.member_id, "version": event.version, "into": into}
    if (await ask(session, _KEEP, values)).scalar_one_or_none() is None or into is None:
        return
    theirs = {*(await ask(session, _REFERENCES, {"stays": into})).scalars()}
    running = [
        match
        for match in await matches.of_member(session, event.member_id, None)
        if match.state in RUNNING and not match.other_nodes() and theirs.issuperset(match.sides())
    ]
    await proposing.end(session, running, "closed")
