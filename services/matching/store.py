"""The tables of matching: its own projection of what is asked and offered, and of who looks; and its matches."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from pgvector.sqlalchemy import HALFVEC
from sqlalchemy import CursorResult, TextClause
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.database import own_tables
from chassis.replies import define_ids_told
from chassis.sql import Answer, run, write_now

if TYPE_CHECKING:  # a type checker cannot follow a class that a function makes
    from sqlmodel import SQLModel as Table
else:
    Table = own_tables()
define_ids_told(Table.metadata)

_OPEN_REQUESTS = sa.text("side = 'request' AND status = 'open' AND is_sought")
_OPEN_OFFERS = sa.text("side = 'offer' AND status = 'open'")
_UNANSWERED_HERE = sa.text("side = 'request' AND status = 'open' AND node IS NULL AND unanswered_said_at IS NULL")
_OPEN_HERE, _SPOT = sa.text("status = 'open' AND node IS NULL"), sa.text("point(longitude, latitude)")


def _texts(**options: Any) -> Any:
    return Field(sa_type=ARRAY(sa.Text), **options)


def _moment(**options: Any) -> Any:
    return Field(sa_type=sa.DateTime(timezone=True), **options)


class Proposition(Table, table=True):
    """A request or an offer as last heard, in its highest version."""

    __tablename__ = "proposition"
    __table_args__ = (
        sa.Index("ix_proposition_request_words", "words", postgresql_using="gin", postgresql_where=_OPEN_REQUESTS),
        sa.Index("ix_proposition_offer_words", "words", postgresql_using="gin", postgresql_where=_OPEN_OFFERS),
        sa.Index("ix_proposition_request_spot", _SPOT, postgresql_using="gist", postgresql_where=_OPEN_REQUESTS),
        sa.Index("ix_proposition_offer_spot", _SPOT, postgresql_using="gist", postgresql_where=_OPEN_OFFERS),
        sa.Index("ix_proposition_opened_at", "opened_at", "proposition_id", postgresql_where=_OPEN_HERE),
        sa.Index("ix_proposition_unanswered", "opened_at", postgresql_where=_UNANSWERED_HERE),
        sa.Index(
            "ix_proposition_about_offer_id", "about_offer_id", postgresql_where=sa.text("about_offer_id IS NOT NULL")
        ),
    )

    proposition_id: str = Field(primary_key=True, sa_type=sa.Text)
    side: str = Field(sa_type=sa.Text)
    version: int
    member_id: str = Field(sa_type=sa.Text, index=True)
    organisation_id: str = Field(sa_type=sa.Text)
    kind: str = Field(sa_type=sa.Text)
    themes: list[str] = _texts()
    title: str = Field(sa_type=sa.Text)
    text: str = Field(sa_type=sa.Text)
    language: str = Field(sa_type=sa.Text)
    place_name: str = Field(sa_type=sa.Text)
    province: str = Field(sa_type=sa.Text)
    latitude: float
    longitude: float
    reach_km: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    mbo_level: int | None = None
    participants: int | None = None
    languages: list[str] | None = Field(default=None, sa_type=ARRAY(sa.Text))
    status: str = Field(sa_type=sa.Text)
    expires_at: datetime = _moment()
    opened_at: datetime | None = _moment(default=None)
    unanswered_said_at: datetime | None = _moment(default=None)
    words: Any = Field(default=None, sa_column=sa.Column(TSVECTOR, nullable=True))
    words_make: str | None = Field(default=None, sa_type=sa.Text)
    unwanted: list[str] = _texts(sa_column_kwargs={"server_default": "{}"})
    voice: float = Field(sa_column_kwargs={"server_default": "0"})
    node: str | None = Field(default=None, sa_type=sa.Text)
    is_sought: bool = Field(default=True, sa_column_kwargs={"server_default": sa.true()})
    about_offer_id: str | None = Field(default=None, sa_type=sa.Text)


class EmbeddingModel(Table, table=True):
    """A model that makes vectors: where it is found, how long they are, and what ordinary texts have in common."""

    __tablename__ = "embedding_model"
    __table_args__ = (
        sa.Index("uq_embedding_model_active", "status", unique=True, postgresql_where=sa.text("status = 'active'")),
    )

    model_id: int = Field(sa_column=sa.Column(sa.Integer, sa.Identity(always=True), primary_key=True))
    make: str = Field(sa_type=sa.Text, unique=True)
    version: int
    source: dict[str, Any] = Field(sa_type=JSONB)
    dimensions: int
    ordinary: dict[str, Any] | None = Field(default=None, sa_type=JSONB)
    status: str = Field(sa_type=sa.Text)


class MeaningRow(Table, table=True):
    """A text as a model reads it; without a vector it waits to be read.

    Each model has two indexes of its own, made when it is first used (`models.make_indexes`). They hold what `is_open`:
    that is both open and sought here.
    """

    __tablename__ = "meaning"
    __table_args__ = (
        sa.ForeignKeyConstraint(["proposition_id"], ["proposition.proposition_id"], ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["model_id"], ["embedding_model.model_id"]),
        sa.Index(
            "ix_meaning_waiting",
            "model_id",
            "tried_at",
            "proposition_id",
            postgresql_where=sa.text("vector IS NULL AND is_open"),
        ),
    )

    proposition_id: str = Field(primary_key=True, sa_type=sa.Text)
    model_id: int = Field(primary_key=True)
    side: str = Field(sa_type=sa.Text)
    is_open: bool
    fingerprint: bytes = Field(sa_type=sa.LargeBinary)
    tried_at: datetime | None = _moment(default=None)
    vector: Any = Field(default=None, sa_column=sa.Column(HALFVEC, nullable=True))


class Organisation(Table, table=True):
    """What an organisation is called."""

    __tablename__ = "organisation"

    organisation_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    name: str = Field(sa_type=sa.Text)
    node: str | None = Field(default=None, sa_type=sa.Text)


class AmbassadorRow(Table, table=True):
    """An ambassador's scope; who stood down stays known by the version, so that an older event changes nothing."""

    __tablename__ = "ambassador"

    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    is_active: bool
    organisation_ids: list[str] = _texts()
    provinces: list[str] = _texts()
    themes: list[str] = _texts()
    absent_until: date | None = None


class NodeTeamMember(Table, table=True):
    """Somebody of the node's team, or who was."""

    __tablename__ = "node_team_member"

    member_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    is_active: bool


_PROPOSED, _RUNNING = sa.text("state = 'proposed'"), sa.text("state IN ('proposed', 'endorsed')")


class MatchRow(Table, table=True):
    """A match, with its parties by reference: their names and titles are read where they stand.

    One of another node (`owner`) is a copy: as far as that node told (`told_version`), and what our own people did
    since; with it is kept what the side that is not ours is called and wrote.
    """

    __tablename__ = "match"
    __table_args__ = (
        # A pair is proposed once. One that lapsed because an end closed may be proposed anew after a reopening, and one
        # that nobody answered by a person, or where nobody looked at it when an end is written anew: that nothing else
        # does is seen to where candidates are found.
        sa.Index(
            "uq_match_pair",
            "request_id",
            "offer_id",
            unique=True,
            postgresql_where=sa.text(
                "(lapsed_because IS NULL OR lapsed_because NOT IN ('closed', 'unanswered')) AND owner IS NULL"
            ),
        ),
        sa.Index("ix_match_offer_id", "offer_id"),
        sa.Index("ix_match_running_offer_id", "offer_id", postgresql_where=_RUNNING),  # few of what an offer ever had
        sa.Index("ix_match_request_id", "request_id"),
        sa.Index("ix_match_waiting_since", "waiting_since", postgresql_where=_RUNNING),
        sa.Index("ix_match_asker_id", "asker_id", "match_id"),
        sa.Index("ix_match_offerer_id", "offerer_id", "match_id"),
        sa.Index("ix_match_ambassador_ids", "ambassador_ids", postgresql_using="gin"),
        sa.Index("ix_match_waiting_ambassador", sa.text("(ambassador_ids[1])"), postgresql_where=_PROPOSED),
    )

    match_id: str = Field(primary_key=True, sa_type=sa.Text)
    version: int
    request_id: str = Field(sa_type=sa.Text)
    offer_id: str = Field(sa_type=sa.Text)
    asker_id: str = Field(sa_type=sa.Text)
    offerer_id: str = Field(sa_type=sa.Text)
    offerer_organisation_id: str = Field(sa_type=sa.Text)
    request_kind: str = Field(sa_type=sa.Text)
    offer_kind: str = Field(sa_type=sa.Text)
    score: float
    reasons: list[dict[str, Any]] = Field(sa_type=JSONB)
    ambassador_ids: list[str] = _texts()
    state: str = Field(sa_type=sa.Text)
    waiting_since: datetime = _moment()
    endorsed_at: datetime | None = _moment(default=None)
    reminded_at: datetime | None = _moment(default=None)
    asker_accepted: bool | None = None
    offerer_accepted: bool | None = None
    dismissed_because: str | None = Field(default=None, sa_type=sa.Text)
    declined_because: str | None = Field(default=None, sa_type=sa.Text)
    lapsed_because: str | None = Field(default=None, sa_type=sa.Text)
    note: str | None = Field(default=None, sa_type=sa.Text)
    note_by: str | None = Field(default=None, sa_type=sa.Text)
    asker_node: str | None = Field(default=None, sa_type=sa.Text)
    offerer_node: str | None = Field(default=None, sa_type=sa.Text)
    endorsed_for: list[str] | None = Field(default=None, sa_type=ARRAY(sa.Text))
    owner: str | None = Field(default=None, sa_type=sa.Text)
    told_version: int | None = None
    elsewhere: dict[str, Any] | None = Field(default=None, sa_type=JSONB)


#: Whether a match `m` is what its pair came to: not where an end closed, nor where nobody looked, so nobody was asked.
COUNTS = """m.lapsed_because IS DISTINCT FROM 'closed'
    AND (m.lapsed_because = 'unanswered' AND m.endorsed_at IS NULL) IS NOT TRUE"""

#: Beyond this many, how many matches of an offer run exactly decides nothing (`choosing`), and takes long to count.
RUNNING_COUNTED_MAX = 200


def offer_running(offer_id: str) -> str:
    """How many matches of an offer run, in SQL."""
    return f"""(SELECT count(*) FROM (SELECT FROM match r WHERE r.offer_id = {offer_id}
        AND r.state IN ('proposed', 'endorsed') LIMIT {RUNNING_COUNTED_MAX}) AS first)"""


async def ask(session: AsyncSession, statement: Any, values: Any = None) -> Answer | CursorResult[Any]:
    """Runs a statement of our own in the session's transaction, past the session's objects, of which there are none."""
    if isinstance(statement, TextClause):
        return await run(session, statement, values)
    await write_now(session)
    return await (await session.connection()).execute(statement, values)
