"""What became of a mail is written down, and said when it is final."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import asyncpg
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from chassis.mailboxes import Outgoing, change_and_say, saying_of_changed
from chassis.sql import run
from contracts.notify import NotificationFailed, NotificationSent
from services.notify import attempts, contacts
from services.notify.post import WITHOUT_SECRETS, Claimed
from services.notify.smtp import Accepted, Deferred, NotOffered, Outcome, Refused, ServerAway

# A row that is not ours any more (erased, or given to another sender after we seemed dead) is left alone.
_OURS = "WHERE notification_id = :id AND status = 'sending' AND sender = :sender"

_SENT = text(
    f"UPDATE notification SET status = 'sent', sent_at = :now, facts = '{{}}', sender = NULL, refusal = NULL {_OURS}"
)
_SENT_ALONE = saying_of_changed(
    """
    UPDATE notification SET status = 'sent', sent_at = $8, facts = '{}', sender = NULL, refusal = NULL
    WHERE notification_id = ANY($9::text[]) AND status = 'sending' AND sender = $10
    RETURNING notification_id AS entity_id
    """
)
# What was not wanted any more, or had expired, is not in it.
_SENT_TOGETHER = text(
    """
    UPDATE notification SET facts = '{}',
        sent_at = CASE WHEN notification_id = ANY(:told) THEN CAST(:now AS timestamptz) END,
        status = CASE WHEN notification_id = ANY(:told) THEN 'sent' ELSE 'unwanted' END
    WHERE digest_id = :id
    """
)
_ON_ITS_OWN = text(
    "UPDATE notification SET status = 'waiting', digest_id = NULL, next_attempt_at = :now "
    "WHERE digest_id = :id AND notification_id = ANY(:wordless)"
)
_WAIT = text(
    "UPDATE notification SET status = 'waiting', sender = NULL, next_attempt_at = :next, refusal = :code, "
    f"tried_since = :since, attempts = attempts - :unused, attempts_unsure = attempts_unsure + :unsure {_OURS}"
)
_FAIL = text(
    f"UPDATE notification SET status = 'failed', sender = NULL, refusal = :code, facts = {WITHOUT_SECRETS} {_OURS}"
)
_REFUSE_ADDRESS = text(
    "UPDATE contact SET refused_at = coalesce(refused_at, :now), last_refused_at = :now "
    "WHERE member_id = :member_id AND email = :address"
)
_ACCEPT_ADDRESS = text(
    "UPDATE contact SET refused_at = NULL, last_refused_at = NULL "
    "WHERE member_id = :member_id AND email = :address AND refused_at IS NOT NULL"
)
_TO_THE_NEW_ADDRESS = text(
    "UPDATE notification SET status = 'waiting', next_attempt_at = :now, tried_since = NULL "
    "WHERE notification_id = :id AND EXISTS (SELECT FROM contact WHERE member_id = :member_id AND email <> :address)"
)


def is_sent_alone(mail: Claimed, outcome: Outcome) -> bool:
    """Whether nothing but the mail itself is to be written down: it was accepted, and says nothing of another."""
    return isinstance(outcome, Accepted) and not mail.items and not mail.proves_address


async def write_down_sent(
    connection: asyncpg.Connection,
    mails: Sequence[tuple[Claimed, str | None]],
    *,
    node: str,
    sender: int,
    now: datetime,
) -> list[Outgoing]:
    """Settles mails that were sent alone, each with what caused it, in one statement; returns what is said of them.

    The next mail waits for it: see the window in `sending`.
    """
    said = [(NotificationSent(**_about(mail)), cause) for mail, cause in mails]
    ids = [mail.notification_id for mail, _ in mails]
    return await change_and_say(connection, _SENT_ALONE, said, node, now, ids, sender)


async def write_down(
    session: AsyncSession, mail: Claimed, outcome: Outcome, *, sender: int, now: datetime, jitter: float
) -> None:
    """Settles a mail, or puts it back in the post for another time."""
    ours = {"id": mail.notification_id, "sender": sender}
    tries = (mail.tried_since, mail.attempts, mail.due_at, now)
    since = attempts.tried_since(*tries)
    again = {"next": now, "unused": 1, "unsure": 0, "code": None, "since": since}
    match outcome:
        case Accepted():
            await _sent(session, mail, ours, now)
        case Refused(code, address):
            await _refused(session, mail, ours, code, now if address else None)
        case Deferred(code, unsure):
            too_often = unsure and attempts.is_unsure_again(mail.attempts_unsure)
            if too_often or attempts.is_given_up(since, now):
                await _failed(session, mail, ours, code)
            else:
                later = attempts.next_attempt(mail.attempts, since, now, jitter)
                again |= {"next": later, "unused": 0, "unsure": int(unsure), "code": code}
                await run(session, _WAIT, ours | again)
        case ServerAway(code):  # however long: what is the server's fault is no reason to give up a mail
            since = attempts.tried_since_without_server(*tries)
            await run(session, _WAIT, ours | again | {"code": code, "since": since})
        case NotOffered():
            await run(session, _WAIT, ours | again | {"since": mail.tried_since})


async def _sent(session: AsyncSession, mail: Claimed, ours: dict[str, Any], now: datetime) -> None:
    if _changed(await run(session, _SENT, ours | {"now": now})):
        if mail.wordless:
            await run(session, _ON_ITS_OWN, {"id": mail.notification_id, "now": now, "wordless": mail.wordless})
        if mail.items:
            told = [item["notification_id"] for item in mail.items]
            await run(session, _SENT_TOGETHER, {"id": mail.notification_id, "now": now, "told": told})
        say(session, NotificationSent(**_about(mail)))
    # Who gets a sign-in link, or a mail at an address that is tried again, can be reached there (again).
    if mail.proves_address and _changed(await run(session, _ACCEPT_ADDRESS, _address(mail))):
        await contacts.introduce_again(session, mail.member_id, now)


async def _refused(
    session: AsyncSession, mail: Claimed, ours: dict[str, Any], code: str, address_refused_at: datetime | None
) -> None:
    if address_refused_at is None:
        await _failed(session, mail, ours, code)
        return
    # The mail first and the contact then, as an erasure does: two that wait for each other would both fail.
    if not _changed(await run(session, _FAIL, ours | {"code": code})):
        return
    refused = {"id": mail.notification_id, "now": address_refused_at} | _address(mail)
    is_current = _changed(await run(session, _REFUSE_ADDRESS, refused))
    if not is_current and not mail.has_own_address and _changed(await run(session, _TO_THE_NEW_ADDRESS, refused)):
        return
    say(session, NotificationFailed(**_about(mail), refusal=code))


async def _failed(session: AsyncSession, mail: Claimed, ours: dict[str, Any], code: str) -> None:
    if _changed(await run(session, _FAIL, ours | {"code": code})):
        say(session, NotificationFailed(**_about(mail), refusal=code))


def _changed(result: Any) -> bool:
    return bool(result.rowcount)


def _address(mail: Claimed) -> dict[str, str]:
    return {"member_id": mail.member_id, "address": mail.address}


def _about(mail: Claimed) -> dict[str, str]:
    return {
        "notification_id": mail.notification_id,
        "member_id": mail.member_id,
        "template": mail.template,
        "matter_id": mail.matter_id,
    }
