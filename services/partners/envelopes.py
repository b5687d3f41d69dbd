"""The CloudEvents of a call: one structured, several in a batch, or one in binary form, by the content type."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from chassis import Moment
from chassis.problems import FieldErrors, InvalidJson, field_messages
from services.partners.rules import BatchTooLarge, NotACloudEvent, own_id

STRUCTURED, BATCH, JSON = "application/cloudevents+json", "application/cloudevents-batch+json", "application/json"

#: What a NATS subject, a header and a line of a log can hold without being read as something else.
PLAIN = r"^[ -~]+$"


def _storable(found: Any) -> Any:
    for one in (*found, *found.values()) if isinstance(found, dict) else found if isinstance(found, list) else ():
        _storable(one)
    if isinstance(found, str) and "\0" in found:
        raise ValueError("contains the character NUL")
    return found


def _media_type(content_type: Any) -> Any:
    return content_type.partition(";")[0].strip().lower() if isinstance(content_type, str) else content_type


def _is_an_id(subject: str) -> str:
    if not own_id(subject):
        raise ValueError("must have more than spaces")
    return subject


class PartnerEvent(BaseModel):
    """An event as a partner sends it; extensions that we do not know are skipped."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    specversion: Literal["1.0"]
    id: Annotated[str, Field(min_length=1, max_length=128, pattern=PLAIN)]
    source: Annotated[str, Field(min_length=1, max_length=256, pattern=PLAIN)]
    type: Annotated[str, Field(min_length=1, max_length=256, pattern=PLAIN)]
    subject: Annotated[
        str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$"), AfterValidator(_is_an_id)
    ]
    time: Moment
    datacontenttype: Annotated[Literal["application/json"], BeforeValidator(_media_type)] = "application/json"
    sequence: Annotated[str, Field(pattern=r"^[0-9]{1,18}$")] | None = None
    data: Annotated[dict[str, Any], AfterValidator(_storable)] = Field(default_factory=dict)


def events_of(content_type: str, headers: Mapping[str, str], body: bytes, *, batch_max: int) -> list[PartnerEvent]:
    """The events of a call, or a problem that names every wrong attribute; then none is taken in."""
    media_type = _media_type(content_type)
    if media_type == STRUCTURED:
        return _checked([_read(body)], single=True)
    if media_type == BATCH:
        found = _read(body)
        if not isinstance(found, list) or not found:
            raise FieldErrors([("body", "must be a list of CloudEvents")])
        if len(found) > batch_max:
            raise BatchTooLarge(events_max=batch_max)
        return _checked(found, single=False)
    if media_type == JSON and "ce-specversion" in headers:
        told = _attributes(headers)
        return _checked([told | ({"data": _read(body)} if body else {})], single=True)
    raise NotACloudEvent(headers={"Accept-Post": f"{STRUCTURED}, {BATCH}, {JSON}"})


def _attributes(headers: Mapping[str, str]) -> dict[str, Any]:
    """The attributes that stand in headers, where they are percent-encoded; the content type is the body's own."""
    told, errors = {}, []
    for header, value in headers.items():
        if (name := header.removeprefix("ce-")) != header and re.fullmatch(r"[a-z0-9]+", name):
            try:
                told[name] = unquote(value, errors="strict")
            except UnicodeDecodeError:  # what took its place could make two subjects one
                errors.append((name, "must be UTF-8, percent-encoded"))
    if errors:
        raise FieldErrors(errors)
    told.pop("datacontenttype", None)
    return told


def _read(body: bytes) -> Any:
    try:
        return from_json(body, allow_inf_nan=False)
    except ValueError:
        raise InvalidJson from None


def _checked(found: list[Any], *, single: bool) -> list[PartnerEvent]:
    events, errors = [], []
    for number, one in enumerate(found):
        try:
            events.append(PartnerEvent.model_validate(one))
        except ValidationError as error:
            prefix = "" if single else f"{number}."
            errors += [(prefix + field, message) for field, message in field_messages(error)]
    if errors:
        raise FieldErrors(errors)
    return events
