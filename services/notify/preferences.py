"""What members do not want by mail and when they want the rest, and the links to stop mail without signing in."""

import json
from dataclasses import asdict

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from services.notify.erasure import not_while_erasing
from services.notify.moments import Wishes
from services.notify.tables import Preference, UnsubscribeToken
from services.notify.templates import EVERYTHING, Category


async def preference_of(session: AsyncSession, member_id: str) -> Preference:
    """What a member chose; a new, unsaved row when they never did."""
    found = (await session.exec(select(Preference).where(Preference.member_id == member_id))).first()
    return found or Preference(member_id=member_id)


# Where a version is expected, only the one that the member saw is changed; a first change makes version 2 of what was
# never said.
_CHOOSE = text(
    """
    INSERT INTO preference AS known (member_id, version, muted, rhythms, quiet_from, quiet_until, weekends, not_pushed)
    SELECT CAST(:member_id AS text), 2, CAST(:muted AS text[]), CAST(:rhythms AS jsonb),
        CAST(:quiet_from AS integer), CAST(:quiet_until AS integer), CAST(:weekends AS boolean),
        CAST(:not_pushed AS text[])
    WHERE (coalesce(CAST(:expected AS bigint), 1) = 1 OR EXISTS (SELECT FROM preference WHERE member_id = :member_id))
      AND NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = known.version + 1, muted = excluded.muted,
        rhythms = excluded.rhythms, quiet_from = excluded.quiet_from, quiet_until = excluded.quiet_until,
        weekends = excluded.weekends,
        not_pushed = excluded.not_pushed
    WHERE known.version = coalesce(CAST(:expected AS bigint), known.version)
    RETURNING version
    """
)

_MUTE = text(
    """
    INSERT INTO preference AS known (member_id, version, muted)
    SELECT CAST(:member_id AS text), 2, CAST(:categories AS text[])
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE
    SET version = known.version + 1,
        muted = ARRAY(SELECT DISTINCT unnest(known.muted || excluded.muted) AS category ORDER BY category)
    WHERE NOT known.muted @> excluded.muted
    """
)


_UNMUTE = text(
    """
    UPDATE preference SET version = version + 1, muted = array_remove(muted, CAST(:category AS text))
    WHERE member_id = :member_id AND CAST(:category AS text) = ANY(muted)
    """
)


async def choose(session: AsyncSession, member_id: str, wishes: Wishes, expected: int | None = None) -> int | None:
    """Sets what a member wants by mail; returns the new version, or none when another than expected stands."""
    await not_while_erasing(session)
    told = {"muted": sorted(wishes.muted), "rhythms": json.dumps(wishes.rhythms), "expected": expected}
    return (await run(session, _CHOOSE, asdict(wishes) | told | {"member_id": member_id})).scalar_one_or_none()


async def unsubscribe_token(session: AsyncSession, token: str) -> UnsubscribeToken | None:
    """Whose link it is, and for which category."""
    return (await session.exec(select(UnsubscribeToken).where(UnsubscribeToken.token == token))).first()


async def mute(session: AsyncSession, member_id: str, category: str) -> None:
    """Stops the mails of a category, or of every one; doing it again changes nothing."""
    await not_while_erasing(session)
    await run(session, _MUTE, {"member_id": member_id, "categories": sorted(_stopped_by(category))})


async def is_muted(session: AsyncSession, member_id: str, category: str) -> bool:
    """Whether none of the mails that `mute` would stop come any more."""
    return _stopped_by(category) <= set((await preference_of(session, member_id)).muted)


async def unmute(session: AsyncSession, member_id: str, category: str) -> None:
    """Undoes `mute` of one category."""
    await run(session, _UNMUTE, {"member_id": member_id, "category": category})


def _stopped_by(category: str) -> set[str]:
    return {one.value for one in Category} if category == EVERYTHING else {category}
