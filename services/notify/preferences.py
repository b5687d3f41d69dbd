"""What members do not want by mail, and the links by which they say so without signing in."""

from collections.abc import Iterable

from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notify.erasure import not_while_erasing
from services.notify.sql import run
from services.notify.tables import Preference, UnsubscribeToken


async def preference_of(session: AsyncSession, member_id: str) -> Preference:
    """What a member does not want by mail; a new, unsaved row when they never said so."""
    found = (await session.exec(select(Preference).where(Preference.member_id == member_id))).first()
    return found or Preference(member_id=member_id)


# Only the version that the member saw is changed; a first change makes version 2 of what was never said.
_SET_MUTED = text(
    """
    INSERT INTO preference AS known (member_id, version, muted)
    SELECT CAST(:member_id AS text), 2, CAST(:muted AS text[])
    WHERE (:expected = 1 OR EXISTS (SELECT FROM preference WHERE member_id = :member_id))
      AND NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = known.version + 1, muted = excluded.muted
    WHERE known.version = :expected
    RETURNING version
    """
)

_CHOOSE = text(
    """
    INSERT INTO preference AS known (member_id, version, muted)
    SELECT CAST(:member_id AS text), 2, CAST(:muted AS text[])
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = known.version + 1, muted = excluded.muted
    """
)

_MUTE = text(
    """
    INSERT INTO preference AS known (member_id, version, muted)
    SELECT CAST(:member_id AS text), 2, ARRAY[CAST(:category AS text)]
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE
    SET version = known.version + 1, muted = array_append(known.muted, CAST(:category AS text))
    WHERE NOT known.muted @> excluded.muted
    """
)


_UNMUTE = text(
    """
    UPDATE preference SET version = version + 1, muted = array_remove(muted, CAST(:category AS text))
    WHERE member_id = :member_id AND :category = ANY(muted)
    """
)


async def set_muted(session: AsyncSession, member_id: str, muted: Iterable[str], expected: int) -> int | None:
    """Sets what a member does not want by mail; returns the new version, or none when another than expected stands."""
    await not_while_erasing(session)
    values = {"member_id": member_id, "muted": sorted(muted), "expected": expected}
    return (await run(session, _SET_MUTED, values)).scalar_one_or_none()


async def choose_alike(session: AsyncSession, member_id: str, muted: Iterable[str]) -> None:
    """The same under another reference of whoever chose it."""
    await not_while_erasing(session)
    await run(session, _CHOOSE, {"member_id": member_id, "muted": sorted(muted)})


async def unsubscribe_token(session: AsyncSession, token: str) -> UnsubscribeToken | None:
    """Whose link it is, and for which category."""
    return (await session.exec(select(UnsubscribeToken).where(UnsubscribeToken.token == token))).first()


async def mute(session: AsyncSession, member_id: str, category: str) -> None:
    """Stops the mails of a category; doing it again changes nothing."""
    await not_while_erasing(session)
    await run(session, _MUTE, {"member_id": member_id, "category": category})


async def unmute(session: AsyncSession, member_id: str, category: str) -> None:
    """Undoes `mute`."""
    await run(session, _UNMUTE, {"member_id": member_id, "category": category})
