"""The tables of partners: who they are, what came in of each, what their records are known as here, what they hear."""

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

Instant = sa.DateTime(timezone=True)

#: Few rows at any time, so that looking for whose turn it is costs the same whatever was ever taken in.
IN_LINE, UNDER_WAY = "status = 'received' AND turn_at IS NULL", "status IN ('received', 'told')"


class Partner(Table, table=True):
    """A system of a partner network. `counted` events came in since `counted_since`, which limits how many may.

    What a `sandbox` pushes is checked as any other's, and told to nobody.
    """

    __tablename__ = "partner"
    partner_id: str = Field(primary_key=True, sa_type=sa.Text)
    network: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    added_at: datetime = Field(sa_type=Instant)
    counted_since: datetime = Field(sa_type=Instant)
    counted: int = 0
    sandbox: bool = False


class Feed(Table, table=True):
    """How many events of a partner ended, and how much news there was: the numbers grow in the order of the commits,
    so that who reads along misses nothing.

    Apart from the partner, whose row is held while events come in.
    """

    __tablename__ = "feed"
    partner_id: str = Field(primary_key=True, sa_type=sa.Text)
    ended: int = Field(default=0, sa_type=sa.BigInteger)
    news: int = Field(default=0, sa_type=sa.BigInteger, sa_column_kwargs={"server_default": "0"})


class Credential(Table, table=True):
    """A key of a partner: the hash of its secret, or the public half (PEM) of a key that it made itself."""

    __tablename__ = "credential"
    credential_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(foreign_key="partner.partner_id", index=True, sa_type=sa.Text)
    secret_hash: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    public_key: str | None = Field(default=None, sa_type=sa.Text)
    made_at: datetime = Field(sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)


class Assertion(Table, table=True):
    """That a signed request for a token was shown, until it is no longer good by itself: it works once."""

    __tablename__ = "assertion"
    credential_id: str = Field(primary_key=True, sa_type=sa.Text)
    jti: str = Field(primary_key=True, sa_type=sa.Text)
    ends_at: datetime = Field(index=True, sa_type=Instant)


class SigningKey(Table, table=True):
    """What signs tokens, and what ids of records come of: made by the first that needs it, shared by the replicas."""

    __tablename__ = "signing_key"
    name: str = Field(primary_key=True, sa_type=sa.Text)
    secret: bytes = Field(sa_type=sa.LargeBinary)


class Receipt(Table, table=True):
    """An event of a partner, and what became of it. What it told is kept no longer than it takes.

    `person_id` is the record of whose question or offer it tells, by which it goes when they ask to be forgotten.
    Of a sandbox `data` is, in the end, what would have been told.
    """

    __tablename__ = "receipt"
    __table_args__ = (
        sa.UniqueConstraint("partner_id", "source", "event_id"),
        sa.Index("ix_receipt_feed", "partner_id", "ended_number"),
        sa.Index("ix_receipt_line", "partner_id", "received_at", "receipt_id", postgresql_where=sa.text(IN_LINE)),
        sa.Index("ix_receipt_turn", "partner_id", "turn_at", postgresql_where=sa.text(UNDER_WAY)),
    )
    receipt_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    event_id: str = Field(sa_type=sa.Text)
    event_type: str = Field(sa_type=sa.Text)
    subject: str = Field(sa_type=sa.Text)
    order_key: int = Field(sa_type=sa.BigInteger)
    data: dict[str, Any] | None = Field(default=None, sa_type=pg.JSONB(none_as_null=True))
    status: str = Field(sa_type=sa.Text)
    record_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    person_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    waits_for: str | None = Field(default=None, index=True, sa_type=sa.Text)
    told_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    received_at: datetime = Field(sa_type=Instant)
    turn_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_at: datetime | None = Field(default=None, index=True, sa_type=Instant)
    ended_number: int | None = Field(default=None, sa_type=sa.BigInteger)
    late: bool = False
    problem: str | None = Field(default=None, sa_type=sa.Text)
    title: str | None = Field(default=None, sa_type=sa.Text)
    errors: list[dict[str, str]] = Field(default_factory=list, sa_type=pg.JSONB)


class Record(Table, table=True):
    """One thing of one partner, and what it is known as here. While `under_way` is told, the next telling waits.

    `subject` is the partner's own id of it; none: it was not told of since that is kept. `person_id` is the record of
    whose it is, which stays the same when that person turns out to be known under another reference too.
    `told_hash` is of what was told last and not refused, to say whether something new is told. `order_key`,
    `withdrawn` and the three that say whose it is are of what was told last; what they were before counts again when
    that is refused.

    Of an erased person only `record_id` and that they were erased stay, so that the same person is not told again.
    """

    __tablename__ = "record"
    record_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(sa_type=sa.Text)
    thing: str = Field(sa_type=sa.Text)
    subject: str | None = Field(default=None, sa_type=sa.Text)
    known_as: str | None = Field(default=None, sa_type=sa.Text)
    member_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    person_id: str | None = Field(default=None, sa_type=sa.Text)
    organisation_id: str | None = Field(default=None, sa_type=sa.Text)
    version: int = 0
    order_key: int = Field(default=0, sa_type=sa.BigInteger)
    under_way: str | None = Field(default=None, sa_type=sa.Text)
    told_hash: bytes | None = Field(default=None, sa_type=sa.LargeBinary)
    withdrawn: bool = False
    order_key_before: int | None = Field(default=None, sa_type=sa.BigInteger)
    withdrawn_before: bool | None = None
    member_id_before: str | None = Field(default=None, index=True, sa_type=sa.Text)
    person_id_before: str | None = Field(default=None, sa_type=sa.Text)
    organisation_id_before: str | None = Field(default=None, sa_type=sa.Text)
    erased: bool = False


class ErasedMember(Table, table=True):
    """That a member was erased: a reference that leads nowhere any more, for an answer that names them only later."""

    __tablename__ = "erased_member"
    member_id: str = Field(primary_key=True, sa_type=sa.Text)


class Contact(Table, table=True):
    """A member of the node who looks after a partner's events and webhooks: its page is theirs to see."""

    __tablename__ = "contact"
    partner_id: str = Field(primary_key=True, foreign_key="partner.partner_id", sa_type=sa.Text)
    member_id: str = Field(primary_key=True, index=True, sa_type=sa.Text)


class News(Table, table=True):
    """Something that a partner is told: over NATS, at its endpoints, and as number so many of its feed."""

    __tablename__ = "news"
    __table_args__ = (sa.UniqueConstraint("partner_id", "once"), sa.Index("ix_news_feed", "partner_id", "number"))
    news_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(sa_type=sa.Text)
    number: int = Field(sa_type=sa.BigInteger)
    kind: str = Field(sa_type=sa.Text)
    record_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    once: str | None = Field(default=None, sa_type=sa.Text)
    data: dict[str, Any] = Field(sa_type=pg.JSONB)
    said_at: datetime = Field(index=True, sa_type=Instant)


class ToldOnce(Table, table=True):
    """That a partner was told something that it hears only once. The news goes after a while, and this with the person
    that it is about. Of an introduction: to somebody of which node."""

    __tablename__ = "told_once"
    partner_id: str = Field(primary_key=True, sa_type=sa.Text)
    once: str = Field(primary_key=True, sa_type=sa.Text)
    record_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    other_node: str | None = Field(default=None, sa_type=sa.Text)


class Webhook(Table, table=True):
    """An endpoint of a partner. Its secret has to be kept as it is, because every call is signed with it.

    `failures` is how often in a row nobody was there, which keeps it quiet until `paused_until`; `failing_since` is the
    beginning of a time in which nothing at all was taken. An empty list of `kinds` is every kind.
    """

    __tablename__ = "webhook"
    webhook_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(foreign_key="partner.partner_id", index=True, sa_type=sa.Text)
    url: str = Field(sa_type=sa.Text)
    kinds: list[str] = Field(sa_type=pg.ARRAY(sa.Text))
    secret: str = Field(sa_type=sa.Text)
    old_secret: str | None = Field(default=None, sa_type=sa.Text)
    old_until: datetime | None = Field(default=None, sa_type=Instant)
    made_at: datetime = Field(sa_type=Instant)
    succeeded_at: datetime | None = Field(default=None, sa_type=Instant)
    failing_since: datetime | None = Field(default=None, sa_type=Instant)
    failures: int = 0
    paused_until: datetime | None = Field(default=None, sa_type=Instant)
    disabled_at: datetime | None = Field(default=None, sa_type=Instant)
    disabled_because: str | None = Field(default=None, sa_type=sa.Text)


class Delivery(Table, table=True):
    """News on its way to an endpoint: when it is tried next, or (without `due_at`) whether it was taken.

    Who tries it puts `due_at` ahead first, so that it comes back when that process dies.
    """

    __tablename__ = "delivery"
    __table_args__ = (
        sa.Index("ix_delivery_due", "webhook_id", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
        sa.ForeignKeyConstraint(["news_id"], ["news.news_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["webhook_id"], ["webhook.webhook_id"], ondelete="CASCADE"),
    )
    webhook_id: str = Field(primary_key=True, sa_type=sa.Text)
    news_id: str = Field(primary_key=True, index=True, sa_type=sa.Text)
    status: str = Field(sa_type=sa.Text)
    since: datetime = Field(sa_type=Instant)
    tries: int = 0
    due_at: datetime | None = Field(default=None, sa_type=Instant)


class Attempt(Table, table=True):
    """One call to an endpoint, and what it answered: a status and the beginning of its text, or why there was none."""

    __tablename__ = "attempt"
    __table_args__ = (
        sa.Index("ix_attempt_delivery", "webhook_id", "news_id"),
        sa.ForeignKeyConstraint(
            ["webhook_id", "news_id"], ["delivery.webhook_id", "delivery.news_id"], ondelete="CASCADE"
        ),
    )
    attempt_id: str = Field(primary_key=True, sa_type=sa.Text)
    webhook_id: str = Field(sa_type=sa.Text)
    news_id: str = Field(sa_type=sa.Text)
    at: datetime = Field(index=True, sa_type=Instant)
    ms: int
    status: int | None = None
    answer: str | None = Field(default=None, sa_type=sa.Text)
    problem: str | None = Field(default=None, sa_type=sa.Text)
