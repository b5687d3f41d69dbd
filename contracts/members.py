"""What members says: organisations, people, ambassadors, consent."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from contracts.erasing import OfErasure
from contracts.event import PERSONAL, Event, ToOneNode
from contracts.networks import NetworkCode
from contracts.vocabulary import Language, Network, OrganisationKind, Theme


class Place(BaseModel):
    """A place in the Netherlands: a town, never an address."""

    model_config = ConfigDict(frozen=True, allow_inf_nan=False)

    name: str
    province: str
    latitude: float = Field(description="Degrees north, WGS 84.")
    longitude: float = Field(description="Degrees east, WGS 84.")


class _OrganisationState(Event):
    organisation_id: str
    kind: OrganisationKind
    name: str
    place: Place
    brin: str | None = Field(default=None, description="The school's BRIN number.")
    kvk: str | None = Field(default=None, description="The company's number at the chamber of commerce (KVK).")
    networks: tuple[Network, ...] = ()
    other_networks: tuple[NetworkCode, ...] = Field(
        default=(), description="Those that came after the first four, which a reader of before that skips."
    )


class OrganisationRegistered(
    _OrganisationState, wire_name="members.organisation-registered", about="organisation_id", reach="shared"
):
    """A school, company, centre or partner takes part from now on."""


class OrganisationChanged(
    _OrganisationState, wire_name="members.organisation-changed", about="organisation_id", reach="shared"
):
    """An organisation's name, place, numbers or networks changed."""


class _MemberState(Event):
    member_id: str = Field(description="A random reference that only the member's own node can resolve.")
    organisation_ids: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()
    other_networks: tuple[NetworkCode, ...] = Field(
        default=(), description="Those that came after the first four, which a reader of before that skips."
    )


class MemberJoined(_MemberState, wire_name="members.member-joined", about="member_id", reach="shared"):
    """Somebody confirmed their address and is a member from now on."""


class MemberChanged(_MemberState, wire_name="members.member-changed", about="member_id", reach="shared"):
    """A member's affiliations or networks changed."""


class MemberLeft(_MemberState, wire_name="members.member-left", about="member_id", reach="shared"):
    """A member stopped taking part, but asked for nothing to be erased."""


class ContactChanged(Event, wire_name="members.contact-changed", about="member_id", reach="local"):
    """How to reach a member, and in which language. It never leaves the node."""

    member_id: str
    name: Annotated[str, PERSONAL]
    email: Annotated[str, PERSONAL]
    phone: Annotated[str | None, PERSONAL] = None
    language: Language = Language.DUTCH
    organisation_name: str | None = None


class SignInRequested(
    Event, wire_name="members.sign-in-requested", about="sign_in_id", reach="local", kept_seconds=15 * 60
):
    """Somebody wants to sign in, or to confirm the address they joined with: mail them the link."""

    sign_in_id: str
    member_id: str
    name: Annotated[str, PERSONAL]
    email: Annotated[str, PERSONAL]
    language: Language
    token: Annotated[str, PERSONAL] = Field(description="Works once, until `expires_at`.")
    expires_at: datetime
    joining: bool = Field(description="True for the first link, which confirms the address.")
    confirms: bool = Field(default=False, description="True for a link that confirms another address of a member.")


class AddressReplaced(
    Event, wire_name="members.address-replaced", about="member_id", reach="local", kept_seconds=24 * 3600
):
    """Another address took the place of the one that a member had: tell the old one, in case it was not them."""

    member_id: str
    name: Annotated[str, PERSONAL]
    email: Annotated[str, PERSONAL] = Field(description="The old address.")
    language: Language


class JoiningLapseDue(Event, wire_name="members.joining-lapse-due", about="member_id", reach="local"):
    """A timer: look whether somebody who wanted to join has confirmed their address."""

    member_id: str


class InvitationMade(
    Event, wire_name="members.invitation-made", about="invitation_id", reach="local", kept_seconds=3600
):
    """Somebody is invited to join: mail them the link."""

    invitation_id: str
    invited_by: str
    by_name: Annotated[str, PERSONAL]
    name: Annotated[str, PERSONAL] = Field(description="Whom the mail greets; empty when that is not known.")
    email: Annotated[str, PERSONAL]
    language: Language
    token: Annotated[str, PERSONAL] = Field(description="Works until `expires_at`, or until it is taken back.")
    expires_at: datetime
    is_member: bool = Field(description="Whether they take part already: then they read that they can sign in.")


class InvitationLapseDue(Event, wire_name="members.invitation-lapse-due", about="invitation_id", reach="local"):
    """A timer: an invitation that nobody accepted is removed."""

    invitation_id: str


class AmbassadorScope(BaseModel):
    """Where an ambassador is active; an empty field does not narrow it, and at least one is filled."""

    model_config = ConfigDict(frozen=True)

    organisation_ids: tuple[str, ...] = ()
    provinces: tuple[str, ...] = Field(default=(), description="The parts of the region, by province.")
    themes: tuple[Theme, ...] = ()


class AmbassadorAppointed(Event, wire_name="members.ambassador-appointed", about="member_id", reach="shared"):
    """A member brings people together within a scope, from now on or with a new scope."""

    member_id: str
    scope: AmbassadorScope
    news: bool = Field(default=False, description="Somebody appointed them just now, or changed the scope: tell them.")


class AmbassadorStoodDown(Event, wire_name="members.ambassador-stood-down", about="member_id", reach="shared"):
    """A member is no longer an ambassador."""

    member_id: str
    news: bool = Field(default=False, description="Somebody ended it just now, and they still take part: tell them.")


class NodeTeamJoined(Event, wire_name="members.node-team-joined", about="member_id", reach="local"):
    """A member belongs to the node's team, which looks after whatever has no ambassador."""

    member_id: str
    news: bool = Field(default=False, description="Somebody of the team decided it just now: tell them.")


class NodeTeamLeft(Event, wire_name="members.node-team-left", about="member_id", reach="local"):
    """A member no longer belongs to the node's team."""

    member_id: str
    news: bool = Field(default=False, description="Another of the team decided it just now: tell them.")


class MemberErased(OfErasure, wire_name="members.member-erased", about="member_id", reach="shared"):
    """A member asked to be forgotten: whoever knows anything of them removes it and says what was removed."""

    member_id: str


class PublicKey(BaseModel):
    """The public half of a node's key (a JWK): what is sealed to it, that node alone can open."""

    model_config = ConfigDict(frozen=True)

    kty: Literal["OKP"] = "OKP"
    crv: Literal["X25519"] = "X25519"
    kid: str
    x: str


class _NodeState(Event):
    node: str
    shown_name: str = Field(description="What people call it, e.g. Om de Hoek Utrecht.")
    key: PublicKey


class NodeAnnounced(_NodeState, wire_name="members.node-announced", about="node", reach="shared"):
    """A node says what it is called, and by which key something is sealed to it."""


class NodeKnown(_NodeState, wire_name="members.node-known", about="node", reach="shared"):
    """The national node passes on what another node announced, so that every region knows it."""


class NodeRestored(Event, wire_name="members.node-restored", about="node", reach="shared"):
    """A node was put back from a backup: what it said after that it may not know any more."""

    node: str


class ContactSealed(ToOneNode, wire_name="members.contact-sealed", about="match_id"):
    """How to reach a side of an introduction: said to the node of the other side, which alone can open it."""

    match_id: str
    member_id: str
    sealed: str = Field(description="A JWE in its compact form (ECDH-ES+A256KW, A256GCM), sealed to a node's key.")


class OrganisationMerged(Event, wire_name="members.organisation-merged", about="organisation_id", reach="shared"):
    """Two organisations are one: what was this one's belongs to `into` from now on. Its id keeps leading there."""

    organisation_id: str
    into: str = Field(description="The organisation that stays.")


class OrganisationParted(Event, wire_name="members.organisation-parted", about="organisation_id", reach="shared"):
    """They were not one after all: what was this one's before is its own again."""

    organisation_id: str
    from_id: str = Field(description="The organisation that it was merged into.")
    together: tuple[str, ...] = Field(default=(), description="Those that had been merged into this one before.")


class MemberMerged(Event, wire_name="members.member-merged", about="member_id", reach="local"):
    """Two memberships are one person's: what was this one's keeps its reference, and is read by `into` from now on.

    Said of every membership that leads there, with where it leads at the end; the highest version wins.
    """

    member_id: str
    into: str = Field(description="The membership that stays, and that was merged into no other.")
    news: bool = Field(default=False, description="It was found just now, of somebody who signed in here: tell them.")


class MemberParted(Event, wire_name="members.member-parted", about="member_id", reach="local"):
    """They were two persons after all: what is under this one's reference is read by this one alone again."""

    member_id: str
    from_id: str = Field(description="The membership that it led to.")


class RecordAccepted(Event, wire_name="members.record-accepted", about="record_id", reach="local"):
    """What a partner told of an organisation, a person or an ambassador counts, and as what."""

    record_id: str
    known_as: str = Field(description="The organisation or the member.")
    joined: bool = Field(default=False, description="Of an organisation that is told first: it was here already.")
