"""An event on the wire: a CloudEvents 1.0 envelope in structured JSON.

Over NATS and over HTTP alike, so that the same bytes go from the outbox to the stream to a partner. The attributes
follow the NL GOV profile: `source` is a URN, `type` a reversed domain name with the version, `subject` the entity's id,
`time` RFC 3339 in UTC.
"""

from datetime import UTC, datetime
from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, create_model
from pydantic_core import to_json

from contracts.event import Event, event_type_of


class Envelope(BaseModel):
    """The CloudEvents 1.0 attributes around an event's data."""

    model_config = ConfigDict(extra="ignore")

    specversion: Literal["1.0"] = "1.0"
    id: str = Field(min_length=1, max_length=128)
    source: str = Field(min_length=1, max_length=256)
    type: str = Field(max_length=256)
    subject: str = Field(max_length=128)
    time: datetime
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: str = Field(
        default="0000000001",
        description="The entity's version; texts that sort as the numbers do (Sequence extension).",
    )
    traceparent: str | None = Field(default=None, description="W3C trace context of what caused the event.")
    data: dict[str, Any]


_envelopes = TypeAdapter(Envelope)


def source_of(node: str, system: str) -> str:
    """The CloudEvents `source` of what a system of a node says."""
    return f"urn:nld:omdehoek:{node}:systeem:{system}"


def encode(event: Event, *, event_id: str, node: str, time: datetime, traceparent: str | None) -> bytes:
    """The bytes of an event on the wire."""
    around = {
        "specversion": "1.0",
        "id": event_id,
        "source": source_of(node, event.system),
        "type": event.type_name(),
        "subject": event.entity_id,
        "time": time.astimezone(UTC),
        "datacontenttype": "application/json",
        "sequence": f"{event.version:010}",
    }
    if traceparent is not None:
        around["traceparent"] = traceparent
    # An `Envelope` would have the data made into a dictionary, and that written out a second time.
    return b'%s,"data":%s}' % (to_json(around)[:-1], event.model_dump_json().encode())


@cache
def _envelopes_of(event_type: type[Event]) -> TypeAdapter[Envelope]:
    """Envelopes around events of one type, whose data is read as that at once, and is no dictionary in between."""
    fields: dict[str, Any] = {"type": (Literal[event_type.type_name()], ...), "data": (event_type, ...)}
    return TypeAdapter(create_model(f"{event_type.__name__}Envelope", __base__=Envelope, **fields))


def decode(body: bytes, expected: type[Event] | None = None) -> tuple[Envelope, Event]:
    """The envelope and the typed event in the bytes of a message; one of the type that is `expected` is read faster.

    Raises `pydantic.ValidationError` for what is not a CloudEvent or does not fit its type, and `UnknownEvent` for a
    type or version that is not known here.
    """
    if expected is not None:
        try:
            told: Any = _envelopes_of(expected).validate_json(body)
            return told, told.data
        except ValidationError:
            pass  # it may be of another type or version; if it is not right, that is said below
    envelope = _envelopes.validate_json(body)
    return envelope, event_type_of(envelope.type).model_validate(envelope.data)
