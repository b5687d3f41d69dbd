"""The post: which mails are due and whose to send they are."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from chassis.database import driver_of
from chassis.sql import run
from contracts.notify import NotificationFailed
from services.notify.asking import ASKING_VALUES, is_over
from services.notify.attempts import UNSURE_ATTEMPTS_MAX, Settled, is_left_alone, without_sending
from services.notify.connections import SENDER_LOCKS
from services.notify.meeting_notices import contradicted
from services.notify.moments import wishes_from
from services.notify.tables import Notification
from services.notify.templates import CATEGORY_OF, KNOWN, Category, Delivery, Template


@dataclass(frozen=True, slots=True)
class Claimed:
    """A mail that one sender is to send, with all that its words need, read at this moment."""

    notification_id: str
    member_id: str
    template: str
    matter_id: str
    facts: dict[str, Any]
    needs: list[str]
    due_at: datetime
    tried_since: datetime | None
    attempts: int
    attempts_unsure: int
    cause: str | None
    contacts: dict[str, dict[str, Any]]  # of the member and of whom the mail tells the details
    has_left: bool  # whether the member takes part no more
    is_over: bool  # whether something newer says otherwise, or what it asks is not asked any more
    chosen: dict[str, Any] | None  # what the member wants by mail, and when
    category_kept: str | None
    items: list[dict[str, Any]]  # of a digest: what it tells, as notification_id, template, matter_id and facts
    tokens: dict[str, str]  # to unsubscribe, by category
    wordless: list[str] = field(default_factory=list)  # what was to be in a digest, and is tried on its own

    @property
    def address(self) -> str:
        """Where it goes: the address that came along, or else the member's own."""
        own = self.facts if self.has_own_address else self.contacts[self.member_id]
        return str(own["email"])

    @property
    def has_own_address(self) -> bool:
        """Whether the address came along, because the member has no contact with us yet."""
        return "email" in self.facts

    @property
    def proves_address(self) -> bool:
        """Whether it says something new of the member's address if it is taken."""
        return self.has_own_address or bool(self.contacts[self.member_id]["refused_at"])

    @property
    def category(self) -> Category | None:
        """What the member may stop, if it is such; a version before this one did not write it down."""
        return Category(self.category_kept) if self.category_kept else CATEGORY_OF.get(Template(self.template))

    @property
    def expires_at(self) -> datetime | None:
        """From when on it is of no use."""
        found = self.facts.get("expires_at")
        return datetime.fromisoformat(found) if found else None

    def without_sending(self, now: datetime) -> Settled | None:
        """What becomes of it without asking the mail server, if it must not be sent (now)."""
        wishes = wishes_from(self.chosen)
        return without_sending(
            Template(self.template),
            self.category,
            expires_at=self.expires_at,
            needs=self.needs,
            refused={who: is_left_alone(_refusals(contact), now) for who, contact in self.contacts.items()},
            member_id=self.member_id,
            has_left=self.has_left,
            is_over=self.is_over,
            muted=wishes.muted,
            not_before=wishes.not_before(now),
            items=len(self.items),
            now=now,
        )


def _refusals(contact: dict[str, Any]) -> list[datetime]:
    """The first and the last moment at which their address refused mail; a release before wrote the first alone."""
    since = contact["refused_at"]
    return [datetime.fromisoformat(moment) for moment in (since, contact.get("last_refused_at")) if since and moment]


#: The address that came along, and the token of a sign-in link, are kept no longer than the mail is under way.
WITHOUT_SECRETS = (
    "CASE WHEN template IN ('sign-in', 'joining', 'invitation', 'address-replaced') THEN '{}'::jsonb ELSE facts END"
)

_CLAIM = f"""
    WITH due AS (
        SELECT notification_id, member_id FROM notification AS w
        WHERE status = 'waiting' AND next_attempt_at <= $3 AND template = ANY($4)
          AND NOT (template = 'digest' AND EXISTS (
            SELECT FROM notification AS i WHERE i.digest_id = w.notification_id AND i.template <> ALL($4)))
        ORDER BY urgent DESC, next_attempt_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    UPDATE notification AS n SET status = 'sending', sender = $1, attempts = n.attempts + 1
    FROM due LEFT JOIN preference AS p USING (member_id) WHERE n.notification_id = due.notification_id
    RETURNING n.notification_id, n.member_id, n.template, n.matter_id, n.facts, n.needs, n.next_attempt_at AS due_at,
        n.tried_since, n.attempts, n.attempts_unsure, n.cause, n.category AS category_kept,
        coalesce((SELECT jsonb_agg(jsonb_build_object('notification_id', i.notification_id, 'template', i.template,
                                                      'matter_id', i.matter_id, 'facts', i.facts)
                                   ORDER BY i.created_at, i.notification_id)
                  FROM notification AS i WHERE n.template = 'digest' AND i.digest_id = n.notification_id
                    AND NOT coalesce(i.category = ANY(p.muted), false)
                    AND coalesce(CAST(i.facts ->> 'expires_at' AS timestamptz) > $3, true)
                    AND NOT ({contradicted("i")} OR {is_over("i", "$5")})), '[]')
            AS items,
        coalesce((SELECT jsonb_object_agg(c.member_id, to_jsonb(c)) FROM contact AS c
                  WHERE c.member_id = ANY(n.needs || n.member_id)), '{{}}')
        || coalesce((SELECT jsonb_object_agg(e.reference, to_jsonb(e) || '{{"refused_at": null}}')
                     FROM contact_elsewhere AS e
                     WHERE e.match_id = n.matter_id AND e.reference = ANY(n.needs)), '{{}}') AS contacts,
        EXISTS (SELECT FROM departure AS d WHERE d.member_id = n.member_id AND d.has_left) AS has_left,
        {contradicted("n")} OR {is_over("n", "$5")} AS is_over,
        to_jsonb(p) AS chosen,
        coalesce((SELECT jsonb_object_agg(u.category, u.token) FROM unsubscribe_token AS u
                  WHERE u.member_id = n.member_id), '{{}}') AS tokens
    """

_SETTLE = f"""
    UPDATE notification SET status = $2, refusal = $3, sender = NULL, facts = {WITHOUT_SECRETS}
    WHERE notification_id = $1
    """


# Nobody said no to it, and it was no try.
_PUT_OFF = """
    UPDATE notification SET status = 'waiting', sender = NULL, next_attempt_at = $2, attempts = attempts - 1,
        tried_since = NULL
    WHERE notification_id = $1
    """

#: Of a digest that tells nothing any more.
_SETTLE_ITEMS = "UPDATE notification SET status = 'unwanted', facts = '{}' WHERE digest_id = $1"


async def claim(connection: AsyncConnection, sender: int, room: int, now: datetime) -> tuple[list[Claimed], int]:
    """Up to `room` due mails that are this sender's from now on, and how many there were; the others are settled.

    What only a later release knows is left to a process of that release. Each statement stands by itself: a mail that
    was claimed and not settled is found with a sender that is gone.
    """
    driver = await driver_of(connection)
    claimed = [Claimed(**row) for row in await driver.fetch(_CLAIM, sender, room, now, KNOWN, ASKING_VALUES["asking"])]
    to_send = []
    for mail in claimed:
        settled = mail.without_sending(now)
        if settled is None:
            to_send.append(mail)
        elif settled.until:
            await driver.execute(_PUT_OFF, mail.notification_id, settled.until)
        else:
            await driver.execute(_SETTLE, mail.notification_id, settled.status, settled.refusal)
            if settled.status is Delivery.UNWANTED and mail.template == Template.DIGEST:
                await driver.execute(_SETTLE_ITEMS, mail.notification_id)
    return to_send, len(claimed)


# A sender that lives holds the lock of its number.
_GONE = text(
    f"""
    SELECT DISTINCT sender FROM notification WHERE status = 'sending' AND sender NOT IN (
        SELECT CAST(objid AS bigint) FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = {SENDER_LOCKS} AND objsubid = 2
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    """
)

_TAKE_OVER = text(
    f"""
    UPDATE notification SET sender = NULL, attempts_unsure = attempts_unsure + 1, next_attempt_at = :now,
        status = CASE WHEN attempts_unsure + 1 < :unsure_max THEN 'waiting' ELSE 'failed' END,
        refusal = CASE WHEN attempts_unsure + 1 < :unsure_max THEN refusal ELSE 'sender-died' END,
        facts = CASE WHEN attempts_unsure + 1 < :unsure_max THEN facts ELSE {WITHOUT_SECRETS} END
    WHERE status = 'sending' AND sender = ANY(:senders)
    RETURNING notification_id, member_id, template, matter_id, status
    """
)


async def senders_gone(session: AsyncSession) -> set[int]:
    """The numbers under which mails are being sent by nobody who lives."""
    return {row[0] for row in await run(session, _GONE)}


async def take_over(session: AsyncSession, senders: Iterable[int], now: datetime) -> list[str]:
    """Puts the mails of senders that died back in the post; returns their ids.

    A sender may have died just after the server took the mail: nobody can know, so it is sent once more, with the same
    Message-ID, and counted.
    """
    values = {"senders": list(senders), "unsure_max": UNSURE_ATTEMPTS_MAX, "now": now}
    rows = list(await run(session, _TAKE_OVER, values))
    for row in rows:
        if row.status == Delivery.FAILED:
            say(
                session,
                NotificationFailed(
                    notification_id=row.notification_id,
                    member_id=row.member_id,
                    template=row.template,
                    matter_id=row.matter_id,
                    refusal="sender-died",
                ),
            )
    return [row.notification_id for row in rows]


async def page(
    session: AsyncSession, status: Delivery, before: tuple[datetime, str] | None, limit: int
) -> list[Notification]:
    """The mails with a status, newest first, from before a time and an id."""
    age = sa.tuple_(col(Notification.created_at), col(Notification.notification_id))
    query = select(Notification).where(Notification.status == status.value, col(Notification.template).in_(KNOWN))
    if before is not None:
        query = query.where(age < sa.tuple_(*before))
    newest_first = (col(Notification.created_at).desc(), col(Notification.notification_id).desc())
    return list(await session.exec(query.order_by(*newest_first).limit(limit)))
