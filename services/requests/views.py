"""What requests answers."""

from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, Field

from chassis import Identity
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Side, Skill, Status, Theme
from services.requests import rules
from services.requests.tables import Proposition


class PropositionView(BaseModel):
    """What is asked or offered, and where it is in its life."""

    status: Status
    version: int
    organisation_id: str
    member_id: str | None = Field(description="A reference, for its own member, ambassadors and the node's team.")
    kind: Kind
    themes: tuple[Theme, ...]
    title: str
    text: str
    language: Language
    place: Place
    reach_km: int | None
    starts_on: date | None
    ends_on: date | None
    from_time: time | None
    until_time: time | None
    venue: str | None
    sign_up_url: str | None
    participants: int | None
    mbo_level: int | None
    skills: tuple[Skill, ...]
    languages: tuple[Language, ...]
    expires_on: date | None = Field(description="The last day that its member chose, if they did.")
    expires_at: datetime = Field(description="When it stops standing; of a draft, what it would be today.")
    created_at: datetime


class RequestView(PropositionView):
    """A request."""

    request_id: str
    about_offer_id: str | None = Field(description="The offer that it is about, which may be gone by now.")

    @classmethod
    def of(cls, request: Proposition, who: Identity) -> "RequestView":
        """As somebody sees it."""
        return cls(request_id=request.proposition_id, **_seen(request, who))


class OfferView(PropositionView):
    """An offer."""

    offer_id: str
    organisation_name: str | None = Field(
        default=None, description="What its organisation is called, where offers are read and that is known."
    )

    @classmethod
    def of(cls, offer: Proposition, who: Identity, organisation_name: str | None = None) -> "OfferView":
        """As somebody sees it."""
        seen = _seen(offer, who)
        return cls(offer_id=offer.proposition_id, organisation_name=organisation_name, **seen)


def view_of(proposition: Proposition, who: Identity) -> RequestView | OfferView:
    """A request or an offer, as somebody sees it."""
    side = RequestView if proposition.side == Side.REQUEST else OfferView
    return side.of(proposition, who)


def _seen(proposition: Proposition, who: Identity) -> dict[str, Any]:
    seen = proposition.told()
    return seen if rules.may_see_whose(who, proposition.member_id) else seen | {"member_id": None}
