"""What requests says: what is asked, what is offered, how that goes on, and what two people then do together.

An initiative has the id of its introduction (the match), so that both nodes of an introduction mean the same one.
Its `version` goes up with every step, in a way that makes the same one win in both nodes: see decision 0043.
"""

from datetime import date, datetime, time
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.erasing import ForgottenSoFar, OfErasure
from contracts.event import Event, ToOneNode
from contracts.meetings import SignUpState, Standing
from contracts.members import Place
from contracts.vocabulary import InitiativeStatus, Kind, Language, Side, Skill, Status, StoppedBecause, Theme


class _Proposition(Event):
    """The whole state of a request or an offer, so that the highest version wins."""

    member_id: str = Field(description="Who asks or offers: a reference that only their own node can resolve.")
    organisation_id: str
    kind: Kind
    themes: tuple[Theme, ...]
    title: str
    text: str = Field(description="In the member's own words; contact details are refused in it.")
    language: Language
    place: Place
    reach_km: int | None = Field(default=None, description="How far they want to go; none: anywhere.")
    starts_on: date | None = None
    ends_on: date | None = None
    from_time: time | None = Field(default=None, description="Of a meeting: when it begins, on the Dutch clock.")
    until_time: time | None = Field(default=None, description="Of a meeting: when it ends, on the Dutch clock.")
    venue: str | None = Field(default=None, description="Of a meeting: where in the town it is, or how to take part.")
    sign_up_url: str | None = Field(default=None, description="Of a meeting: where its organiser has people sign up.")
    participants: int | None = Field(default=None, description="How many students or participants.")
    mbo_level: int | None = Field(default=None, ge=1, le=4)
    skills: tuple[Skill, ...] = Field(default=(), description="What is wanted or offered of what people can do.")
    languages: tuple[Language, ...] = Field(
        default=(), description="In which languages it can be done; none: in any that suits the other."
    )
    status: Status
    expires_at: datetime


class _RequestState(_Proposition):
    request_id: str
    about_offer_id: str | None = Field(default=None, description="The offer that it is about, if any.")


class RequestPlaced(_RequestState, wire_name="requests.request-placed", about="request_id", reach="shared"):
    """Somebody asks something."""


class RequestChanged(_RequestState, wire_name="requests.request-changed", about="request_id", reach="shared"):
    """A request's words changed, or a conversation about it began."""


class RequestClosed(_RequestState, wire_name="requests.request-closed", about="request_id", reach="shared"):
    """A request was fulfilled or withdrawn, or it expired."""


class RequestReopened(_RequestState, wire_name="requests.request-reopened", about="request_id", reach="shared"):
    """A closed request is asked again."""


class _OfferState(_Proposition):
    offer_id: str


class OfferPlaced(_OfferState, wire_name="requests.offer-placed", about="offer_id", reach="shared"):
    """Somebody can deliver something."""


class OfferChanged(_OfferState, wire_name="requests.offer-changed", about="offer_id", reach="shared"):
    """An offer's words changed, or a conversation about it began."""


class OfferClosed(_OfferState, wire_name="requests.offer-closed", about="offer_id", reach="shared"):
    """An offer was taken up or withdrawn, or it expired."""


class OfferReopened(_OfferState, wire_name="requests.offer-reopened", about="offer_id", reach="shared"):
    """A closed offer stands again."""


class PropositionLost(ToOneNode, wire_name="requests.proposition-lost", about="proposition_id"):
    """A request or an offer is not known any more in its own node, which was put back from an older backup."""

    proposition_id: str
    draft_version: int | None = Field(
        default=None, description="Of what is a draft there: its version; a higher one was opened after this was said."
    )
    heard_version: int | None = Field(default=None, description="What was heard of the lost; a higher one came later.")


class _InitiativeState(Event):
    """What the country may know of an initiative: neither whose it is, nor what they wrote to each other."""

    initiative_id: str = Field(description="The introduction (the match) that it came from.")
    request_id: str
    offer_id: str
    request_node: str | None = Field(default=None, description="The node of who asks; none: the one that says it.")
    offer_node: str | None = Field(default=None, description="The node of who offers; none: the one that says it.")
    request_organisation_id: str
    offer_organisation_id: str
    kind: Kind
    themes: tuple[Theme, ...]
    place: Place
    starts_on: date | None = None
    ends_on: date | None = None
    status: InitiativeStatus


class InitiativeStarted(
    _InitiativeState, wire_name="requests.initiative-started", about="initiative_id", reach="shared"
):
    """Two people who were introduced do something together."""


class InitiativeEnded(_InitiativeState, wire_name="requests.initiative-ended", about="initiative_id", reach="shared"):
    """It is done, goes on as a lasting collaboration, or did not work out; also when a side was erased."""

    because: StoppedBecause | None = Field(default=None, description="Why it did not work out.")
    students: int | None = Field(default=None, description="How many students it reached.")
    outcome: str | None = Field(default=None, description="What it brought, in the words of who lets it be told.")


class InitiativeTold(ToOneNode, _InitiativeState, wire_name="requests.initiative-told", about="initiative_id"):
    """The whole of an initiative as it stands: said only to the node of the other side, which keeps the newest."""

    title: str | None
    text: str | None
    started_by: Side
    started_at: datetime
    ended_by: Side | None = None
    ended_at: datetime | None = None
    because: StoppedBecause | None = None
    because_words: str | None = None
    outcome: str | None = None
    students: int | None = None
    may_be_told: bool = False
    erased: tuple[Side, ...] = Field(default=(), description="The sides that were erased: what they wrote is removed.")
    wording: int = Field(default=0, description="Which change of title and days it has; of these the highest stands.")


class InitiativeNoteTold(ToOneNode, wire_name="requests.initiative-note-told", about="initiative_id"):
    """A side noted what happened: said only to the node of the other side."""

    initiative_id: str
    note_id: str
    side: Side
    happened_on: date
    text: str
    noted_at: datetime


class Reader(BaseModel):
    """A member who is to hear something, and with whom they do it."""

    model_config = ConfigDict(frozen=True)

    member_id: str
    other_organisation: str
    other_member_id: str = Field(description="The other side, by which this goes when they are erased; empty if so.")
    other_node: str | None = Field(default=None, description="The node whose member that is; none: this one.")


class InitiativeNews(Event, wire_name="requests.initiative-news", about="initiative_id", reach="local"):
    """What people of this node are to hear of their initiative."""

    initiative_id: str
    news: Literal["started", "changed", "ended", "quiet"]
    readers: tuple[Reader, ...]
    title: str
    status: InitiativeStatus
    starts_on: date | None = None
    ends_on: date | None = None
    outcome: str | None = Field(default=None, description="What it brought, as the other side wrote it.")
    quiet_since: datetime | None = Field(default=None, description="Of quiet: since when nothing was noted.")


class InitiativeQuietDue(Event, wire_name="requests.initiative-quiet-due", about="initiative_id", reach="local"):
    """A timer: look whether anything happened in an initiative."""

    initiative_id: str


class MoreToForget(ForgottenSoFar, wire_name="requests.more-to-forget", about="member_id", reach="local"):
    """The streams hold more of an erased member than goes at once: the next part is to go."""


class MemberForgotten(OfErasure, wire_name="requests.member-forgotten", about="member_id", reach="local"):
    """What requests removed of an erased member."""

    member_id: str
    removed: dict[str, int] = Field(description="How many of what, e.g. {'requests': 2, 'stream-messages': 5}.")


class PropositionsForgotten(OfErasure, wire_name="requests.propositions-forgotten", about="member_id", reach="shared"):
    """Whose these were was erased: what was said of them leaves the streams of every node that heard it."""

    member_id: str
    proposition_ids: tuple[str, ...]


class RecordAccepted(Event, wire_name="requests.record-accepted", about="record_id", reach="local"):
    """What a partner told of a question or an offer counts, and as what."""

    record_id: str
    known_as: str = Field(description="The request or the offer.")


class SignedUp(SignUpState, wire_name="requests.signed-up", about="sign_up_id", reach="local"):
    """Somebody has a place at a meeting, or waits for one; or another node has no place for them."""


class PlaceFreed(SignUpState, wire_name="requests.place-freed", about="sign_up_id", reach="local"):
    """Somebody cancelled, or there is more room: who waited longest has a place now."""


class SignUpWithdrawn(SignUpState, wire_name="requests.sign-up-withdrawn", about="sign_up_id", reach="local"):
    """Somebody does not come after all."""


class MeetingMoved(SignUpState, wire_name="requests.meeting-moved", about="sign_up_id", reach="local"):
    """A meeting that somebody signed up for is at another time or place, or has another name."""


class MeetingCalledOff(SignUpState, wire_name="requests.meeting-called-off", about="sign_up_id", reach="local"):
    """A meeting that somebody signed up for does not take place."""


class MeetingNear(SignUpState, wire_name="requests.meeting-near", about="sign_up_id", reach="local"):
    """A meeting that somebody has a place at is tomorrow."""


class SignUpAsked(ToOneNode, wire_name="requests.sign-up-asked", about="sign_up_id"):
    """A member of this node wants a place at a meeting of another, or not after all; who it is that one never hears."""

    sign_up_id: str
    offer_id: str
    wanted: bool


class SignUpSettled(ToOneNode, wire_name="requests.sign-up-settled", about="sign_up_id"):
    """What became of a sign-up that another node asked for; said to that node."""

    sign_up_id: str
    offer_id: str | None = Field(default=None, description="The meeting; a release of before does not say it.")
    standing: Standing
