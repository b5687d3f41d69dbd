"""Makes the example files of events that have none yet: `python -m tests.contracts.make_examples`.

An example that stands is never written again: it shows what an event looked like when it was first said, and today's
code must still read it. All people in them are invented.
"""

import json
import types
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from contracts.envelope import encode
from contracts.event import Event
from contracts.export import contract_types, file_name
from contracts.members import Place

EXAMPLES = Path(__file__).parent / "examples"
SIZES = ("fullest", "smallest")
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

#: What a text may hold at its longest, by the end of its field's name.
TEXTS = {
    "_id": "01a20c7e-5ba0-7380-8f20-c5b0a41248de",
    "_ids": "01a20c7e-5ba0-7380-8f20-c5b0a41248de",
    "email": "noor.van-der-meer+omdehoek@vechtdal.example",
    "phone": "+31612345678",
    "name": "Noor van der Meer-Zoë",
    "organisation_name": "Warmtewerk & Zn. B.V. ‘de Vecht’",
    "token": "q3Jt0mZx7Yw9c1Vb5Nn2Kk8Hh4Gg6Ff0Dd",
    "title": "Wie leert onze monteurs een warmtepomp inregelen?",
    "text": "Wij zoeken studenten die een dag meelopen.\nKoffie is er; “handschoenen” ook. €0, naïef ☀",
    "province": "Noord-Brabant",
    "provinces": "Noord-Brabant",
    "place": "'s-Hertogenbosch",
    "brin": "25PJ",
    "kvk": "30123456",
    "problem": "https://omdehoek.nl/problems/request-closed",
    "node": "zeeland",
    "node_name": "Om de Hoek Zeeland",
    "shown_name": "Om de Hoek Zeeland",
    "kid": "YE11t7riNIUG6HyfKuQsH-CdUcjsKIyuvy2aATjZAKI",
    "x": "m9Dzxdf0rmi6uEwpLBkqSr0YTsx_dgjIiab6bPwDuEQ",
    "sealed": "eyJhbGciOiJFQ0RILUVTK0EyNTZLVyJ9.c2xldXRlbA.aXY.dmVyemVnZWxk.bWVyaw",
    "network": "leren-voor-morgen",
    "other_networks": "groene-schakel",
    "rejected_by": "matching",
    "rejected_type": "nl.omdehoek.requests.request-placed.v1",
    "value": "circular-economy, energy-transition",
}


NUMBERS = {"version": 12, "latitude": 51.6978, "longitude": 5.3037, "reach_km": 250, "participants": 120, "sequence": 7}


def path_of(event_type: type[Event], size: str) -> Path:
    """Where an event's example is kept."""
    return EXAMPLES / file_name(event_type).replace(".json", f".{size}.json")


def example(event_type: type[Event], size: str) -> dict[str, Any]:
    """An event with everything that it can hold, or with what it must hold alone, as it is on the wire."""
    event = made(event_type, full=size == "fullest")
    body = encode(
        event,
        event_id="01a20c7e-5ba0-7380-8f20-c5b0a41248df",
        node="utrecht",
        time=datetime(2026, 11, 24, 9, 30, 0, 123456, tzinfo=UTC),
        traceparent=TRACE if size == "fullest" else None,
    )
    return json.loads(body) | {"data": event.model_dump(mode="json", exclude_unset=True)}


Model = TypeVar("Model", bound=BaseModel)


def made(model: type[Model], *, full: bool) -> Model:
    """A model with a value in each field, or in each that must have one."""
    chosen = {name: field for name, field in model.model_fields.items() if full or field.is_required()}
    named = "place" if model is Place else "organisation_name" if "Organisation" in model.__name__ else "name"
    called = {"name": named}  # not every name is a person's
    return model(**{name: value(f.annotation, called.get(name, name), full, f) for name, f in chosen.items()})


def value(kind: Any, name: str, full: bool, field: FieldInfo) -> Any:
    """Something of a type, as long or as short as it gets."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return value(next(part for part in parts if part is not type(None)), name, full, field)
    if origin is Annotated:
        return value(parts[0], name, full, field)
    if origin is Literal:
        return parts[-1] if full else parts[0]
    if origin is tuple:
        return tuple(several(parts[0], name, full, field)) if full else ()
    if origin is dict:
        return {"things": 2, "stream-messages": 5} if full else {}
    if issubclass(kind, BaseModel):
        return made(kind, full=full)
    if issubclass(kind, Enum):
        return list(kind)[-1 if full else 0]
    return plain(kind, name, full, field)


def several(kind: Any, name: str, full: bool, field: FieldInfo) -> Iterable[Any]:
    """All words of a list, or two of anything else."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return list(kind)
    return [value(kind, name, full, field)] * 2


def plain(kind: type, name: str, full: bool, field: FieldInfo) -> Any:
    """A text, a number, a moment."""
    limits = {key: getattr(rule, key) for rule in field.metadata for key in ("ge", "le") if hasattr(rule, key)}
    if kind is str:
        longest = next((TEXTS[end] for end in sorted(TEXTS, key=len, reverse=True) if name.endswith(end)), "tekst")
        return longest if full or name.endswith("_id") else longest[:1]
    if kind is bool:
        return full
    if kind in (int, float):
        return kind(NUMBERS.get(name, limits.get("le", 7)) if full else limits.get("ge", 0))
    if kind is datetime:
        return datetime(2027, 1, 31, 23, 59, 59, 999999, tzinfo=UTC)
    if kind is date:
        return date(2028, 2, 29)
    if kind is time:
        return time(14, 30)
    raise TypeError(f"no example of {kind} for {name}: say here what one looks like")


def main() -> None:
    """Writes those that are missing."""
    EXAMPLES.mkdir(exist_ok=True)
    written = 0
    for event_type in contract_types():
        for size in SIZES:
            file = path_of(event_type, size)
            if not file.exists():
                file.write_text(json.dumps(example(event_type, size), indent=2, ensure_ascii=False) + "\n")
                written += 1
    print(f"{written} examples written.")  # noqa: T201  it talks to who runs it


if __name__ == "__main__":
    main()
