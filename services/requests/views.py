"""What requests answers."""

from datetime import date, datetime, time
from typing import Any

from pydantic import BaseModel, Field

from contracts.members import Place
from contracts.taking_down import TakenDownBecause
from contracts.vocabulary import Kind, Language, Role, Side, Skill, Status, Theme
from services.requests import rules
from services.requests.calls import Asking
from services.requests.tables import Proposition


class TakenDownView(BaseModel):
    """Why the node's team took something down."""

    because: TakenDownBecause
    note: str | None = Field(description="What the team has to say to its member.")
    is_changed: bool = Field(description="Whether its member changed what it says since, and may place it again.")


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
    expires_soon: bool = Field(
        description="Whether it is open and expires in a week; never of a tip or a meeting of which the day is known."
    )
    created_at: datetime
    taken_down: TakenDownView | None = Field(
        default=None, description="That the node's team took it down, for its own member and that team."
    )


class RequestView(PropositionView):
    """A request."""

    request_id: str
    about_offer_id: str | None = Field(description="The offer that it is about, which may be gone by now.")

    @classmethod
    def of(cls, request: Proposition, call: Asking) -> "RequestView":
        """As somebody sees it."""
        return cls(request_id=request.proposition_id, **_seen(request, call))


class OfferView(PropositionView):
    """An offer."""

    offer_id: str
    organisation_name: str | None = Field(
        default=None, description="What its organisation is called, where offers are read and that is known."
    )

    @classmethod
    def of(cls, offer: Proposition, call: Asking, organisation_name: str | None = None) -> "OfferView":
        """As somebody sees it."""
        seen = _seen(offer, call)
        return cls(offer_id=offer.proposition_id, organisation_name=organisation_name, **seen)


def view_of(proposition: Proposition, call: Asking) -> RequestView | OfferView:
    """A request or an offer, as somebody sees it."""
    side = RequestView if proposition.side == Side.REQUEST else OfferView
    return side.of(proposition, call)


def _seen(proposition: Proposition, call: Asking) -> dict[str, Any]:
    last_day = rules.last_day(proposition.kind, proposition.starts_on, proposition.ends_on)
    soon = rules.expires_soon(proposition.expires_at, proposition.kind, last_day, now=call.now)
    told = proposition.told()
    seen = told | {"expires_soon": proposition.status == Status.OPEN and soon, "taken_down": _taken_down(told, call)}
    return seen if rules.may_see_whose(call.who, proposition.member_id) else seen | {"member_id": None}


def _taken_down(told: dict[str, Any], call: Asking) -> TakenDownView | None:
    why = told.get("taken_down")
    if not why or not (call.who.has(Role.NODE_TEAM) or told["member_id"] in call.who.references):
        return None
    return TakenDownView(because=why["because"], note=why["note"], is_changed=rules.may_stand_again(told))
