"""Requests, offers and matches as plain data, for the tests of what is decided."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.matching import Party, Reason
from contracts.places import find_place
from contracts.vocabulary import Kind, Language, Side, Status, Theme
from services.matching.match import Match, State
from services.matching.pairs import Pair, Proposition

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def asked(**changes: Any) -> Proposition:
    """A school in Utrecht asks for a guest lesson on energy."""
    return _proposition(
        Side.REQUEST, {"id": "r", "member_id": "asker", "organisation_id": "school", "place": "Utrecht"} | changes
    )


def offered(**changes: Any) -> Proposition:
    """A company in Zeist offers one."""
    return _proposition(
        Side.OFFER, {"id": "o", "member_id": "offerer", "organisation_id": "company", "place": "Zeist"} | changes
    )


def _proposition(side: Side, changes: dict[str, Any]) -> Proposition:
    place = find_place(changes.pop("place"))
    values: dict[str, Any] = {
        "side": side,
        "kind": Kind.GUEST_LESSON,
        "themes": (Theme.ENERGY_TRANSITION,),
        "language": Language.DUTCH,
        "place_name": place.name,
        "province": place.province,
        "latitude": place.latitude,
        "longitude": place.longitude,
        "status": Status.OPEN,
        "expires_at": NOW + timedelta(days=30),
    }
    return Proposition(**(values | changes))


def a_pair(request: Proposition | None = None, offer: Proposition | None = None, **changes: Any) -> Pair:
    """The two beside each other, with texts that are much alike."""
    return Pair(**({"request": request or asked(), "offer": offer or offered(), "similarity": 0.45} | changes))


def a_match(**changes: Any) -> Match:
    """A match that waits for its ambassador."""
    match = Match(
        match_id="match",
        version=1,
        request_id="r",
        offer_id="o",
        asker=_party("asker", "ROC Vechtdal", "Gastles gezocht"),
        offerer=_party("offerer", "Warmtewerk BV", "Gastles"),
        request_kind=Kind.GUEST_LESSON,
        offer_kind=Kind.GUEST_LESSON,
        score=0.8,
        reasons=(Reason(code="distance", value="4.0", weight=0.1),),
        ambassador_ids=("ambassador",),
        state=State.PROPOSED,
        waiting_since=NOW,
    )
    return replace(match, **changes)


def endorsed(**changes: Any) -> Match:
    """A match that both sides are asked about."""
    return a_match(**({"version": 2, "state": State.ENDORSED, "endorsed_at": NOW} | changes))


def _party(member_id: str, organisation: str, title: str) -> Party:
    return Party(
        member_id=member_id,
        organisation_id=organisation.lower().replace(" ", "-"),
        organisation_name=organisation,
        place="Utrecht",
        title=title,
    )
