"""What members answers. Views with a person's details are only for those whom `rules.check_may_see` lets see them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from contracts.members import AmbassadorScope, Place
from contracts.vocabulary import Language, OrganisationKind, Role
from services.members import rules
from services.members.tables import Affiliation, Ambassador, Member, Organisation


class OrganisationView(BaseModel):
    """An organisation; all of it is public."""

    organisation_id: str
    kind: OrganisationKind
    name: str
    place: Place
    brin: str | None
    kvk: str | None
    networks: tuple[str, ...]
    version: int

    @classmethod
    def of(cls, organisation: Organisation) -> "OrganisationView":
        """As it is stored."""
        return cls.model_validate(organisation, from_attributes=True)


class AffiliationView(BaseModel):
    """A member's organisation, and what they do there."""

    affiliation_id: str
    role: str | None
    organisation: OrganisationView


class JoinReceived(BaseModel):
    """The answer to everybody who wants to join or to sign in, whether we know the address or not."""

    message: str = "If this address is right, a mail with a link is on its way."


class InvitationView(BaseModel):
    """An invitation, for who sent it and for the node's team."""

    invitation_id: str
    invited_by: str
    by_name: str | None = Field(description="Who sent it.")
    email: str | None = Field(description="For as long as it waits.")
    name: str | None
    status: Literal["waiting", "accepted", "revoked"]
    organisation_name: str | None
    as_ambassador: bool
    created_at: datetime
    expires_at: datetime


class InvitationMadeView(InvitationView):
    """The same, for who invites just now."""

    is_new: bool = Field(description="Whether this call made it, and had it mailed; else the one of before holds.")


class InvitedView(BaseModel):
    """An invitation, for who holds its token."""

    by_name: str = Field(description="Who invites; empty when they take part no more.")
    name: str | None
    email: str
    organisation_id: str | None
    organisation_name: str | None
    as_ambassador: bool


class MeView(BaseModel):
    """A member, as they see themselves."""

    member_id: str
    name: str
    email: str
    new_email_waits: bool = Field(description="A link to a new address was mailed, and was not followed yet.")
    phone: str | None
    language: Language
    networks: tuple[str, ...]
    roles: tuple[Role, ...]
    scope: AmbassadorScope | None
    affiliations: tuple[AffiliationView, ...]
    joined_at: datetime | None
    version: int


class MemberView(BaseModel):
    """A member, as the node's team and ambassadors see them: without contact details."""

    member_id: str
    name: str
    roles: tuple[Role, ...]
    scope: AmbassadorScope | None = Field(description="Of an ambassador, as it was given: another one replaces it.")
    affiliations: tuple[AffiliationView, ...]
    is_blocked: bool = Field(description="Whether the node's team keeps them out.")
    has_left: bool = Field(description="Whether they stopped taking part; a year after that they are erased.")
    version: int = Field(description="As in the ETag: to be sent along with another scope.")


class AmbassadorView(BaseModel):
    """An ambassador, as every signed-in member sees them."""

    member_id: str
    name: str
    organisations: tuple[str, ...] = Field(description="The names of the organisations they belong to.")
    scope: AmbassadorScope


class IdentityView(BaseModel):
    """What the gateway signs: who somebody is and what they may do."""

    member_id: str
    also: tuple[str, ...] = Field(description="The references of memberships that were merged into this one.")
    roles: tuple[Role, ...]
    scope: AmbassadorScope | None
    organisation_ids: tuple[str, ...]


class ErasureAsked(BaseModel):
    """The key to an erasure's report; whoever has it can read the report, which holds nothing personal."""

    erasure_id: str


class ErasurePartView(BaseModel):
    """What one service removed."""

    service: str
    removed: dict[str, int]


class ErasureView(BaseModel):
    """What was removed so far of somebody who was erased."""

    erasure_id: str
    asked_at: datetime
    complete: bool = Field(description="Whether every service has told what it removed.")
    parts: tuple[ErasurePartView, ...]


def roles(member: Member, ambassador: Ambassador | None) -> tuple[Role, ...]:
    """A member's roles in a fixed order."""
    return tuple(sorted(rules.roles_of(ambassador=ambassador is not None, node_team=member.node_team)))


def affiliations(belonging: list[tuple[Affiliation, Organisation]]) -> tuple[AffiliationView, ...]:
    """A member's affiliations, the first one first."""
    return tuple(
        AffiliationView(
            affiliation_id=affiliation.affiliation_id,
            role=affiliation.role,
            organisation=OrganisationView.of(organisation),
        )
        for affiliation, organisation in belonging
    )
