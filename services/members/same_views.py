"""What is shown of two records that may be one: side by side, with which network said what, and who decided."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from contracts.vocabulary import Language, Role
from services.members.saying import Said
from services.members.views import OrganisationView


class SaidView(BaseModel):
    """One field, as one network said it last."""

    network: str | None = Field(description="None: it was said here.")
    field: str
    value: Any
    said_at: datetime

    @classmethod
    def of(cls, said: Said) -> "SaidView":
        """As it is kept."""
        return cls(network=said.network or None, field=said.field, value=said.value, said_at=said.said_at)


class DecisionView(BaseModel):
    """What was decided of a pair, and by whom."""

    what: str = Field(description="merged, apart or later.")
    by: str | None = Field(description="What they are called; none when it merged by itself.")
    at: datetime


class _PairView(BaseModel):
    pair_id: str
    status: str = Field(description="waiting, later, merged or apart.")
    agrees: tuple[str, ...] = Field(description="What the two have in common.")
    first_said: tuple[SaidView, ...]
    second_said: tuple[SaidView, ...]
    found_at: datetime
    decided_at: datetime | None
    by_itself: bool = Field(description="Merged without anybody looking, because it was certain.")
    decisions: tuple[DecisionView, ...] = Field(description="All that was decided of these two, the last first.")


class SameOrganisationsView(_PairView):
    """Two records that may be of one organisation."""

    first: OrganisationView = Field(description="The older, which stays.")
    second: OrganisationView


class PersonSideView(BaseModel):
    """One of two members, for who has to decide: enough to tell them apart, and not enough to write to them."""

    member_id: str
    name: str
    email: str = Field(description="Without most of what stands before the @.")
    confirmed: bool = Field(description="They followed a link to this address.")
    phone: str | None = Field(description="Its last digits.")
    language: Language
    organisations: tuple[str, ...]
    networks: tuple[str, ...]
    roles: tuple[Role, ...]
    since: datetime


class SamePersonsView(_PairView):
    """Two members who may be one person."""

    first: PersonSideView = Field(description="The older, which stays.")
    second: PersonSideView


class OwnMergedView(BaseModel):
    """Two memberships that are one, for who they are of."""

    pair_id: str
    addresses: tuple[str, ...] = Field(description="Those of the two, without most of what stands before the @.")
    merged_at: datetime


class OwnMergedList(BaseModel):
    """All that was merged of the caller."""

    items: list[OwnMergedView]


class DecidedView(BaseModel):
    """What was decided of a pair just now."""

    pair_id: str
    status: str
