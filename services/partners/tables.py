"""The tables of partners: who they are, what came in of each, and what their records are known as here."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from chassis.database import own_tables

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()

Instant = sa.DateTime(timezone=True)

#: Few rows at any time, so that looking for whose turn it is costs the same whatever was ever taken in.
IN_LINE, UNDER_WAY = "status = 'received' AND turn_at IS NULL", "status IN ('received', 'told')"


class Partner(Table, table=True):
    """A system of a partner network. `counted` events came in since `counted_since`, which limits how many may."""

    __tablename__ = "partner"
    partner_id: str = Field(primary_key=True, sa_type=sa.Text)
    network: str = Field(sa_type=sa.Text)
    source: str = Field(sa_type=sa.Text)
    added_at: datetime = Field(sa_type=Instant)
    counted_since: datetime = Field(sa_type=Instant)
    counted: int = 0


class Feed(Table, table=True):
    """How many events of a partner ended: their numbers have no gaps, so that who reads along misses none.

    Apart from the partner, whose row is held while events come in.
    """

    __tablename__ = "feed"
    partner_id: str = Field(primary_key=True, sa_type=sa.Text)
    ended: int = Field(default=0, sa_type=sa.BigInteger)


class Credential(Table, table=True):
    """A key of a partner; only the hash of its secret is here."""

    __tablename__ = "credential"
    credential_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(foreign_key="partner.partner_id", index=True, sa_type=sa.Text)
    secret_hash: bytes = Field(sa_type=sa.LargeBinary)
    made_at: datetime = Field(sa_type=Instant)
    ends_at: datetime | None = Field(default=None, sa_type=Instant)


class SigningKey(Table, table=True):
    """What signs the tokens: made by the first process that needs it, shared by the replicas."""

    __tablename__ = "signing_key"
    name: str = Field(primary_key=True, sa_type=sa.Text)
    secret: bytes = Field(sa_type=sa.LargeBinary)


class Receipt(Table, table=True):
    """An event of a partner, and what became of it. What it told is kept no longer than it takes."""

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

    Of an erased person only `record_id` and that they were erased stay, so that the same person is not told again.
    """

    __tablename__ = "record"
    record_id: str = Field(primary_key=True, sa_type=sa.Text)
    partner_id: str = Field(sa_type=sa.Text)
    thing: str = Field(sa_type=sa.Text)
    known_as: str | None = Field(default=None, sa_type=sa.Text)
    member_id: str | None = Field(default=None, index=True, sa_type=sa.Text)
    organisation_id: str | None = Field(default=None, sa_type=sa.Text)
    version: int = 0
    order_key: int = Field(default=0, sa_type=sa.BigInteger)
    under_way: str | None = Field(default=None, sa_type=sa.Text)
    withdrawn: bool = False
    erased: bool = False


class ErasedMember(Table, table=True):
    """That a member was erased: a reference that leads nowhere any more, for an answer that names them only later."""

    __tablename__ = "erased_member"
    member_id: str = Field(primary_key=True, sa_type=sa.Text)
