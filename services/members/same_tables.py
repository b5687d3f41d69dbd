"""The tables of who is the same: what each network said, which two may be one, and what was decided."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from services.members.tables import Instant, Table, Texts


class Saying(Table, table=True):
    """What a network said last of one field of an organisation; `network` is empty for who is here."""

    __tablename__ = "saying"
    entity_id: str = Field(primary_key=True, foreign_key="organisation.organisation_id", sa_type=sa.Text)
    network: str = Field(primary_key=True, sa_type=sa.Text)
    field: str = Field(primary_key=True, sa_type=sa.Text)
    value: Any = Field(default=None, nullable=True, sa_type=pg.JSONB(none_as_null=True))
    said_at: datetime = Field(sa_type=Instant)


class OrganisationRecord(Table, table=True):
    """What one record of a network said last of an organisation, by field: a network may tell one twice.

    `saying` has the last word of all records of a network. What a release before this one was told is not here.
    """

    __tablename__ = "organisation_record"
    record_id: str = Field(primary_key=True, sa_type=sa.Text)
    organisation_id: str = Field(foreign_key="organisation.organisation_id", index=True, sa_type=sa.Text)
    network: str = Field(sa_type=sa.Text)
    fields: dict[str, Any] = Field(sa_type=pg.JSONB)
    said_at: datetime = Field(sa_type=Instant)


class PersonSaying(Table, table=True):
    """What a network said last of one field of a person, in one of its records; both are empty for who is here.

    An organisation that they belong to is a field of its own, `organisation:<its id>`, with what they do there.
    """

    __tablename__ = "person_saying"
    member_id: str = Field(primary_key=True, foreign_key="member.member_id", sa_type=sa.Text)
    record_id: str = Field(primary_key=True, sa_type=sa.Text)
    network: str = Field(primary_key=True, sa_type=sa.Text)
    field: str = Field(primary_key=True, sa_type=sa.Text)
    value: Any = Field(default=None, nullable=True, sa_type=pg.JSONB(none_as_null=True))
    said_at: datetime = Field(sa_type=Instant)


class SamePair(Table, table=True):
    """Two organisations that may be one, and what was decided: asked once, remembered for good.

    `second_id` is the younger, which is merged into the first. `decided_by` is empty for what merged by itself.
    """

    __tablename__ = "same_pair"
    __table_args__ = (sa.UniqueConstraint("first_id", "second_id"),)
    pair_id: str = Field(primary_key=True, sa_type=sa.Text)
    first_id: str = Field(foreign_key="organisation.organisation_id", sa_type=sa.Text)
    second_id: str = Field(foreign_key="organisation.organisation_id", index=True, sa_type=sa.Text)
    agrees: list[str] = Field(default_factory=list, sa_type=Texts)
    status: str = Field(index=True, sa_type=sa.Text)
    decided_by: str | None = Field(default=None, sa_type=sa.Text)
    found_at: datetime = Field(sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)


class SamePersons(Table, table=True):
    """The same of two members; a pair goes with whoever of them is erased."""

    __tablename__ = "same_persons"
    __table_args__ = (sa.UniqueConstraint("first_id", "second_id"),)
    pair_id: str = Field(primary_key=True, sa_type=sa.Text)
    first_id: str = Field(foreign_key="member.member_id", sa_type=sa.Text)
    second_id: str = Field(foreign_key="member.member_id", index=True, sa_type=sa.Text)
    agrees: list[str] = Field(default_factory=list, sa_type=Texts)
    status: str = Field(index=True, sa_type=sa.Text)
    decided_by: str | None = Field(default=None, sa_type=sa.Text)
    found_at: datetime = Field(sa_type=Instant)
    decided_at: datetime | None = Field(default=None, sa_type=Instant)


class Decision(Table, table=True):
    """That two were merged or kept apart, when and by whom: written once, never changed. It holds ids alone."""

    __tablename__ = "decision"
    decision_id: str = Field(primary_key=True, sa_type=sa.Text)
    pair_id: str = Field(index=True, sa_type=sa.Text)
    what: str = Field(sa_type=sa.Text)
    decided_by: str | None = Field(default=None, sa_type=sa.Text)
    decided_at: datetime = Field(sa_type=Instant)
