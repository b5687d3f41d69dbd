"""What notify owns: contacts, preferences, the node's team, mails on their way, and everybody's inbox."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field, col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import own_tables
from contracts.event import new_id
from contracts.members import ContactChanged, NodeTeamJoined, NodeTeamLeft
from contracts.vocabulary import Language
from services.notify.rules import Category, Delivery, Notice
from services.notify.waking import wake_senders_after_commit

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()

#: Handlers that tell something hold this lock shared and an erasure holds it alone, so that nothing is told about
#: somebody while they are being erased.
ERASURE_LOCK = 0x0D4_0001


class Contact(Table, table=True):
    """How to reach a member; the only place in this service with personal data that stays."""

    __tablename__ = "contact"
    member_id: str = Field(primary_key=True)
    version: int
    name: str
    email: str
    phone: str | None = None
    language: str
    organisation_name: str | None = None
    refused_at: datetime | None = Field(default=None, sa_type=sa.DateTime(timezone=True))  # type: ignore[call-overload]


class Erased(Table, table=True):
    """Who was erased, by their random reference alone: an event about them that comes late is not told any more."""

    __tablename__ = "erased"
    member_id: str = Field(primary_key=True)


class Preference(Table, table=True):
    """What a member does not want by mail; without a row they want everything, at version 1."""

    __tablename__ = "preference"
    member_id: str = Field(primary_key=True)
    version: int = 1
    muted: list[str] = Field(default_factory=list, sa_column=sa.Column(pg.ARRAY(sa.Text), nullable=False))


class UnsubscribeToken(Table, table=True):
    """The unguessable part of an unsubscribe link, for one member and one category."""

    __tablename__ = "unsubscribe_token"
    __table_args__ = (sa.UniqueConstraint("member_id", "category"),)
    token: str = Field(primary_key=True)
    member_id: str
    category: str


class TeamMember(Table, table=True):
    """Who belongs, or belonged, to the node's team."""

    __tablename__ = "team_member"
    member_id: str = Field(primary_key=True)
    version: int
    active: bool


def _members_column() -> Any:
    return sa.Column(pg.ARRAY(sa.Text), nullable=False)


def _time_column(*, nullable: bool = False) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=nullable)


class Notification(Table, table=True):
    """A mail to one person about one thing, and how far it is."""

    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "template", "matter_id", "occurrence"),
        sa.Index("ix_notification_due", "next_attempt_at", postgresql_where=sa.text("status = 'waiting'")),
        sa.Index("ix_notification_sending", "sender", postgresql_where=sa.text("status = 'sending'")),
        sa.Index(
            "ix_notification_awaiting", "notification_id", postgresql_where=sa.text("status = 'awaiting-contact'")
        ),
        sa.Index(
            "ix_notification_failed", "created_at", "notification_id", postgresql_where=sa.text("status = 'failed'")
        ),
        sa.Index("ix_notification_about", "about", postgresql_using="gin"),
    )
    notification_id: str = Field(primary_key=True)
    member_id: str
    template: str
    matter_id: str
    occurrence: str
    facts: dict[str, Any] = Field(sa_column=sa.Column(pg.JSONB, nullable=False))
    about: list[str] = Field(sa_column=_members_column())
    needs: list[str] = Field(sa_column=_members_column())
    status: str
    created_at: datetime = Field(sa_column=_time_column())
    next_attempt_at: datetime = Field(sa_column=_time_column())
    attempts: int = 0
    attempt_unsure: int = 0
    sender: int | None = None
    sent_at: datetime | None = Field(default=None, sa_column=_time_column(nullable=True))
    refusal: str | None = None
    cause: str | None = None


class InboxItem(Table, table=True):
    """One thing told to one person, to be read when they look.

    `position` is given at the commit (by a trigger, see the first migration), so that it grows in the order in which
    items become visible: a stream that was read up to a position misses nothing before it.
    """

    __tablename__ = "inbox_item"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "template", "matter_id", "occurrence"),
        sa.Index("ix_inbox_item_newest", "member_id", "item_id"),
        sa.Index("ix_inbox_item_position", "member_id", "position"),
        sa.Index("ix_inbox_item_about", "about", postgresql_using="gin"),
    )
    item_id: str = Field(primary_key=True)
    position: int | None = Field(default=None, sa_type=sa.BigInteger)
    member_id: str
    template: str
    matter_id: str
    occurrence: str
    facts: dict[str, Any] = Field(sa_column=sa.Column(pg.JSONB, nullable=False))
    about: list[str] = Field(sa_column=_members_column())
    created_at: datetime = Field(sa_column=_time_column())
    read_at: datetime | None = Field(default=None, sa_column=_time_column(nullable=True))


# A mail waits until every contact that it needs is known; `needs` is empty where the address came along.
_KNOWN = "NOT EXISTS (SELECT FROM unnest(needs) AS who WHERE who NOT IN (SELECT member_id FROM contact))"

_TELL = text(
    f"""
    WITH notice AS (
        SELECT * FROM jsonb_to_recordset(:notices) AS n(
            notification_id text, item_id text, member_id text, template text, matter_id text, occurrence text,
            facts jsonb, about text[], needs text[], by_mail boolean, in_inbox boolean)
        WHERE NOT EXISTS (SELECT FROM erased WHERE erased.member_id = ANY(n.about))
    ), mailed AS (
        INSERT INTO notification (notification_id, member_id, template, matter_id, occurrence, facts, about, needs,
                                  status, created_at, next_attempt_at, attempts, attempt_unsure, cause)
        SELECT notification_id, member_id, template, matter_id, occurrence, facts, about, needs,
               CASE WHEN {_KNOWN} THEN 'waiting' ELSE 'awaiting-contact' END, :now, :now, 0, 0, :cause
        FROM notice WHERE by_mail
        ON CONFLICT DO NOTHING
    )
    INSERT INTO inbox_item (item_id, member_id, template, matter_id, occurrence, facts, about, created_at)
    SELECT item_id, member_id, template, matter_id, occurrence, facts, about, :now
    FROM notice WHERE in_inbox
    ON CONFLICT DO NOTHING
    """
).bindparams(sa.bindparam("notices", type_=pg.JSONB))


async def tell(session: AsyncSession, notices: Sequence[Notice], node: str, now: datetime) -> None:
    """Puts notices in the post and in the inboxes; what a person was told before is not told again."""
    if not notices:
        return
    await _not_while_erasing(session)
    rows = [_notice_row(notice, node) for notice in notices]
    await session.execute(_TELL, {"notices": rows, "now": now, "cause": session.info.get("cause")})
    wake_senders_after_commit(session)


async def _not_while_erasing(session: AsyncSession) -> None:
    await session.execute(text("SELECT pg_advisory_xact_lock_shared(:lock)"), {"lock": ERASURE_LOCK})


def _notice_row(notice: Notice, node: str) -> dict[str, Any]:
    return {
        "notification_id": notice.notification_id(node),
        "item_id": new_id(),
        "member_id": notice.member_id,
        "template": notice.template,
        "matter_id": notice.matter_id,
        "occurrence": notice.occurrence,
        "facts": notice.facts,
        "about": notice.about,
        "needs": notice.needs,
        "by_mail": notice.by_mail,
        "in_inbox": notice.in_inbox,
    }


# The highest version wins. A mark that an address was refused falls with the address.
_KEEP_CONTACT = text(
    """
    INSERT INTO contact AS known (member_id, version, name, email, phone, language, organisation_name)
    SELECT :member_id, :version, :name, :email, :phone, :language, :organisation_name
    WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET
        version = excluded.version, name = excluded.name, email = excluded.email, phone = excluded.phone,
        language = excluded.language, organisation_name = excluded.organisation_name,
        refused_at = CASE WHEN known.email = excluded.email THEN known.refused_at END
    WHERE known.version < excluded.version
    """
)

_KEEP_TOKENS = text(
    """
    INSERT INTO unsubscribe_token (token, member_id, category)
    SELECT token, :member_id, category FROM unnest(CAST(:tokens AS text[]), CAST(:categories AS text[]))
        AS new(token, category)
    WHERE EXISTS (SELECT FROM contact WHERE member_id = :member_id)
    ON CONFLICT DO NOTHING
    """
)

# An introduction that an address refused is worth sending to the new address; what else was refused is old news.
_INTRODUCE_AGAIN = text(
    """
    UPDATE notification SET status = 'waiting', attempts = 0, next_attempt_at = :now, created_at = :now, refusal = NULL
    WHERE member_id = :member_id AND status = 'failed' AND template = 'introduction'
      AND EXISTS (SELECT FROM contact WHERE member_id = :member_id AND version = :version AND refused_at IS NULL)
    """
)

_RELEASE = f"""
    UPDATE notification SET status = 'waiting', next_attempt_at = :now
    WHERE status = 'awaiting-contact' AND {_KNOWN}
    """
_RELEASE_ALL = text(_RELEASE)
_RELEASE_OF_MEMBER = text(_RELEASE + " AND :member_id = ANY(about)")


async def keep_contact(session: AsyncSession, contact: ContactChanged, now: datetime) -> None:
    """Keeps the newest contact, and lets go what waited for it."""
    await _not_while_erasing(session)
    who = {"member_id": contact.member_id}
    fields = contact.model_dump(
        include={"member_id", "version", "name", "email", "phone", "language", "organisation_name"}
    )
    await session.execute(_KEEP_CONTACT, fields)
    tokens = [secrets.token_urlsafe(24) for _ in Category]
    await session.execute(_KEEP_TOKENS, who | {"tokens": tokens, "categories": [c.value for c in Category]})
    await session.execute(_INTRODUCE_AGAIN, who | {"version": contact.version, "now": now})
    await session.execute(_RELEASE_OF_MEMBER, who | {"now": now})
    wake_senders_after_commit(session)


async def release_known(session: AsyncSession, now: datetime) -> None:
    """Lets go every mail whose contacts are known; one can be missed when both came in at the same moment."""
    await session.execute(_RELEASE_ALL, {"now": now})


_KEEP_TEAM_MEMBER = text(
    """
    INSERT INTO team_member AS known (member_id, version, active)
    SELECT :member_id, :version, :active WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = excluded.version, active = excluded.active
    WHERE known.version < excluded.version
    """
)


async def keep_team_member(session: AsyncSession, event: NodeTeamJoined | NodeTeamLeft) -> None:
    """Keeps whether somebody belongs to the node's team."""
    await _not_while_erasing(session)
    active = isinstance(event, NodeTeamJoined)
    await session.execute(_KEEP_TEAM_MEMBER, {"member_id": event.member_id, "version": event.version, "active": active})


async def team(session: AsyncSession) -> list[str]:
    """The members of the node's team."""
    found = await session.exec(select(TeamMember.member_id).where(TeamMember.active).order_by(TeamMember.member_id))
    return list(found)


async def contacts_of(session: AsyncSession, member_ids: Iterable[str]) -> dict[str, Contact]:
    """The contacts of some members, as far as they are known."""
    found = await session.exec(select(Contact).where(col(Contact.member_id).in_(set(member_ids))))
    return {contact.member_id: contact for contact in found}


async def language_of(session: AsyncSession, member_id: str) -> Language:
    """The language that a member reads; Dutch as long as we do not know."""
    found = await session.exec(select(Contact.language).where(Contact.member_id == member_id))
    return Language(found.first() or Language.DUTCH)


async def preference_of(session: AsyncSession, member_id: str) -> Preference:
    """What a member does not want by mail; a new, unsaved row when they never said so."""
    found = (await session.exec(select(Preference).where(Preference.member_id == member_id))).first()
    return found or Preference(member_id=member_id)


async def forget(session: AsyncSession, member_id: str) -> tuple[dict[str, int], list[str]]:
    """Removes a member and whatever tells of them; returns how many of what, and the ids of their mails."""
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": ERASURE_LOCK})
    who = {"member_id": member_id}
    await session.execute(text("INSERT INTO erased (member_id) VALUES (:member_id) ON CONFLICT DO NOTHING"), who)
    mails = await session.execute(
        text("DELETE FROM notification WHERE about @> ARRAY[:member_id] RETURNING notification_id"), who
    )
    notification_ids = [row[0] for row in mails]
    removed = {"notifications": len(notification_ids)}
    for name, statement in _FORGET.items():
        result = await session.execute(statement, who)
        removed[name] = result.rowcount  # type: ignore[attr-defined]
    return removed, notification_ids


_FORGET = {
    "inbox-items": text("DELETE FROM inbox_item WHERE about @> ARRAY[:member_id]"),
    "contacts": text("DELETE FROM contact WHERE member_id = :member_id"),
    "preferences": text("DELETE FROM preference WHERE member_id = :member_id"),
    "unsubscribe-tokens": text("DELETE FROM unsubscribe_token WHERE member_id = :member_id"),
    "team-memberships": text("DELETE FROM team_member WHERE member_id = :member_id"),
}


async def inbox_page(session: AsyncSession, member_id: str, cursor: str | None, limit: int) -> list[InboxItem]:
    """A member's items, newest first."""
    query = select(InboxItem).where(InboxItem.member_id == member_id)
    if cursor is not None:
        query = query.where(InboxItem.item_id < cursor)
    return list(await session.exec(query.order_by(col(InboxItem.item_id).desc()).limit(limit)))


async def inbox_after(session: AsyncSession, member_id: str, position: int, limit: int) -> list[InboxItem]:
    """A member's items after a position, in the order in which they became visible."""
    query = select(InboxItem).where(InboxItem.member_id == member_id, col(InboxItem.position) > position)
    return list(await session.exec(query.order_by(col(InboxItem.position)).limit(limit)))


async def last_position(session: AsyncSession, member_id: str) -> int:
    """The position of a member's newest item; 0 without any."""
    query = select(sa.func.max(InboxItem.position)).where(InboxItem.member_id == member_id)
    return (await session.exec(query)).one() or 0


async def inbox_item(session: AsyncSession, item_id: str, member_id: str) -> InboxItem | None:
    """One item, if it is this member's."""
    query = select(InboxItem).where(InboxItem.item_id == item_id, InboxItem.member_id == member_id)
    return (await session.exec(query)).first()


async def notification_page(
    session: AsyncSession, status: Delivery, before: tuple[datetime, str] | None, limit: int
) -> list[Notification]:
    """The mails with a status, newest first, from before a time and an id."""
    age = sa.tuple_(col(Notification.created_at), col(Notification.notification_id))
    query = select(Notification).where(Notification.status == status.value)
    if before is not None:
        query = query.where(age < sa.tuple_(*before))
    newest_first = (col(Notification.created_at).desc(), col(Notification.notification_id).desc())
    return list(await session.exec(query.order_by(*newest_first).limit(limit)))


# Only the version that the member saw is changed; a first change makes version 2 of what was never said.
_SET_MUTED = text(
    """
    INSERT INTO preference AS known (member_id, version, muted)
    SELECT :member_id, 2, CAST(:muted AS text[]) WHERE NOT EXISTS (SELECT FROM erased WHERE member_id = :member_id)
    ON CONFLICT (member_id) DO UPDATE SET version = known.version + 1, muted = excluded.muted
    WHERE known.version = :expected
    RETURNING version
    """
)

_MUTE = text(
    """
    INSERT INTO preference AS known (member_id, version, muted) VALUES (:member_id, 2, ARRAY[CAST(:category AS text)])
    ON CONFLICT (member_id) DO UPDATE
    SET version = known.version + 1, muted = array_append(known.muted, CAST(:category AS text))
    WHERE NOT known.muted @> excluded.muted
    """
)


async def set_muted(session: AsyncSession, member_id: str, muted: Iterable[str], expected: int) -> bool:
    """Sets what a member does not want by mail; false when another version stands than the expected one."""
    values = {"member_id": member_id, "muted": sorted(muted), "expected": expected}
    return (await session.execute(_SET_MUTED, values)).first() is not None


async def unsubscribe_token(session: AsyncSession, token: str) -> UnsubscribeToken | None:
    """Whose link it is, and for which category."""
    return (await session.exec(select(UnsubscribeToken).where(UnsubscribeToken.token == token))).first()


async def mute(session: AsyncSession, member_id: str, category: str) -> None:
    """Stops the mails of a category; doing it again changes nothing."""
    await session.execute(_MUTE, {"member_id": member_id, "category": category})
