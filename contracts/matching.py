"""What matching says: proposals, answers, introductions, and what stays unanswered."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.vocabulary import Kind, Side


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


class MatchProposed(_MatchState, wire_name="matching.match-proposed", about="match_id", reach="shared"):
    """A request and an offer may fit; an ambassador looks first."""


class MatchEndorsed(_MatchState, wire_name="matching.match-endorsed", about="match_id", reach="shared"):
    """The match was endorsed by an ambassador (or needs none): both sides are asked."""


class MatchDismissed(_MatchState, wire_name="matching.match-dismissed", about="match_id", reach="shared"):
    """An ambassador did not see a fit, and said why."""

    dismissed_because: str = Field(description="A stable code: other-need, too-far, wrong-level, no-capacity, other.")


class MatchHandedOver(_MatchState, wire_name="matching.match-handed-over", about="match_id", reach="shared"):
    """The match is somebody else's to look at from now on: `ambassador_ids` has them."""


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


class RequestUnanswered(Event, wire_name="matching.request-unanswered", about="request_id", reach="shared"):
    """A request has stayed without an answer for the set time."""

    request_id: str
    member_id: str
    title: str


class ReminderDue(Event, wire_name="matching.reminder-due", about="match_id", reach="local"):
    """A timer: look whether the match still waits for an answer."""

    match_id: str


class PatienceEnded(Event, wire_name="matching.patience-ended", about="match_id", reach="local"):
    """A timer: the reminder did not help either."""

    match_id: str


class AnswerAwaited(Event, wire_name="matching.answer-awaited", about="request_id", reach="local"):
    """A timer: look whether the request has been answered at all."""

    request_id: str


class MemberForgotten(Event, wire_name="matching.member-forgotten", about="member_id", reach="local"):
    """What matching removed of an erased member."""

    member_id: str
    removed: dict[str, int] = Field(description="How many of what, e.g. {'matches': 2, 'stream-messages': 5}.")
