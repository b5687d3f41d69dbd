"""The devices on which members want to be told: each has an address at a push service of its browser's maker."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from services.notify.erasure import not_while_erasing
from services.notify.push.rules import DEVICES_MAX
from services.notify.tables import PushDevice

# A browser has one address, whoever uses it: who asked last is told there, and nobody else any more.
_TAKE_OVER = text("DELETE FROM push_device WHERE endpoint = :endpoint AND device_id <> :device_id")

_KEEP = text(
    """
    INSERT INTO push_device AS known (device_id, member_id, endpoint, p256dh, auth, added_at)
    SELECT CAST(:device_id AS text), CAST(:member_id AS text), :endpoint, :p256dh, :auth, :now
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (device_id) DO UPDATE SET
        member_id = excluded.member_id, endpoint = excluded.endpoint, p256dh = excluded.p256dh, auth = excluded.auth,
        added_at = excluded.added_at
    WHERE known.member_id = ANY(:who)
    """
)

_DROP_OLDEST = text(
    "DELETE FROM push_device WHERE device_id IN (SELECT device_id FROM push_device WHERE member_id = :member_id "
    f"ORDER BY added_at DESC, device_id OFFSET {DEVICES_MAX})"
)

_END_ALL = text(
    "DELETE FROM push_device WHERE member_id = :member_id "
    "AND added_at < coalesce(CAST(:added_before AS timestamptz), 'infinity')"
)


async def keep(
    session: AsyncSession,
    device_id: str,
    references: Sequence[str],
    *,
    endpoint: str,
    p256dh: str,
    auth: str,
    now: datetime,
) -> None:
    """From now on the member, by the first of their references, is told on this device too; not on another's."""
    member_id = references[0]
    await not_while_erasing(session)
    values, keys = {"device_id": device_id, "endpoint": endpoint}, {"p256dh": p256dh, "auth": auth}
    await run(session, _TAKE_OVER, values)
    await run(session, _KEEP, values | {"member_id": member_id, "who": list(references), **keys, "now": now})
    await run(session, _DROP_OLDEST, {"member_id": member_id})


async def devices_of(session: AsyncSession, references: Sequence[str]) -> list[str]:
    """The devices of somebody, by all that they are known as."""
    found = await session.exec(select(PushDevice.device_id).where(col(PushDevice.member_id).in_(references)))
    return sorted(found)


async def end(session: AsyncSession, device_id: str, references: Sequence[str] | None = None) -> None:
    """Nobody is told on this device any more; with references only when it is theirs."""
    statement = "DELETE FROM push_device WHERE device_id = :device_id"
    if references is None:
        await run(session, text(statement), {"device_id": device_id})
    else:
        values = {"device_id": device_id, "who": list(references)}
        await run(session, text(f"{statement} AND member_id = ANY(:who)"), values)


async def end_all_of(session: AsyncSession, member_id: str, *, added_before: datetime | None = None) -> None:
    """A member is told on no device any more, but for those added since a moment."""
    await run(session, _END_ALL, {"member_id": member_id, "added_before": added_before})
