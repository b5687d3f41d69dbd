"""What matching says: proposals, answers, introductions, what stays unanswered, and what it tells other nodes."""

from datetime import date, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.erasing import ForgottenSoFar, OfErasure
from contracts.event import Event, ToOneNode
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Side, Status, Theme


class Reason(BaseModel):
    """Why a request and an offer may fit; the reader's own service puts it in words."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    code: Literal["same-theme", "distance", "kind", "meaning", "words", "same-language", "period", "level"]
    value: str = Field(description="What the words are about: a theme, kilometres, a pair of kinds, a percentage.")
    weight: float = Field(ge=0, le=1, description="The part of the score that it brought.")


class Party(BaseModel):
    """One side of a match."""

    model_config = ConfigDict(frozen=True)

    member_id: str
    organisation_id: str
    organisation_name: str
    place: str
    title: str = Field(description="The title of the request or the offer.")
    node: str | None = Field(default=None, description="The node whose member it is; none: the one that says it.")
    node_name: str | None = Field(default=None, description="What that other node is called.")


def reference(member_id: str, node: str | None) -> str:
    """What somebody is called here for good: two nodes could say the same id, and neither may speak for the other."""
    return f"{node}.{member_id}" if node else member_id


class Wording(BaseModel):
    """What a side wrote, for a node that has not heard it."""

    model_config = ConfigDict(frozen=True)

    text: str
    themes: tuple[Theme, ...]
    language: Language
    place: Place
    starts_on: date | None = None
    ends_on: date | None = None
    mbo_level: int | None = None
    status: Status
    expires_at: datetime


class _MatchState(Event):
    """The whole state of a match, so that whoever hears it needs no other source."""

    match_id: str
    request_id: str
    offer_id: str
    asker: Party = Field(description="The side of the request.")
    offerer: Party = Field(description="The side of the offer.")
    request_kind: Kind
    offer_kind: Kind
    score: float = Field(ge=0, le=1)
    reasons: tuple[Reason, ...]
    ambassador_ids: tuple[str, ...] = Field(
        default=(), description="Who looks at it: an ambassador, or the node's team; none where the kind needs nobody."
    )
    asked_about: bool = Field(
        default=False, description="Whether the request is about this very offer, which is no part of the score."
    )


class MatchProposed(_MatchState, wire_name="matching.match-proposed", about="match_id", reach="shared"):
    """A request and an offer may fit; an ambassador looks first."""


class MatchEndorsed(_MatchState, wire_name="matching.match-endorsed", about="match_id", reach="shared"):
    """The match was endorsed by an ambassador (or needs none): both sides are asked."""

    answer_by: datetime | None = Field(default=None, description="Until when they can answer; none: that is not known.")


class MatchDismissed(_MatchState, wire_name="matching.match-dismissed", about="match_id", reach="shared"):
    """An ambassador did not see a fit, and said why."""

    dismissed_because: str = Field(description="A stable code: other-need, too-far, wrong-level, no-capacity, other.")


class MatchHandedOver(_MatchState, wire_name="matching.match-handed-over", about="match_id", reach="shared"):
    """The match is somebody else's to look at from now on: `ambassador_ids` has them."""

    said_yes: bool = Field(default=False, description="Whether they were asked first, and said yes a moment ago.")


class MatchAnswered(_MatchState, wire_name="matching.match-answered", about="match_id", reach="shared"):
    """One side said yes or no."""

    side: Side
    accepted: bool


class IntroductionMade(_MatchState, wire_name="matching.introduction-made", about="match_id", reach="shared"):
    """Both sides said yes: they receive each other's contact details."""


class MatchLapsed(_MatchState, wire_name="matching.match-lapsed", about="match_id", reach="shared"):
    """The match ends without an introduction: a side said no, an end closed, or nobody answered."""

    lapsed_because: Literal["declined", "closed", "unanswered", "erased"]
    asked: tuple[str, ...] = Field(
        default=(), description="The members of both sides when they had been asked; none when it ended before that."
    )
    accepted: tuple[str, ...] = Field(default=(), description="Those of them who had said yes.")


class AnswerOverdue(_MatchState, wire_name="matching.answer-overdue", about="match_id", reach="shared"):
    """Somebody has not answered within the set time: they are reminded, once."""

    waiting_for: tuple[str, ...] = Field(description="The members who still have to answer.")
    answer_by: datetime | None = Field(default=None, description="Until when they can; none: that is not known.")
    then_the_team: bool | None = Field(
        default=None, description="Whether the node's team looks at it then, or the match ends; none: not known."
    )


class RequestUnanswered(Event, wire_name="matching.request-unanswered", about="request_id", reach="shared"):
    """A request has stayed without an answer for the set time."""

    request_id: str
    member_id: str
    title: str


class RequestEscalated(Event, wire_name="matching.request-escalated", about="request_id", reach="shared"):
    """A request that was not answered in its region is sought an answer to in the whole country."""

    request_id: str
    member_id: str
    title: str


class MatchTold(ToOneNode, _MatchState, wire_name="matching.match-told", about="match_id"):
    """Where a match is: said by the node that owns it, and only to the node of one of its sides, at every step."""

    state: Literal["proposed", "endorsed", "dismissed", "introduced", "lapsed"]
    endorsed_for: tuple[Side, ...] = Field(default=(), description="The sides whose own ambassador saw a fit.")
    asker_accepted: bool | None = None
    offerer_accepted: bool | None = None
    dismissed_because: str | None = None
    declined_because: str | None = None
    lapsed_because: Literal["declined", "closed", "unanswered", "erased"] | None = None
    theirs: Wording = Field(description="What the side wrote that is of another node than the one that is told.")


class JudgementGiven(ToOneNode, wire_name="matching.judgement-given", about="match_id"):
    """The ambassador of a side saw a fit, or none: said to the node that owns the match."""

    match_id: str
    side: Side
    endorsed: bool
    because: str | None = Field(default=None, description="Why not: as in `match-dismissed`.")


class AnswerGiven(ToOneNode, wire_name="matching.answer-given", about="match_id"):
    """A side said yes or no: said to the node that owns the match."""

    match_id: str
    side: Side
    accepted: bool
    because: str | None = Field(default=None, description="Why not; only beside a no.")


class PartyErased(ToOneNode, OfErasure, wire_name="matching.party-erased", about="member_id"):
    """Who was a side of a match was erased: said to the node of the other side, which removes what it has of them."""

    member_id: str
    node: str = Field(description="The node whose member it was.")


class MatchesForgotten(OfErasure, wire_name="matching.matches-forgotten", about="member_id", reach="shared"):
    """A side of these was erased: what was said of them leaves the streams of the national node, which heard it."""

    member_id: str
    match_ids: tuple[str, ...]
    lapsed_ids: tuple[str, ...] = Field(
        description="That they lapsed by it stays, and tells nothing of who was erased."
    )


class HeardVersion(BaseModel):
    """A request or an offer of another node, and the newest version of it that was heard."""

    model_config = ConfigDict(frozen=True)

    proposition_id: str
    version: int


class ToldBack(ToOneNode, wire_name="matching.told-back", about="page_id"):
    """What was heard of a node that was put back from a backup: said to that node, a page at a time.

    It tells again what differs, and what it does not know (any more). A match that it told before our own side of it
    was heard is asked for in the same way.
    """

    page_id: str
    propositions: tuple[HeardVersion, ...] = ()
    match_ids: tuple[str, ...] = Field(default=(), description="Matches that it owns, or owned.")


class MatchLost(ToOneNode, wire_name="matching.match-lost", about="match_id"):
    """A match is not known any more in the node that owned it, which was put back from an older backup."""

    match_id: str


class TellBackDue(Event, wire_name="matching.tell-back-due", about="node", reach="local"):
    """A timer: tell a node that was put back what was heard of it."""

    node: str


class TellAgainDue(Event, wire_name="matching.tell-again-due", about="match_id", reach="local"):
    """A timer: ask the node that owns a match where it is; what our own side wrote had not been heard here yet."""

    match_id: str
    node: str


class MoreToForget(ForgottenSoFar, wire_name="matching.more-to-forget", about="member_id", reach="local"):
    """The streams hold more of an erased member than goes at once: the next part is to go."""


class MemberForgotten(OfErasure, wire_name="matching.member-forgotten", about="member_id", reach="local"):
    """What matching removed of an erased member."""

    member_id: str
    removed: dict[str, int] = Field(description="How many of what, e.g. {'matches': 2, 'stream-messages': 5}.")
