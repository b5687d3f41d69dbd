"""The tables of members."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from chassis import Placed
from chassis.database import own_tables
from chassis.replies import define_ids_told
from contracts.members import AmbassadorScope
from services.members.rules import MemberStatus

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()
define_ids_told(Table.metadata)

Texts = pg.ARRAY(sa.Text)
Instant = sa.DateTime(timezone=True)


class Organisation(Placed, Table, table=True):
    """A school, company, centre or partner. One that was merged into another keeps its row, without numbers."""

    __tablename__ = "organisation"
    __table_args__ = (sa.Index("ix_organisation_same_keys", "same_keys", postgresql_using="gin"),)
    organisation_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    kind: str = Field(sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    place_name: str = Field(sa_type=sa.Text)
    province: str = Field(sa_type=sa.Text)
    latitude: float
    longitude: float
    brin: str | None = Field(default=None, sa_type=sa.Text, unique=True)
    kvk: str | None = Field(default=None, sa_type=sa.Text, unique=True)
    website: str | None = Field(default=None, sa_type=sa.Text)
    networks: list[str] = Field(default_factory=list, sa_type=Texts)
    registered_at: datetime = Field(sa_type=Instant)
    merged_into: str | None = Field(default=None, sa_type=sa.Text, index=True)  # which may be merged itself
    leads_to: str | None = Field(default=None, sa_type=sa.Text, index=True)  # the one that stays, at the end of these
    same_keys: list[str] | None = Field(default=None, sa_type=Texts)  # none in what a release before wrote


class Member(Table, table=True):
    """A person. `version` counts every change of the member, of their affiliations and of their roles.

    One that was merged into another keeps its row, its address and what is under its reference: see `persons`.
    """

    __tablename__ = "member"
    __table_args__ = (sa.Index("ix_member_same_keys", "same_keys", postgresql_using="gin"),)
    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    status: MemberStatus = Field(sa_type=sa.Text)
    name: str = Field(sa_type=sa.Text)
    email: str = Field(sa_type=sa.Text)
    email_key: str = Field(sa_type=sa.Text, unique=True)
    phone: str | None = Field(default=None, sa_type=sa.Text)
    language: str = Field(sa_type=sa.Text)
    networks: list[str] = Field(default_factory=list, sa_type=Texts)
    node_team: bool = Field(default=False, index=True)
    verified_at: datetime | None = Field(default=None, sa_type=Instant)  # a link to this address was followed, the last
    merged_into: str | None = Field(default=None, sa_type=sa.Text, index=True)  # which may be merged itself
    leads_to: str | None = Field(default=None, sa_type=sa.Text, index=True)  # the one that stays, at the end of these
    same_keys: list[str] | None = Field(default=None, sa_type=Texts)
    blocked_at: datetime | None = Field(default=None, sa_type=Instant)  # kept out by the team, and has left too
    had_left: bool = Field(default=False, sa_column_kwargs={"server_default": sa.false()})
    """Of who is kept out: that they had left before, or that no network vouches for them since."""
    first_seen_at: datetime = Field(sa_type=Instant)
    joined_at: datetime | None = Field(default=None, sa_type=Instant)
    left_at: datetime | None = Field(default=None, sa_type=Instant)  # since when they take part no more


class Affiliation(Table, table=True):
    """That a member belongs to an organisation, and what they do there."""

    __tablename__ = "affiliation"
    __table_args__ = (sa.UniqueConstraint("member_id", "organisation_id"),)
    affiliation_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(foreign_key="member.member_id", sa_type=sa.Text)
    organisation_id: str = Field(foreign_key="organisation.organisation_id", index=True, sa_type=sa.Text)
    role: str | None = Field(default=None, sa_type=sa.Text)
    since: datetime = Field(sa_type=Instant)


class Ambassador(Table, table=True):
    """An appointment, with the scope that is in force.

    `words` has what each said of it, by the record of a network that tells it, and under no name of the node's team:
    `{network, scope, said_at}`. A release before this one kept none.
    """

    __tablename__ = "ambassador"
    member_id: str = Field(primary_key=True, foreign_key="member.member_id", sa_type=sa.Text)
    organisation_ids: list[str] = Field(default_factory=list, sa_type=Texts)
    provinces: list[str] = Field(default_factory=list, sa_type=Texts)
    themes: list[str] = Field(default_factory=list, sa_type=Texts)
    appointed_at: datetime = Field(sa_type=Instant)
    words: dict[str, Any] | None = Field(default=None, sa_type=pg.JSONB(none_as_null=True))

    @property
    def scope(self) -> AmbassadorScope:
        """The scope as the events tell it."""
        return AmbassadorScope.model_validate(self, from_attributes=True)


class OtherNode(Table, table=True):
    """A node, what it is called, and the key by which something is sealed to it; this one as it was announced last."""

    __tablename__ = "other_node"
    node: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    shown_name: str = Field(sa_type=sa.Text)
    key: dict[str, str] = Field(sa_type=pg.JSONB)


class SealedContact(Table, table=True):
    """That a member's contact details go, or went, to the node of the other side of an introduction."""

    __tablename__ = "sealed_contact"
    match_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(index=True, sa_type=sa.Text)
    node: str = Field(sa_type=sa.Text)
    other_id: str | None = Field(default=None, sa_type=sa.Text)  # the other side; a release before this kept it not
    sealed_at: datetime | None = Field(default=None, sa_type=Instant)


class Consent(Table, table=True):
    """That somebody agreed to the terms, when, and to which version."""

    __tablename__ = "consent"
    consent_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(foreign_key="member.member_id", index=True, sa_type=sa.Text)
    terms_version: str = Field(sa_type=sa.Text)
    given_at: datetime = Field(sa_type=Instant)


class SignInLink(Table, table=True):
    """A link that was asked for; only the hash of its token is here.

    `joining` has what was filled in to join: it counts only for who follows this very link. `new_email` is the
    address that the link confirms.
    """

    __tablename__ = "sign_in_link"
    sign_in_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(foreign_key="member.member_id", index=True, sa_type=sa.Text)
    token_hash: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    created_at: datetime = Field(sa_type=Instant)
    expires_at: datetime = Field(sa_type=Instant)
    used_at: datetime | None = Field(default=None, sa_type=Instant)
    joining: dict[str, Any] | None = Field(default=None, sa_type=pg.JSONB(none_as_null=True))
    new_email: str | None = Field(default=None, sa_type=sa.Text)
    new_email_key: str | None = Field(default=None, sa_type=sa.Text, index=True)


class NamedForTeam(Table, table=True):
    """That the settings named an address for the node's team, which counts once. Of the address only its hash is here:
    whose it was may have been erased.
    """

    __tablename__ = "named_for_team"
    address_hash: bytes = Field(primary_key=True, sa_type=sa.LargeBinary)
    salt: bytes = Field(sa_type=sa.LargeBinary)  # another one for each
    named_at: datetime = Field(sa_type=Instant)


class Erasure(Table, table=True):
    """That somebody was erased. It holds no personal data: a reference that leads nowhere any more, and counts."""

    __tablename__ = "erasure"
    erasure_id: str = Field(primary_key=True, sa_type=sa.Text)
    member_id: str = Field(unique=True, sa_type=sa.Text)
    asked_at: datetime = Field(sa_type=Instant)
    removed: dict[str, int] = Field(sa_type=pg.JSONB)
    sign_in_ids: list[str] = Field(default_factory=list, sa_type=Texts)
    together_with: str | None = Field(default=None, sa_type=sa.Text, index=True)  # the erasure whose report tells of it


class ErasurePart(Table, table=True):
    """What one service removed of an erased member."""

    __tablename__ = "erasure_part"
    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    service: str = Field(primary_key=True, sa_type=sa.Text)
    removed: dict[str, int] = Field(sa_type=pg.JSONB)
    told_at: datetime = Field(sa_type=Instant)
