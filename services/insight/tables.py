"""The facts: one row for each request or offer, match, initiative, organisation and node, as the shared events told.

No row leads to a person: there is no member in any, no title, and no text but what its writer lets be told. The whole
is a *projection*, which can be made anew from the streams; while that is done the rows are there twice, each under the
number of its projection.
"""

from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from chassis.database import own_tables

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()

Instant = sa.DateTime(timezone=True)


class Projection(Table, table=True):
    """A making of the facts. The one that is `current` is read; every one that is here is written to."""

    __tablename__ = "projection"
    number: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    current: bool
    begun_at: datetime = Field(sa_type=Instant)


class Proposition(Table, table=True):
    """A request or an offer of a node. Its state is that of the highest version that was heard.

    `placed_at` is the time of the lowest version, `closed_at` of the last closing, which only counts while the status
    says that it is closed.
    """

    __tablename__ = "proposition"
    __table_args__ = (sa.Index("ix_proposition_placed", "projection", "placed_at"),)
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    node: str = Field(primary_key=True, sa_type=sa.Text)
    proposition_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    side: str = Field(sa_type=sa.Text)
    kind: str = Field(sa_type=sa.Text)
    themes: list[str] = Field(sa_type=pg.ARRAY(sa.Text))
    organisation_id: str = Field(sa_type=sa.Text)
    province: str = Field(sa_type=sa.Text)
    latitude: float = Field(sa_type=sa.REAL)
    longitude: float = Field(sa_type=sa.REAL)
    status: str = Field(sa_type=sa.Text)
    expires_at: datetime = Field(sa_type=Instant)
    first_version: int
    placed_at: datetime = Field(sa_type=Instant)
    closed_version: int
    closed_at: datetime | None = Field(default=None, sa_type=Instant)


class Lost(Table, table=True):
    """A request or an offer that its node, put back from a backup, does not know any more up to this version."""

    __tablename__ = "lost"
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    node: str = Field(primary_key=True, sa_type=sa.Text)
    proposition_id: str = Field(primary_key=True, sa_type=sa.Text)
    until_version: int


class Mark(Table, table=True):
    """That a request of a node went unanswered, or was escalated: when that was first told."""

    __tablename__ = "mark"
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    node: str = Field(primary_key=True, sa_type=sa.Text)
    request_id: str = Field(primary_key=True, sa_type=sa.Text)
    what: str = Field(primary_key=True, sa_type=sa.Text)
    at: datetime = Field(sa_type=Instant)


class Match(Table, table=True):
    """A match, whichever of its nodes told of it: when each step was first told. Distances are in kilometres."""

    __tablename__ = "match"
    __table_args__ = (
        sa.Index("ix_match_request", "projection", "request_node", "request_id"),
        sa.Index("ix_match_offer", "projection", "offer_node", "offer_id"),
    )
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    match_id: str = Field(primary_key=True, sa_type=sa.Text)
    request_node: str = Field(sa_type=sa.Text)
    request_id: str = Field(sa_type=sa.Text)
    offer_node: str = Field(sa_type=sa.Text)
    offer_id: str = Field(sa_type=sa.Text)
    told_km: float | None = Field(default=None, sa_type=sa.REAL)
    proposed_at: datetime | None = Field(default=None, sa_type=Instant)
    endorsed_at: datetime | None = Field(default=None, sa_type=Instant)
    introduced_at: datetime | None = Field(default=None, sa_type=Instant)
    dismissed_at: datetime | None = Field(default=None, sa_type=Instant)
    lapsed_at: datetime | None = Field(default=None, sa_type=Instant)


class Initiative(Table, table=True):
    """An initiative, as the highest version says; `outcome` is the one sentence that its writer lets be told."""

    __tablename__ = "initiative"
    __table_args__ = (sa.Index("ix_initiative_started", "projection", "started_at"),)
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    initiative_id: str = Field(primary_key=True, sa_type=sa.Text)
    request_node: str = Field(sa_type=sa.Text)
    offer_node: str = Field(sa_type=sa.Text)
    request_organisation_id: str = Field(sa_type=sa.Text)
    offer_organisation_id: str = Field(sa_type=sa.Text)
    version: int
    kind: str = Field(sa_type=sa.Text)
    themes: list[str] = Field(sa_type=pg.ARRAY(sa.Text))
    province: str = Field(sa_type=sa.Text)
    status: str = Field(sa_type=sa.Text)
    because: str | None = Field(default=None, sa_type=sa.Text)
    students: int | None = None
    outcome: str | None = Field(default=None, sa_type=sa.Text)
    started_at: datetime = Field(sa_type=Instant)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)


class Organisation(Table, table=True):
    """An organisation of a node, as the highest version says."""

    __tablename__ = "organisation"
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    node: str = Field(primary_key=True, sa_type=sa.Text)
    organisation_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    kind: str = Field(sa_type=sa.Text)
    province: str = Field(sa_type=sa.Text)
    networks: list[str] = Field(sa_type=pg.ARRAY(sa.Text))


class Merging(Table, table=True):
    """Whether an organisation is a part of another now, as the highest version says."""

    __tablename__ = "merging"
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    node: str = Field(primary_key=True, sa_type=sa.Text)
    organisation_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    merged: bool


class Region(Table, table=True):
    """What a node is called, as the highest version says."""

    __tablename__ = "region"
    projection: int = Field(primary_key=True, sa_type=sa.Integer, sa_column_kwargs={"autoincrement": False})
    node: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    shown_name: str = Field(sa_type=sa.Text)


#: Those that hold facts, beside the projections themselves.
FACTS: tuple[type[Table], ...] = (Proposition, Lost, Mark, Match, Initiative, Organisation, Merging, Region)
