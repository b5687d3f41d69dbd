"""What requests says: what is asked, what is offered, and how that goes on."""

from datetime import date, datetime

from pydantic import Field

from contracts.event import Event
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Skill, Status, Theme


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


class PropositionLost(Event, wire_name="requests.proposition-lost", about="proposition_id", reach="shared"):
    """A request or an offer is not known any more in its own node, which was put back from an older backup."""

    proposition_id: str


class RequestExpiryDue(Event, wire_name="requests.request-expiry-due", about="request_id", reach="local"):
    """A timer: look whether the request has expired."""

    request_id: str


class OfferExpiryDue(Event, wire_name="requests.offer-expiry-due", about="offer_id", reach="local"):
    """A timer: look whether the offer has expired."""

    offer_id: str


class MemberForgotten(Event, wire_name="requests.member-forgotten", about="member_id", reach="local"):
    """What requests removed of an erased member."""

    member_id: str
    removed: dict[str, int] = Field(description="How many of what, e.g. {'requests': 2, 'stream-messages': 5}.")


class RecordAccepted(Event, wire_name="requests.record-accepted", about="record_id", reach="local"):
    """What a partner told of a question or an offer counts, and as what."""

    record_id: str
    known_as: str = Field(description="The request or the offer.")
