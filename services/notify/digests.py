"""What was gathered for a person is put in the post as one mail."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import run
from contracts.event import new_id
from services.notify import asking, one_person
from services.notify.erasure import not_while_erasing
from services.notify.planning import mailed_today
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
    "UPDATE notification SET status = 'in-digest', digest_id = :mail_id WHERE notification_id = ANY(:notification_ids)"
)

_TAKE_OUT = text(
    """
    UPDATE notification AS n SET status = 'gathered', digest_id = :digest_id FROM notification AS mail
    WHERE n.member_id = :member_id AND n.status = 'in-digest' AND mail.notification_id = n.digest_id
      AND mail.member_id <> n.member_id AND mail.status IN ('waiting', 'sending', 'awaiting-contact')
    """
)


async def put_in_post(session: AsyncSession, digest_id: str, now: datetime) -> None:
    """Makes one mail of what waits for this digest, if anything does (still); for who were parted meanwhile, one each.

    What comes in for a digest that went already, because the broker's clock is ahead, makes another one.
    """
    await not_while_erasing(session)
    await run(session, _UNWANTED, {"digest_id": digest_id})
    await asking.leave_out_what_is_over(session, digest_id)
    gathered = list(await run(session, _GATHERED, {"digest_id": digest_id}))
    person = await one_person.stays_of(session, {row.member_id for row in gathered})
    for member_id in sorted(set(person.values())):
        theirs = [row for row in gathered if person[row.member_id] == member_id]
        await _put_in_post(session, digest_id, member_id, theirs, now)
    if gathered:
        wake_senders_after_commit(session, "mail")


async def take_out(session: AsyncSession, member_id: str, now: datetime) -> None:
    """What was told under a reference, and is in a mail to another that is not sent yet, goes in a mail of its own.

    A mail that is with the mail server at this moment goes as it is.
    """
    digest_id = new_id()
    await run(session, _TAKE_OUT, {"member_id": member_id, "digest_id": digest_id})
    await put_in_post(session, digest_id, now)


async def _put_in_post(
    session: AsyncSession, digest_id: str, member_id: str, gathered: Sequence[Any], now: datetime
) -> None:
    mail_id = str(uuid5(UUID(digest_id), gathered[0].notification_id))
    values = {"mail_id": mail_id, "member_id": member_id, "now": now, "cause": session.info.get("cause")}
    await run(session, _POST, values)
    await run(session, _FILL, {"mail_id": mail_id, "notification_ids": [row.notification_id for row in gathered]})
    if any(row.category == Category.DESK for row in gathered):
        await mailed_today(session, member_id, now)
