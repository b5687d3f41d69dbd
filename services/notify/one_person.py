"""Which references are of one person: what they choose of mails holds for all that they are known as."""

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from contracts.members import MemberMerged, MemberParted
from services.notify.erasure import not_while_erasing

# The highest version wins.
_KEEP = text(
    """
    INSERT INTO same_person AS known (member_id, version, "into")
    SELECT CAST(:member_id AS text), :version, CAST(:into AS text)
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, "into" = excluded."into"
    WHERE known.version < excluded.version
    """
)

_REFERENCES = text(
    """
    WITH stays AS (SELECT coalesce((SELECT "into" FROM same_person WHERE member_id = :member_id), :member_id) AS one)
    SELECT one FROM stays UNION SELECT member_id FROM same_person, stays WHERE "into" = one
    """
)


async def keep(session: AsyncSession, event: MemberMerged | MemberParted) -> None:
    """Keeps where a reference leads, or that it stands on its own again."""
    await not_while_erasing(session)
    into = event.into if isinstance(event, MemberMerged) else None
    await run(session, _KEEP, {"member_id": event.member_id, "version": event.version, "into": into})


# Locked: whoever parts two waits for what is put together for them at this moment, and then finds it to take it out.
_STAYS = text(
    'SELECT member_id, "into" FROM same_person WHERE member_id = ANY(:member_ids) AND "into" IS NOT NULL FOR SHARE'
)


async def stays_of(session: AsyncSession, member_ids: set[str]) -> dict[str, str]:
    """The reference that each of these leads to: who has two gets one digest."""
    led = await run(session, _STAYS, {"member_ids": sorted(member_ids)})
    return {member_id: member_id for member_id in member_ids} | {row[0]: row[1] for row in led}


async def references_of(session: AsyncSession, member_id: str) -> list[str]:
    """All that somebody is known as."""
    return sorted((await run(session, _REFERENCES, {"member_id": member_id})).scalars())
