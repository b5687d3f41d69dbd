"""What matching answers to who sits at a desk. Members are in it by reference: their names are members' to tell."""

from datetime import date, datetime

from pydantic import BaseModel, Field
from sqlalchemy import RowMapping

from chassis import Identity
from contracts.vocabulary import Kind, Language, Role, Side, Theme
from services.matching.following_up import Matter
from services.matching.match import Awaited, Lapse, State
from services.matching.pairs import Proposition
from services.matching.propositions import proposition_of
from services.matching.showing import Shown
from services.matching.views import MatchView, match_view


class NewView(BaseModel):
    """A request or an offer that stands open."""

    side: Side
    proposition_id: str
    kind: Kind
    title: str
    language: Language
    themes: tuple[Theme, ...]
    organisation_name: str
    place_name: str
    opened_at: datetime
    running: int = Field(description="How many matches of it run.")
    is_introduced: bool = Field(description="Whether it led to an introduction.")
    is_unanswered: bool = Field(description="Whether it waits so long that somebody should look at it.")


class WaitingView(BaseModel):
    """A match that waits for the caller to look at it."""

    match: MatchView
    asked_instead: str | None = Field(description="Whom the caller asked to look at it instead, and has not answered.")


class AbsentView(BaseModel):
    """An ambassador who is not there."""

    member_id: str
    until: date = Field(description="That day too.")


class HandOverView(BaseModel):
    """A match that somebody asks the caller to look at instead."""

    hand_over_id: str
    match: MatchView
    asked_by: str
    asked_at: datetime
    note: str | None


class AskView(BaseModel):
    """That a member was asked to help with a request."""

    ask_id: str
    member_id: str
    asked_by: str
    asked_at: datetime
    accepted: bool | None = Field(description="None: they have not answered.")
    offer_id: str | None = Field(description="The offer that they help with.")


class RequestWordsView(BaseModel):
    """A request, without who asks."""

    request_id: str
    kind: Kind
    title: str
    text: str
    language: Language
    themes: tuple[Theme, ...]
    organisation_name: str
    place_name: str
    province: str
    starts_on: date | None
    ends_on: date | None
    mbo_level: int | None
    is_open: bool


class RequestMatchView(BaseModel):
    """How far a request and an offer came."""

    match_id: str
    offer_id: str
    offer_title: str
    organisation_name: str
    place_name: str
    state: State
    lapsed_because: Lapse | None
    awaiting: tuple[Awaited, ...]
    waiting_since: datetime


class RequestDeskView(BaseModel):
    """A request as who looks after it sees it: what was found, and who was asked."""

    request: RequestWordsView
    may_bring_together: bool = Field(
        description="Whether the caller puts it next to an offer: not when they ask it, while another may do so."
    )
    is_escalated: bool
    matches: tuple[RequestMatchView, ...]
    asks: tuple[AskView, ...]


class HelpView(BaseModel):
    """What a member is asked to help with."""

    ask_id: str
    request: RequestWordsView
    note: str | None
    asked_by: str
    asked_at: datetime
    accepted: bool | None
    offer_id: str | None


class FollowUpView(BaseModel):
    """Something to come back to."""

    follow_up_id: str
    matter: Matter = Field(description="Of a match that another looks at by now: its request.")
    matter_id: str
    title: str = Field(description="What the request is called that it is about; empty when that is gone.")
    language: Language | None
    note: str
    due_on: date
    came_at: datetime | None = Field(description="When it came back; none: it still has to.")


def new_view(row: RowMapping) -> NewView:
    """A row of `nearby`."""
    known = proposition_of(row)
    return NewView(
        side=known.side,
        proposition_id=known.id,
        kind=known.kind,
        title=known.title,
        language=known.language,
        themes=known.themes,
        organisation_name=known.organisation_name or known.place_name,
        place_name=known.place_name,
        opened_at=row["opened_at"],
        running=row["running"],
        is_introduced=row["is_introduced"],
        is_unanswered=row["is_unanswered"],
    )


def hand_over_view(row: RowMapping, shown: Shown, who: Identity, language: Language) -> HandOverView:
    """What the caller is asked to look at."""
    return HandOverView(
        hand_over_id=row["hand_over_id"],
        match=match_view(shown, who, language),
        asked_by=row["asked_by"],
        asked_at=row["asked_at"],
        note=row["note"],
    )


def ask_view(row: RowMapping) -> AskView:
    """For who looks after the request."""
    return AskView(**{name: row[name] for name in AskView.model_fields})


def help_view(row: RowMapping, request: Proposition, text: str, now: datetime) -> HelpView:
    """For who was asked."""
    told = ("ask_id", "note", "asked_by", "asked_at", "accepted", "offer_id")
    return HelpView(request=words_view(request, text, now), **{name: row[name] for name in told})


def words_view(request: Proposition, text: str, now: datetime) -> RequestWordsView:
    """What somebody asks."""
    return RequestWordsView(
        request_id=request.id,
        kind=request.kind,
        title=request.title,
        text=text,
        language=request.language,
        themes=request.themes,
        organisation_name=request.organisation_name or request.place_name,
        place_name=request.place_name,
        province=request.province,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
        mbo_level=request.mbo_level,
        is_open=request.is_open(now),
    )


def request_match_view(shown: Shown) -> RequestMatchView:
    """A match of a request."""
    match = shown.match
    return RequestMatchView(
        match_id=match.match_id,
        offer_id=match.offer_id,
        offer_title=match.offerer.title,
        organisation_name=match.offerer.organisation_name,
        place_name=match.offerer.place,
        state=match.state,
        lapsed_because=match.lapsed_because,
        awaiting=match.awaits(),
        waiting_since=match.waiting_since,
    )


def follow_up_view(row: RowMapping, who: Identity) -> FollowUpView:
    """For who noted it. Of a match that another looks at by now, the request is what they may see still."""
    view = FollowUpView(**{name: row[name] for name in FollowUpView.model_fields})
    is_theirs = who.has(Role.NODE_TEAM) or set(who.references) & set(row["ambassador_ids"] or ())
    if view.matter == "request" or is_theirs or not row["request_id"] or row["asker_node"]:
        return view
    return view.model_copy(update={"matter": "request", "matter_id": row["request_id"]})
