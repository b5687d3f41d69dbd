"""What an event tells becomes a fact, in every projection that is here.

Each fact grows in one direction only: the highest version wins, or the earliest time. So it does not matter in which
order events come, how often, or from which of a match's nodes; a projection made anew becomes the same.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.sql import write
from contracts.event import Event
from contracts.matching import (
    IntroductionMade,
    MatchDismissed,
    MatchEndorsed,
    MatchLapsed,
    MatchProposed,
    RequestEscalated,
    RequestUnanswered,
)
from contracts.members import (
    NodeAnnounced,
    OrganisationChanged,
    OrganisationMerged,
    OrganisationParted,
    OrganisationRegistered,
)
from contracts.requests import (
    InitiativeTold,
    OfferChanged,
    OfferClosed,
    OfferPlaced,
    OfferReopened,
    PropositionLost,
    RequestChanged,
    RequestClosed,
    RequestPlaced,
    RequestReopened,
)
from contracts.vocabulary import Side
from services.insight import initiative_facts
from services.insight.growing import WHICH, newest
from services.insight.initiative_facts import INITIATIVES

REQUESTS = (RequestPlaced, RequestChanged, RequestReopened, RequestClosed)
OFFERS = (OfferPlaced, OfferChanged, OfferReopened, OfferClosed)
MARKS = (RequestUnanswered, RequestEscalated)
MATCHES = (MatchProposed, MatchEndorsed, MatchDismissed, IntroductionMade, MatchLapsed)
ORGANISATIONS = (OrganisationRegistered, OrganisationChanged)
MERGINGS = (OrganisationMerged, OrganisationParted)

#: Everything that tells a fact, here and elsewhere.
TELLING: tuple[type[Event], ...] = (
    *(*REQUESTS, *OFFERS, *MARKS, *MATCHES, *INITIATIVES),
    *(*ORGANISATIONS, *MERGINGS, NodeAnnounced, PropositionLost),
)

#: Regions do not hear each other: what one of another did in an initiative with one of ours is said to us alone.
TELLING_ELSEWHERE: tuple[type[Event], ...] = (*TELLING, InitiativeTold)

#: No version is higher.
LAST_VERSION = 2**31 - 1

_STATE = ("version", "kind", "themes", "organisation_id", "province", "latitude", "longitude", "status", "expires_at")


_PROPOSITION = text(
    f"""
    INSERT INTO proposition AS t (projection, node, proposition_id, version, side, kind, themes, organisation_id,
        province, latitude, longitude, status, expires_at, first_version, placed_at, closed_version, closed_at)
    SELECT number, :node, :proposition_id, :version, :side, :kind, CAST(:themes AS text[]), :organisation_id,
        :province, :latitude, :longitude, :status, :expires_at, :version, :at, CAST(:closed_version AS integer),
        CAST(:closed_at AS timestamptz)
    FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, node, proposition_id) DO UPDATE SET {newest(_STATE)},
        first_version = LEAST(t.first_version, excluded.first_version),
        placed_at = CASE WHEN excluded.first_version < t.first_version THEN excluded.placed_at ELSE t.placed_at END,
        closed_version = GREATEST(t.closed_version, excluded.closed_version),
        closed_at = CASE WHEN excluded.closed_version > t.closed_version THEN excluded.closed_at ELSE t.closed_at END
    """
)
_MARK = text(
    f"""
    INSERT INTO mark AS t (projection, node, request_id, what, at)
    SELECT number, :node, :request_id, :what, :at FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, node, request_id, what) DO UPDATE SET at = LEAST(t.at, excluded.at)
    """
)
_LOST = text(
    f"""
    INSERT INTO lost AS t (projection, node, proposition_id, until_version)
    SELECT number, :node, :proposition_id, :until_version FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, node, proposition_id) DO UPDATE SET
        until_version = GREATEST(t.until_version, excluded.until_version)
    """
)
_STEPS: dict[type[Event], str] = {
    MatchProposed: "proposed_at",
    MatchEndorsed: "endorsed_at",
    MatchDismissed: "dismissed_at",
    IntroductionMade: "introduced_at",
    MatchLapsed: "lapsed_at",
}


def _match_statement(step: str) -> TextClause:
    return text(
        f"""
        INSERT INTO match AS t (projection, match_id, request_node, request_id, offer_node, offer_id, told_km, {step})
        SELECT number, :match_id, :request_node, :request_id, :offer_node, :offer_id, :told_km, :at
        FROM projection WHERE {WHICH} ORDER BY number
        ON CONFLICT (projection, match_id) DO UPDATE SET
            told_km = LEAST(t.told_km, excluded.told_km), {step} = LEAST(t.{step}, excluded.{step})
        """
    )


_MATCH = {step: _match_statement(step) for step in _STEPS.values()}
_ORGANISATION = text(
    f"""
    INSERT INTO organisation AS t (projection, node, organisation_id, version, kind, province, networks)
    SELECT number, :node, :organisation_id, :version, :kind, :province, CAST(:networks AS text[])
    FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, node, organisation_id) DO UPDATE SET {newest(("version", "kind", "province", "networks"))}
    """
)
_MERGING = text(
    f"""
    INSERT INTO merging AS t (projection, node, organisation_id, version, merged)
    SELECT number, :node, :organisation_id, :version, :merged FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, node, organisation_id) DO UPDATE SET {newest(("version", "merged"))}
    """
)
_REGION = text(
    f"""
    INSERT INTO region AS t (projection, node, version, shown_name)
    SELECT number, :node, :version, :shown_name FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, node) DO UPDATE SET {newest(("version", "shown_name"))}
    """
)


def keep(session: AsyncSession, event: Event, said_by: str, said_at: datetime, national: str | None) -> None:
    """Keeps what an event of a node tells, in every projection; `national` is the name of the national node."""
    if told := told_by(event, said_by, said_at, national):
        statement, values = told
        write(session, statement, values | {"only": None})


def told_by(
    event: Event, said_by: str, said_at: datetime, national: str | None
) -> tuple[TextClause, dict[str, Any]] | None:
    """The statement that keeps an event, and its values but for `only`, the one projection to keep it in.

    None where it is not its node's to say.
    """
    read = next((read for kinds, read in _READ if isinstance(event, kinds)), None)
    if read is None:
        raise TypeError(f"{type(event).__name__} tells no fact")
    return read(event, said_by, said_at, national)


def _proposition(event: Any, said_by: str, said_at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]]:
    closes = isinstance(event, RequestClosed | OfferClosed)
    return _PROPOSITION, {
        "node": said_by,
        "proposition_id": event.entity_id,
        "version": event.version,
        "side": (Side.REQUEST if isinstance(event, REQUESTS) else Side.OFFER).value,
        "kind": event.kind.value,
        "themes": [theme.value for theme in event.themes],
        "organisation_id": event.organisation_id,
        "province": event.place.province,
        "latitude": event.place.latitude,
        "longitude": event.place.longitude,
        "status": event.status.value,
        "expires_at": event.expires_at,
        "at": said_at,
        "closed_version": event.version if closes else 0,
        "closed_at": said_at if closes else None,
    }


def _mark(event: Any, said_by: str, said_at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]]:
    what = "unanswered" if isinstance(event, RequestUnanswered) else "escalated"
    return _MARK, {"node": said_by, "request_id": event.request_id, "what": what, "at": said_at}


def _lost(event: Any, said_by: str, _at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]]:
    until = event.draft_version or event.heard_version or LAST_VERSION
    return _LOST, {"node": said_by, "proposition_id": event.proposition_id, "until_version": until}


def _match(
    event: Any, said_by: str, said_at: datetime, national: str | None
) -> tuple[TextClause, dict[str, Any]] | None:
    """Several nodes tell of a match of two: its sides, and the national node where that brought them together."""
    request_node, offer_node = event.asker.node or said_by, event.offerer.node or said_by
    if said_by not in (request_node, offer_node, national):
        return None
    kilometres = next((reason.value for reason in event.reasons if reason.code == "distance"), None)
    return _MATCH[_STEPS[type(event)]], {
        "match_id": event.match_id,
        "request_node": request_node,
        "request_id": event.request_id,
        "offer_node": offer_node,
        "offer_id": event.offer_id,
        "told_km": _number(kilometres),
        "at": said_at,
    }


def _number(told: str | None) -> float | None:
    try:
        return float(told) if told else None
    except ValueError:
        return None


def _organisation(event: Any, said_by: str, _at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]]:
    return _ORGANISATION, {
        "node": said_by,
        "organisation_id": event.organisation_id,
        "version": event.version,
        "kind": event.kind.value,
        "province": event.place.province,
        "networks": [*event.networks, *event.other_networks],
    }


def _merging(event: Any, said_by: str, _at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]]:
    values = {"node": said_by, "organisation_id": event.organisation_id, "version": event.version}
    return _MERGING, values | {"merged": isinstance(event, OrganisationMerged)}


def _region(event: Any, said_by: str, _at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]] | None:
    if event.node != said_by:
        return None
    return _REGION, {"node": said_by, "version": event.version, "shown_name": event.shown_name}


_Told = Callable[[Any, str, datetime, str | None], tuple[TextClause, dict[str, Any]] | None]
_READ: tuple[tuple[tuple[type[Event], ...], _Told], ...] = (
    ((*REQUESTS, *OFFERS), _proposition),
    (MARKS, _mark),
    (MATCHES, _match),
    ((*INITIATIVES, InitiativeTold), initiative_facts.told),
    (ORGANISATIONS, _organisation),
    (MERGINGS, _merging),
    ((NodeAnnounced,), _region),
    ((PropositionLost,), _lost),
)
