"""What partners says: what the partner networks told, in our own words, for the services whose record it is.

A record is one thing of one partner: an organisation, a person, an ambassador, a question, an offer. `record_id` is
the same whenever that partner tells of it; `version` counts what it told. Of one record the next telling waits for the
answer to the one before, so whoever hears these need not put them in order. The answer is `record-accepted` of the
service that heard it, or, when it raised a problem, the rejection that the chassis says.

What is `to-partner` is news for one partner: what became of its events, and of what it told. It names things by the
partner's own ids, and nobody else.
"""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from contracts.erasing import ForgottenSoFar, OfErasure
from contracts.event import PERSONAL, Event, FieldError, is_subject_token
from contracts.members import AmbassadorScope, Place
from contracts.networks import NetworkCode
from contracts.vocabulary import InitiativeStatus, Kind, Language, OrganisationKind, Side, Skill, Theme


class Thing(StrEnum):
    """What a record is of."""

    ORGANISATION = "organisation"
    PERSON = "person"
    AMBASSADOR = "ambassador"
    REQUEST = "request"
    OFFER = "offer"


class EventReceived(Event, wire_name="partners.event-received", about="receipt_id", reach="local"):
    """A partner's event was taken in, or what it waited for is there: look at it."""

    receipt_id: str


class WaitEnded(Event, wire_name="partners.wait-ended", about="receipt_id", reach="local"):
    """A timer: what an event refers to was waited for long enough."""

    receipt_id: str


class ForPartner(Event):
    """What is told to one partner network, which alone may read it, in its own ids: no service hears it."""

    partner_id: str

    @model_validator(mode="after")
    def _partner_is_a_subject_token(self) -> Self:
        if not is_subject_token(self.partner_id):
            raise ValueError("partner_id must be 1 to 128 letters, digits, '-', '_' or '='")
        return self

    def subject(self, node: str, to: str | None = None) -> str:
        """The NATS subject: `odh.<node>.to-partner.<partner>.<service>.<event>.<entity id>`."""
        if to is not None:
            return super().subject(node, to)
        return f"odh.{node}.{self.reach}.{self.partner_id}.{self.wire_name}.{self.entity_id}"

    @classmethod
    def filter_subject(cls, node: str) -> str:
        """The subject that hears every event of this type, whichever partner it is for."""
        return f"odh.{node}.{cls.reach}.*.{cls.wire_name}.*"


class _Ended(ForPartner):
    receipt_id: str
    source: str = Field(description="With `event_id`: which event of the partner's it was.")
    event_id: str
    event_type: str


class EventAccepted(_Ended, wire_name="partners.event-accepted", about="receipt_id", reach="to-partner"):
    """What a partner's event told counts; or it came late, and something newer counts already."""

    late: bool = False


class EventRefused(_Ended, wire_name="partners.event-refused", about="receipt_id", reach="to-partner"):
    """A partner's event had no effect, and why."""

    problem: str = Field(description="The stable type of the problem, as in problem+json.")
    title: str
    errors: tuple[FieldError, ...] = ()


class _News(ForPartner):
    record_id: str = Field(description="Our number of your record: the same in all news about it.")
    thing: Literal["question", "offer"]
    own_id: str = Field(description="Your own id of it: the `subject` of the event that told it.")
    person: str = Field(description="Your own id of who asks or offers it.")


class _NewsOfMatch(_News):
    match_id: str
    found: Kind = Field(description="The kind of what was found for it.")


class MemberMatched(_NewsOfMatch, wire_name="partners.member-matched", about="record_id", reach="to-partner"):
    """Something was found for what one of a partner's people asks or offers; both sides are asked if they want it."""


class MemberIntroduced(_NewsOfMatch, wire_name="partners.member-introduced", about="record_id", reach="to-partner"):
    """Both sides said yes, and received each other's contact details."""


class QuestionAnswered(_News, wire_name="partners.question-answered", about="record_id", reach="to-partner"):
    """What one of a partner's people asked was answered, as they say themselves."""


class OfferTakenUp(_News, wire_name="partners.offer-taken-up", about="record_id", reach="to-partner"):
    """What one of a partner's people offers was taken up, as they say themselves."""


class _OfInitiative(_News):
    initiative_id: str


class InitiativeBegun(_OfInitiative, wire_name="partners.initiative-started", about="record_id", reach="to-partner"):
    """Something that two people do together came of what one of a partner's people asks or offers."""


class InitiativeOver(_OfInitiative, wire_name="partners.initiative-ended", about="record_id", reach="to-partner"):
    """It is done, goes on as a lasting collaboration, or did not work out."""

    status: InitiativeStatus


class OrganisationJoined(ForPartner, wire_name="partners.organisation-joined", about="record_id", reach="to-partner"):
    """An organisation that a partner told is known from elsewhere; or is its own again, when that is undone."""

    record_id: str
    own_id: str = Field(description="Your own id of it.")
    organisation_id: str = Field(description="As which it is known here, for everybody.")


class WebhookDisabled(Event, wire_name="partners.webhook-disabled", about="webhook_id", reach="local"):
    """Nothing is sent to an endpoint of a partner any more: it failed for days, or says itself that it is gone."""

    webhook_id: str
    partner_id: str
    because: Literal["failing", "gone"]
    contact_ids: tuple[str, ...] = Field(default=(), description="The members who look after it for the partner.")


class _Told(Event):
    record_id: str
    partner_id: str
    network: NetworkCode
    known_as: str | None = Field(default=None, description="What the record was accepted as before; none: it is new.")


class OrganisationTold(_Told, wire_name="partners.organisation-told", about="record_id", reach="local"):
    """A partner told of a school, company, centre or partner organisation."""

    kind: OrganisationKind
    name: str
    place: Place
    brin: str | None = None
    kvk: str | None = None
    website: str | None = Field(default=None, description="The domain, such as school.example.")


class PersonTold(_Told, wire_name="partners.person-told", about="record_id", reach="local"):
    """A partner told of a person who agreed to take part."""

    name: Annotated[str, PERSONAL]
    email: Annotated[str, PERSONAL]
    phone: Annotated[str | None, PERSONAL] = None
    language: Language = Language.DUTCH
    organisation_id: str
    role: Annotated[str | None, PERSONAL] = None
    consented_at: datetime = Field(description="When they agreed, with the partner, that their details come here.")


class AmbassadorTold(_Told, wire_name="partners.ambassador-told", about="record_id", reach="local"):
    """A partner told who brings people together, and where."""

    member_id: str
    scope: AmbassadorScope


class PropositionTold(_Told, wire_name="partners.proposition-told", about="record_id", reach="local"):
    """A partner told what one of its people asks or offers."""

    side: Side
    member_id: str
    organisation_id: str
    kind: Kind
    themes: tuple[Theme, ...]
    title: Annotated[str, PERSONAL] = Field(description="Not looked at yet: it may hold contact details.")
    text: Annotated[str, PERSONAL]
    language: Language = Language.DUTCH
    place: Place
    reach_km: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    from_time: time | None = None
    until_time: time | None = None
    venue: Annotated[str | None, PERSONAL] = None
    sign_up_url: str | None = None
    participants: int | None = None
    mbo_level: int | None = None
    skills: tuple[Skill, ...] = ()
    languages: tuple[Language, ...] = ()
    expires_on: date | None = None


class RecordWithdrawn(Event, wire_name="partners.record-withdrawn", about="record_id", reach="local"):
    """A partner told that a record is no more: it left that network, or is not asked or offered any more."""

    record_id: str
    partner_id: str
    network: NetworkCode
    known_as: str = Field(description="What the record was accepted as.")
    thing: Thing


class MoreToForget(ForgottenSoFar, wire_name="partners.more-to-forget", about="member_id", reach="local"):
    """The streams hold more of an erased member than goes at once: the next part is to go."""


class MemberForgotten(OfErasure, wire_name="partners.member-forgotten", about="member_id", reach="local"):
    """What partners removed of an erased member."""

    member_id: str
    removed: dict[str, int] = Field(description="How many of what, e.g. {'records': 2, 'stream-messages': 5}.")
