"""The tables of requests: both sides in one, since they live by the same rules."""

from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import configure_mappers
from sqlmodel import Field

from chassis import Placed
from chassis.database import own_tables
from chassis.leads import Leading
from chassis.purging import define_to_forget
from chassis.replies import define_ids_told
from contracts.vocabulary import Kind, Language, Side, Status

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()
define_to_forget(Table.metadata)
define_ids_told(Table.metadata)

Texts = pg.ARRAY(sa.Text)
Instant = sa.DateTime(timezone=True)


class Proposition(Placed, Table, table=True):
    """A request or an offer. `version` counts every change, those of a draft included."""

    __tablename__ = "proposition"
    __table_args__ = (
        sa.Index("ix_proposition_expires_at", "expires_at", postgresql_where=sa.text("status = 'open'")),
        sa.Index(
            "ix_proposition_warn_at", "warn_at", postgresql_where=sa.text("status = 'open' AND warn_at IS NOT NULL")
        ),
        sa.Index(
            "ix_proposition_ask_at",
            "ask_at",
            postgresql_where=sa.text("status = 'in-conversation' AND ask_at IS NOT NULL"),
        ),
    )
    proposition_id: str = Field(primary_key=True, sa_type=sa.Text)
    side: Side = Field(sa_type=sa.Text)
    version: int
    member_id: str = Field(index=True, sa_type=sa.Text)
    organisation_id: str = Field(sa_type=sa.Text, index=True)
    own_organisation_id: str | None = Field(default=None, sa_type=sa.Text)  # as it was placed, if that one was merged
    status: Status = Field(sa_type=sa.Text)
    kind: Kind = Field(sa_type=sa.Text)
    themes: list[str] = Field(sa_type=Texts)
    title: str = Field(sa_type=sa.Text)
    text: str = Field(sa_type=sa.Text)
    language: Language = Field(sa_type=sa.Text)
    place_name: str = Field(sa_type=sa.Text)
    province: str = Field(sa_type=sa.Text)
    latitude: float
    longitude: float
    reach_km: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    from_time: time | None = None  # this and the next three: of a meeting
    until_time: time | None = None
    venue: str | None = Field(default=None, sa_type=sa.Text)
    sign_up_url: str | None = Field(default=None, sa_type=sa.Text)
    participants: int | None = None
    mbo_level: int | None = None
    skills: list[str] | None = Field(default=None, sa_type=Texts)  # none in what a release before them wrote
    languages: list[str] | None = Field(default=None, sa_type=Texts)
    expires_on: date | None = None  # as its member chose; `expires_at` also has what follows when they did not
    expires_at: datetime = Field(sa_type=Instant)
    warn_at: datetime | None = Field(default=None, sa_type=Instant)  # none: its member is not told that it expires soon
    ask_at: datetime | None = Field(default=None, sa_type=Instant)  # in conversation: none when its member was asked
    withdrawn_by_member: bool | None = None  # no network opens it again, nor what the node's team took down
    taken_down: dict[str, Any] | None = Field(default=None, sa_type=pg.JSONB(none_as_null=True))  # why, and what words
    created_at: datetime = Field(sa_type=Instant)
    match_ids: list[str] = Field(default_factory=list, sa_type=Texts)  # the introductions that counted here
    about_offer_id: str | None = Field(default=None, sa_type=sa.Text)  # of a request: the offer that it is about

    def told(self) -> dict[str, Any]:
        """What views and events are made of; they take from it what they have.

        Read past the ORM, which would take many times as long for each of thirty columns.
        """
        return vars(self) | {"place": self.place, "skills": self.skills or (), "languages": self.languages or ()}


class Departure(Table, table=True):
    """That a member left, or was erased: a reference that leads nowhere any more.

    `version` is that of the leaving that was heard last, so that hearing it again withdraws nothing that came later;
    `joined` is that of the joining. The higher of the two counts, in whatever order they are heard.
    """

    __tablename__ = "departure"
    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    erased: bool
    joined: int | None = None


class Lost(Table, table=True):
    """A request or an offer that is not known here any more, after a backup was put back, and the highest version in
    which another node had heard it. What a partner network tells again has the same id, and goes on from there.
    """

    __tablename__ = "lost"
    proposition_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int


class Lead(Leading, Table, table=True):
    """Where an organisation that was merged leads to."""

    __tablename__ = "lead"


class Listing(Placed, Table, table=True):
    """A tip or a meeting that everybody can read, of this node or of another, as it was last heard.

    What is closed stays, so that an older event does not bring it back, and who signed up for it knows what it was.
    """

    __tablename__ = "listing"
    __table_args__ = (
        sa.Index("ix_listing_words", "words", postgresql_using="gin"),
        sa.Index("ix_listing_newest", "kind", "listed_at", "offer_id", postgresql_where=sa.text("status = 'open'")),
        sa.Index("ix_listing_day", "kind", "day", "offer_id", postgresql_where=sa.text("status = 'open'")),
    )
    offer_id: str = Field(primary_key=True, sa_type=sa.Text)
    node: str | None = Field(default=None, sa_type=sa.Text)  # none: this one
    version: int
    kind: Kind = Field(sa_type=sa.Text)
    status: Status = Field(sa_type=sa.Text)
    member_id: str = Field(index=True, sa_type=sa.Text)
    organisation_id: str = Field(sa_type=sa.Text)
    themes: list[str] = Field(sa_type=Texts)
    title: str = Field(sa_type=sa.Text)
    text: str = Field(sa_type=sa.Text)
    language: Language = Field(sa_type=sa.Text)
    place_name: str = Field(sa_type=sa.Text)
    province: str = Field(sa_type=sa.Text)
    latitude: float
    longitude: float
    starts_on: date | None = None
    ends_on: date | None = None
    from_time: time | None = None
    until_time: time | None = None
    venue: str | None = Field(default=None, sa_type=sa.Text)
    sign_up_url: str | None = Field(default=None, sa_type=sa.Text)
    participants: int | None = None
    mbo_level: int | None = None
    expires_at: datetime = Field(sa_type=Instant)
    listed_at: datetime = Field(sa_type=Instant)  # when it was first heard
    day: date  # the first one of a meeting, to order by; the end of time when it is not known
    words: Any = Field(default=None, sa_column=sa.Column(pg.TSVECTOR, nullable=False))


class Organisation(Table, table=True):
    """What an organisation is called, of this node or of another."""

    __tablename__ = "organisation"
    organisation_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    name: str = Field(sa_type=sa.Text)
    node: str | None = Field(default=None, sa_type=sa.Text)  # none in what a release before this one wrote


class SignUp(Table, table=True):
    """That somebody wants to come to a meeting: one for each member and meeting, however often they change their mind.

    `name` is what its organiser may see, if the member agreed. Of a member of another node it has neither name nor
    reference: `member_id` is the sign-up itself.
    """

    __tablename__ = "sign_up"
    __table_args__ = (
        sa.UniqueConstraint("offer_id", "member_id"),
        sa.Index("ix_sign_up_line", "offer_id", "asked_at", "sign_up_id"),
    )
    sign_up_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    offer_id: str = Field(sa_type=sa.Text)
    member_id: str = Field(index=True, sa_type=sa.Text)
    node: str | None = Field(default=None, sa_type=sa.Text)  # where the member is known; none: here
    name: str | None = Field(default=None, sa_type=sa.Text)
    standing: str = Field(sa_type=sa.Text)
    asked_at: datetime = Field(sa_type=Instant)


# What is made with `model_construct`, without the ORM's bookkeeping, can be read like any other from the start.
configure_mappers()
