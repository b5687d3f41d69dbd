"""What notify keeps: contacts, preferences, the node's team, mails on their way, and everybody's inbox."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from chassis.database import own_tables
from chassis.purging import define_to_forget

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()
define_to_forget(Table.metadata)


def _members_column() -> Any:
    return sa.Column(pg.ARRAY(sa.Text), nullable=False)


def _time_column(*, nullable: bool = False) -> Any:
    return sa.Column(sa.DateTime(timezone=True), nullable=nullable)


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
    refused_at: datetime | None = Field(default=None, sa_column=_time_column(nullable=True))  # for the first time
    last_refused_at: datetime | None = Field(default=None, sa_column=_time_column(nullable=True))
    desk_mailed_on: str | None = None  # the day of the last mail about what they look after as ambassador


class ContactElsewhere(Table, table=True):
    """How to reach the other side of an introduction, a member of another node, as that node sealed it for this one."""

    __tablename__ = "contact_elsewhere"
    match_id: str = Field(primary_key=True)
    reference: str = Field(primary_key=True, index=True)
    name: str
    email: str
    phone: str | None = None
    organisation_name: str | None = None


class Erased(Table, table=True):
    """Who was erased, by their random reference alone: an event about them that comes late is not told any more."""

    __tablename__ = "erased"
    member_id: str = Field(primary_key=True)


class ErasedMatch(Table, table=True):
    """A match of which somebody who was erased is a side: how to reach its other side is kept for nobody."""

    __tablename__ = "erased_match"
    match_id: str = Field(primary_key=True)


class Preference(Table, table=True):
    """What a member does not want by mail, and when they want the rest.

    Without a row they never chose, which is version 1. Hours are those of the clock in Amsterdam.
    """

    __tablename__ = "preference"
    member_id: str = Field(primary_key=True)
    version: int = 1
    muted: list[str] = Field(default_factory=list, sa_column=sa.Column(pg.ARRAY(sa.Text), nullable=False))
    rhythms: dict[str, str] = Field(
        default_factory=dict, sa_column=sa.Column(pg.JSONB, nullable=False, server_default="{}")
    )
    quiet_from: int | None = None
    quiet_until: int | None = None
    weekends: bool = Field(default=True, sa_column=sa.Column(sa.Boolean, nullable=False, server_default=sa.true()))
    not_pushed: list[str] = Field(
        default_factory=list, sa_column=sa.Column(pg.ARRAY(sa.Text), nullable=False, server_default="{}")
    )


class UnsubscribeToken(Table, table=True):
    """The unguessable part of an unsubscribe link, for one member and one category."""

    __tablename__ = "unsubscribe_token"
    __table_args__ = (sa.UniqueConstraint("member_id", "category"),)
    token: str = Field(primary_key=True)
    member_id: str
    category: str


class SamePerson(Table, table=True):
    """That a reference leads to another of the same person (`into`), or does not any more."""

    __tablename__ = "same_person"
    member_id: str = Field(primary_key=True)
    version: int
    into: str | None = None


class TeamMember(Table, table=True):
    """Who belongs, or belonged, to the node's team."""

    __tablename__ = "team_member"
    member_id: str = Field(primary_key=True)
    version: int
    active: bool


class Departure(Table, table=True):
    """Whether a member left, or takes part (again): the higher version counts, in whatever order the two are heard."""

    __tablename__ = "departure"
    member_id: str = Field(primary_key=True)
    version: int
    has_left: bool


class Notification(Table, table=True):
    """A mail to one person about one thing, and how far it is; or what is to be one of the things in a digest."""

    __tablename__ = "notification"
    __table_args__ = (
        sa.UniqueConstraint("member_id", "template", "matter_id", "occurrence"),
        sa.Index(
            "ix_notification_due",
            sa.text("urgent DESC"),
            "next_attempt_at",
            postgresql_where=sa.text("status = 'waiting'"),
        ),
        sa.Index("ix_notification_sending", "sender", postgresql_where=sa.text("status = 'sending'")),
        sa.Index(
            "ix_notification_awaiting", "notification_id", postgresql_where=sa.text("status = 'awaiting-contact'")
        ),
        sa.Index(
            "ix_notification_failed", "created_at", "notification_id", postgresql_where=sa.text("status = 'failed'")
        ),
        sa.Index("ix_notification_about", "about", postgresql_using="gin"),
        sa.Index("ix_notification_digest", "digest_id", postgresql_where=sa.text("digest_id IS NOT NULL")),
    )
    notification_id: str = Field(primary_key=True)
    member_id: str
    template: str
    matter_id: str
    occurrence: str
    facts: dict[str, Any] = Field(sa_column=sa.Column(pg.JSONB, nullable=False))
    about: list[str] = Field(sa_column=_members_column())
    needs: list[str] = Field(sa_column=_members_column())
    urgent: bool
    status: str
    created_at: datetime = Field(sa_column=_time_column())
    next_attempt_at: datetime = Field(sa_column=_time_column())
    tried_since: datetime | None = Field(default=None, sa_column=_time_column(nullable=True))  # since the first no
    attempts: int = 0
    attempts_unsure: int = 0
    sender: int | None = None
    sent_at: datetime | None = Field(default=None, sa_column=_time_column(nullable=True))
    refusal: str | None = None
    cause: str | None = None
    category: str | None = None
    digest_id: str | None = None  # while it is gathered what is mailed together, then the mail that has it


class AskedBefore(Table, table=True):
    """What was asked of a side, or for the desk, before this version of a match is not asked any more."""

    __tablename__ = "asked_before"
    matter_id: str = Field(primary_key=True)
    asked: str = Field(primary_key=True)
    version: int


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


class PushDevice(Table, table=True):
    """A browser in which a member wants to be told, and how its push service reaches it."""

    __tablename__ = "push_device"
    device_id: str = Field(primary_key=True)
    member_id: str = Field(index=True)
    endpoint: str = Field(unique=True)
    p256dh: str
    auth: str
    added_at: datetime = Field(sa_column=_time_column())


class Push(Table, table=True):
    """A message that waits to go to a device; it goes with the item, and with the device."""

    __tablename__ = "push"
    __table_args__ = (sa.Index("ix_push_due_at", "due_at"), sa.Index("ix_push_device_id", "device_id"))
    item_id: str = Field(primary_key=True, foreign_key="inbox_item.item_id", ondelete="CASCADE")
    device_id: str = Field(primary_key=True, foreign_key="push_device.device_id", ondelete="CASCADE")
    notification_id: str
    category: str | None = None
    since: datetime = Field(sa_column=_time_column())  # from when on it is tried
    due_at: datetime = Field(sa_column=_time_column())
    tries: int
