"""What was gathered for a member is put in the post as one mail."""

from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notify.erasure import not_while_erasing
from services.notify.planning import mailed_today
from services.notify.sql import run
from services.notify.templates import Category
from services.notify.waking import wake_senders_after_commit

_GATHERED = text(
    "SELECT notification_id, member_id, category FROM notification "
    "WHERE digest_id = :digest_id AND status = 'gathered' ORDER BY notification_id FOR UPDATE"
)

_UNWANTED = text(
    """
    UPDATE notification AS n SET status = 'unwanted', facts = '{}', digest_id = NULL FROM preference AS p
    WHERE n.digest_id = :digest_id AND n.status = 'gathered' AND p.member_id = n.member_id AND n.category = ANY(p.muted)
    """
)

_POST = text(
    """
    INSERT INTO notification (notification_id, member_id, template, matter_id, occurrence, facts, about, needs, urgent,
                              status, created_at, next_attempt_at, attempts, attempts_unsure, cause)
    SELECT mail_id, member_id, 'digest', mail_id, '', '{}', ARRAY[member_id], ARRAY[member_id], false, 'waiting',
        CAST(:now AS timestamptz), CAST(:now AS timestamptz), 0, 0, :cause
    FROM (SELECT CAST(:mail_id AS text) AS mail_id, CAST(:member_id AS text) AS member_id) AS mail
    """
)

_FILL = text(
    "UPDATE notification SET status = 'in-digest', digest_id = :mail_id "
    "WHERE digest_id = :digest_id AND status = 'gathered'"
)


async def put_in_post(session: AsyncSession, digest_id: str, now: datetime) -> None:
    """Makes one mail of what waits for this digest; when nothing does (any more), of nothing none.

    What comes in for a digest that went already, because the broker's clock is ahead, makes another one.
    """
    await not_while_erasing(session)
    await run(session, _UNWANTED, {"digest_id": digest_id})
    gathered = list(await run(session, _GATHERED, {"digest_id": digest_id}))
    if not gathered:
        return
    member_id = gathered[0].member_id
    mail_id = str(uuid5(UUID(digest_id), gathered[0].notification_id))
    values = {"mail_id": mail_id, "member_id": member_id, "now": now, "cause": session.info.get("cause")}
    await run(session, _POST, values)
    await run(session, _FILL, {"mail_id": mail_id, "digest_id": digest_id})
    if any(row.category == Category.DESK for row in gathered):
        await mailed_today(session, member_id, now)
    wake_senders_after_commit(session)
