"""The post: which mails are due, and what becomes of each; every change in the database of a mail on its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.notify import NotificationFailed, NotificationSent
from services.notify import rules
from services.notify.connections import SENDER_LOCKS
from services.notify.rules import Delivery
from services.notify.smtp import Accepted, Deferred, Outcome, Refused


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that one sender is to send, with all that its words need, read at this moment."""

    notification_id: str
    member_id: str
    template: str
    matter_id: str
    facts: dict[str, Any]
    needs: list[str]
    created_at: datetime
    attempts: int
    attempt_unsure: int
    cause: str | None
    contacts: dict[str, dict[str, Any]]  # of the member and of whom the mail tells the details
    muted: list[str]
    tokens: dict[str, str]  # to unsubscribe, by category

    @property
    def address(self) -> str | None:
        """Where it goes: the address that came along, or else the member's own."""
        if "email" in self.facts:
            return str(self.facts["email"])
        contact = self.contacts.get(self.member_id)
        return contact and contact["email"]


# The address and the token of a sign-in link are kept no longer than the mail is under way.
_WITHOUT_SECRETS = "CASE WHEN template IN ('sign-in', 'joining') THEN '{}'::jsonb ELSE facts END"

_CLAIM = text(
    """
    WITH due AS (
        SELECT notification_id FROM notification WHERE status = 'waiting' AND next_attempt_at <= :now
        ORDER BY next_attempt_at LIMIT :room FOR UPDATE SKIP LOCKED
    )
    UPDATE notification AS n SET status = 'sending', sender = :sender, attempts = n.attempts + 1
    FROM due WHERE n.notification_id = due.notification_id
    RETURNING n.notification_id, n.member_id, n.template, n.matter_id, n.facts, n.needs, n.created_at, n.attempts,
        n.attempt_unsure, n.cause,
        coalesce((SELECT jsonb_object_agg(c.member_id, to_jsonb(c)) FROM contact AS c
                  WHERE c.member_id = ANY(n.needs || n.member_id)), '{}') AS contacts,
        coalesce((SELECT p.muted FROM preference AS p WHERE p.member_id = n.member_id), '{}') AS muted,
        coalesce((SELECT jsonb_object_agg(u.category, u.token) FROM unsubscribe_token AS u
                  WHERE u.member_id = n.member_id), '{}') AS tokens
    """
)

_SETTLE = text(
    "UPDATE notification SET status = :status, refusal = :refusal, sender = NULL, "
    f"facts = {_WITHOUT_SECRETS} WHERE notification_id = :id"
)


async def claim(session: AsyncSession, sender: int, room: int, now: datetime) -> list[Claimed]:
    """Up to `room` due mails that are this sender's from now on; what need not be sent any more is settled at once."""
    rows = await session.execute(_CLAIM, {"sender": sender, "room": room, "now": now})
    claimed = [Claimed(**row._mapping) for row in rows]
    to_send = []
    for mail in claimed:
        status, refusal = _without_sending(mail, now)
        if status is None:
            to_send.append(mail)
        else:
            await session.execute(_SETTLE, {"id": mail.notification_id, "status": status, "refusal": refusal})
    return to_send


def _without_sending(mail: Claimed, now: datetime) -> tuple[Delivery | None, str | None]:
    template = rules.Template(mail.template)
    if template in (rules.Template.SIGN_IN, rules.Template.JOINING):
        expires_at = datetime.fromisoformat(mail.facts["expires_at"])
        return (Delivery.EXPIRED, None) if expires_at <= now else (None, None)
    if not all(who in mail.contacts for who in mail.needs):
        return Delivery.AWAITING_CONTACT, None
    if not rules.may_be_mailed(template, mail.muted):
        return Delivery.UNWANTED, None
    if mail.contacts[mail.member_id]["refused_at"] is not None:
        return Delivery.FAILED, "address-refused"
    return None, None


# A row that is not ours any more (erased, or given to another sender after we seemed dead) is left alone.
_OURS = "WHERE notification_id = :id AND status = 'sending' AND sender = :sender"

_SENT = text(
    f"UPDATE notification SET status = 'sent', sent_at = :now, facts = '{{}}', sender = NULL, refusal = NULL {_OURS}"
)
_WAIT = text(
    "UPDATE notification SET status = 'waiting', sender = NULL, next_attempt_at = :next, refusal = :code, "
    f"attempts = :attempts, attempt_unsure = attempt_unsure + :unsure {_OURS}"
)
_FAIL = text(
    f"UPDATE notification SET status = 'failed', sender = NULL, refusal = :code, facts = {_WITHOUT_SECRETS} {_OURS}"
)
_REFUSE_ADDRESS = text(
    "UPDATE contact SET refused_at = :now WHERE member_id = :member_id AND email = :address AND refused_at IS NULL"
)
_ACCEPT_ADDRESS = text(
    "UPDATE contact SET refused_at = NULL WHERE member_id = :member_id AND email = :address AND refused_at IS NOT NULL"
)


async def mark(
    session: AsyncSession, mail: Claimed, outcome: Outcome, *, sender: int, now: datetime, jitter: float
) -> None:
    """Writes down what became of a mail, and says so when that is final."""
    ours = {"id": mail.notification_id, "sender": sender}
    match outcome:
        case Accepted():
            await _sent(session, mail, ours, now)
        case Refused(code, address):
            if address:
                await session.execute(_REFUSE_ADDRESS, _address_of(mail) | {"now": now})
            await _failed(session, mail, ours, code)
        case Deferred(code, unsure):
            if rules.is_given_up(mail.created_at, now):
                await _failed(session, mail, ours, code)
                return
            again = {"attempts": mail.attempts, "next": rules.next_attempt(mail.attempts, now, jitter)}
            await session.execute(_WAIT, ours | again | {"code": code, "unsure": int(unsure)})
        case _:  # the server is away: that costs the mail no attempt
            if rules.is_given_up(mail.created_at, now):
                await _failed(session, mail, ours, outcome.code)
                return
            again = {"attempts": mail.attempts - 1, "next": now}
            await session.execute(_WAIT, ours | again | {"code": outcome.code, "unsure": 0})


async def _sent(session: AsyncSession, mail: Claimed, ours: dict[str, Any], now: datetime) -> None:
    marked = await session.execute(_SENT, ours | {"now": now})
    if "email" in mail.facts:  # somebody who can sign in by mail can be reached again
        await session.execute(_ACCEPT_ADDRESS, _address_of(mail))
    if marked.rowcount:  # type: ignore[attr-defined]
        say(
            session,
            NotificationSent(
                notification_id=mail.notification_id,
                member_id=mail.member_id,
                template=mail.template,
                matter_id=mail.matter_id,
            ),
        )


async def _failed(session: AsyncSession, mail: Claimed, ours: dict[str, Any], code: str) -> None:
    marked = await session.execute(_FAIL, ours | {"code": code})
    if marked.rowcount:  # type: ignore[attr-defined]
        say(
            session,
            NotificationFailed(
                notification_id=mail.notification_id,
                member_id=mail.member_id,
                template=mail.template,
                matter_id=mail.matter_id,
                refusal=code,
            ),
        )


def _address_of(mail: Claimed) -> dict[str, Any]:
    return {"member_id": mail.member_id, "address": mail.address}


_GIVE_BACK = text(
    "UPDATE notification SET status = 'waiting', sender = NULL, attempts = attempts - 1 "
    "WHERE notification_id = ANY(:ids) AND status = 'sending' AND sender = :sender"
)

# A sender that lives holds the lock of its number. Who does not hold it died, perhaps just after the server took the
# mail: nobody can know, so it is sent once more, with the same Message-ID, and counted.
_TAKE_OVER = text(
    f"""
    UPDATE notification SET sender = NULL, attempt_unsure = attempt_unsure + 1, next_attempt_at = :now,
        status = CASE WHEN attempt_unsure < :unsure_max THEN 'waiting' ELSE 'failed' END,
        refusal = CASE WHEN attempt_unsure < :unsure_max THEN refusal ELSE 'sender-died' END
    WHERE status = 'sending' AND sender NOT IN (
        SELECT CAST(objid AS bigint) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = {SENDER_LOCKS} AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    RETURNING notification_id
    """
)


async def give_back(session: AsyncSession, mails: Sequence[Claimed], sender: int) -> None:
    """Returns mails that were claimed and not offered to the server."""
    await session.execute(_GIVE_BACK, {"ids": [mail.notification_id for mail in mails], "sender": sender})


async def take_over(session: AsyncSession, now: datetime) -> list[str]:
    """Puts the mails of senders that died back in the post; returns their ids."""
    rows = await session.execute(_TAKE_OVER, {"now": now, "unsure_max": rules.UNSURE_ATTEMPTS_MAX})
    return [row[0] for row in rows]
