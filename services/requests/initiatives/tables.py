"""What is kept of introductions and of the initiatives that come of them."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlmodel import Field

from contracts.vocabulary import InitiativeStatus, Kind, Side, StoppedBecause
from services.requests.tables import Instant, Table, Texts


class Introduction(Table, table=True):
    """Two people who were introduced, at least one of this node: from here they can start something together.

    What is suggested for it is taken from what was asked, as it was at the introduction.
    """

    __tablename__ = "introduction"
    match_id: str = Field(primary_key=True, sa_type=sa.Text)
    request_id: str = Field(sa_type=sa.Text)
    offer_id: str = Field(sa_type=sa.Text)
    request_member_id: str = Field(sa_type=sa.Text, index=True)
    offer_member_id: str = Field(sa_type=sa.Text, index=True)
    request_node: str | None = Field(default=None, sa_type=sa.Text)  # none: of this node
    offer_node: str | None = Field(default=None, sa_type=sa.Text)
    request_organisation_id: str = Field(sa_type=sa.Text)
    offer_organisation_id: str = Field(sa_type=sa.Text)
    request_party: dict[str, str | None] = Field(sa_type=pg.JSONB)  # what its organisation and its node are called
    offer_party: dict[str, str | None] = Field(sa_type=pg.JSONB)
    ambassador_ids: list[str] = Field(sa_type=Texts)
    title: str = Field(sa_type=sa.Text)
    kind: Kind = Field(sa_type=sa.Text)
    themes: list[str] = Field(sa_type=Texts)
    place: dict[str, str | float] = Field(sa_type=pg.JSONB)
    introduced_at: datetime = Field(sa_type=Instant)

    def node_of(self, side: Side) -> str | None:
        """The node that a side is of; none: this one."""
        return self.request_node if side == Side.REQUEST else self.offer_node

    def member_of(self, side: Side) -> str:
        """The member on a side; empty when they were erased."""
        return self.request_member_id if side == Side.REQUEST else self.offer_member_id

    def leave_out(self, side: Side) -> None:
        """Nothing is known any more of who was erased."""
        if side == Side.REQUEST:
            self.request_member_id = self.title = ""
        else:
            self.offer_member_id = ""

    def is_of_nobody(self) -> bool:
        """Whether both sides were erased."""
        return not (self.request_member_id or self.offer_member_id)

    def organisation_of(self, side: Side) -> str:
        """What the organisation of a side is called."""
        return str((self.request_party if side == Side.REQUEST else self.offer_party)["organisation_name"])

    def own_sides(self) -> tuple[Side, ...]:
        """The sides that are of this node."""
        return tuple(side for side in Side if self.node_of(side) is None)

    def other_node(self) -> str | None:
        """The other node that has a side of it; none: both are of this one."""
        return self.request_node or self.offer_node


class Initiative(Table, table=True):
    """What the two of an introduction do together. It has the introduction's id.

    One that another node told of may be here before its introduction is; nobody sees it until then.
    """

    __tablename__ = "initiative"
    initiative_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    told_by: str | None = Field(default=None, sa_type=sa.Text)  # the other node that told it first; none: began here
    status: InitiativeStatus = Field(sa_type=sa.Text)
    title: str | None = Field(default=None, sa_type=sa.Text)  # none: who wrote it was erased
    text: str | None = Field(default=None, sa_type=sa.Text)
    kind: Kind = Field(sa_type=sa.Text)
    themes: list[str] = Field(sa_type=Texts)
    place: dict[str, str | float] = Field(sa_type=pg.JSONB)
    starts_on: date | None = None
    ends_on: date | None = None
    wording: int = 0  # which change of title and days stands
    started_by: Side = Field(sa_type=sa.Text)
    started_at: datetime = Field(sa_type=Instant)
    noted_at: datetime | None = Field(default=None, sa_type=Instant)  # when somebody last noted something
    reminded_at: datetime | None = Field(default=None, sa_type=Instant)
    ended_by: Side | None = Field(default=None, sa_type=sa.Text)
    ended_at: datetime | None = Field(default=None, sa_type=Instant)
    because: StoppedBecause | None = Field(default=None, sa_type=sa.Text)
    because_words: str | None = Field(default=None, sa_type=sa.Text)
    outcome: str | None = Field(default=None, sa_type=sa.Text)
    students: int | None = None
    may_be_told: bool = False
    erased: list[str] = Field(default_factory=list, sa_type=Texts)  # the sides that were

    @property
    def edition(self) -> int:
        """What is compared before something is changed: it grows with each step and each change of words."""
        return self.wording * 10 + self.version


class Note(Table, table=True):
    """What a side noted: never changed, and only removed with its writer."""

    __tablename__ = "note"
    note_id: str = Field(primary_key=True, sa_type=sa.Text)
    initiative_id: str = Field(sa_type=sa.Text, index=True)
    side: Side = Field(sa_type=sa.Text)
    happened_on: date
    text: str = Field(sa_type=sa.Text)
    noted_at: datetime = Field(sa_type=Instant)

    def told(self) -> dict[str, object]:
        """Everything that it says."""
        return {name: getattr(self, name) for name in type(self).model_fields}
