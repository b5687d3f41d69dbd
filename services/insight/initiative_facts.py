"""What is told of an initiative becomes a fact: one for each, whichever of its two nodes tells of which step."""

from datetime import datetime
from typing import Any

from sqlalchemy import TextClause, text

from contracts.requests import InitiativeEnded, InitiativeStarted, InitiativeTold
from contracts.vocabulary import InitiativeStatus
from services.insight.growing import WHICH, newest

INITIATIVES = (InitiativeStarted, InitiativeEnded)

_STATE = ("version", "kind", "themes", "province", "status", "because", "students", "outcome")
_KEEP = text(
    f"""
    INSERT INTO initiative AS t (projection, initiative_id, request_node, offer_node, request_organisation_id,
        offer_organisation_id, version, kind, themes, province, status, because, students, outcome, started_at,
        ended_at)
    SELECT number, :initiative_id, :request_node, :offer_node, :request_organisation_id, :offer_organisation_id,
        :version, :kind, CAST(:themes AS text[]), :province, :status, CAST(:because AS text),
        CAST(:students AS integer), CAST(:outcome AS text), :at, CAST(:ended_at AS timestamptz)
    FROM projection WHERE {WHICH} ORDER BY number
    ON CONFLICT (projection, initiative_id) DO UPDATE SET {newest(_STATE)},
        started_at = LEAST(t.started_at, excluded.started_at), ended_at = LEAST(t.ended_at, excluded.ended_at)
    """
)


def told(event: Any, said_by: str, said_at: datetime, _: str | None) -> tuple[TextClause, dict[str, Any]] | None:
    """The statement that keeps what the node of one of its sides tells, and its values; none of any other node."""
    request_node, offer_node = event.request_node or said_by, event.offer_node or said_by
    if said_by not in (request_node, offer_node):
        return None
    return _KEEP, {
        "initiative_id": event.initiative_id,
        "request_node": request_node,
        "offer_node": offer_node,
        "request_organisation_id": event.request_organisation_id,
        "offer_organisation_id": event.offer_organisation_id,
        "version": event.version,
        "kind": event.kind.value,
        "themes": [theme.value for theme in event.themes],
        "province": event.place.province,
        "status": event.status.value,
        **_how_it_went(event, said_at),
    }


def _how_it_went(event: Any, said_at: datetime) -> dict[str, Any]:
    """When it began and how it ended; what the other side's node tells holds a sentence that may not be told on too."""
    started_at, ended_at, outcome = said_at, said_at, getattr(event, "outcome", None)
    if isinstance(event, InitiativeTold):
        started_at, ended_at = event.started_at, event.ended_at or said_at
        outcome = event.outcome if event.may_be_told else None
    if event.status == InitiativeStatus.RUNNING:
        return {"at": started_at, "ended_at": None, "because": None, "students": None, "outcome": None}
    because = event.because.value if event.because else None
    return {"at": started_at, "ended_at": ended_at, "because": because, "students": event.students, "outcome": outcome}
