"""A body that a route takes, made from its own description: right in every field, and about things of our choice."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

Schema = Mapping[str, Any]

#: What a description does not say of a text, and its rule asks all the same.
KNOWN = {
    "name": "Robin de Groot",
    "email": "robin@vechtdal.example",
    "place": {"name": "Zwolle"},
    "themes": ["energy-transition"],
    "consent": True,
    "provinces": ["Utrecht"],
}


#: Of several, those of which no rule asks more.
PREFERRED = ("guest-lesson", "centre", "done")


class Filling:
    """Fills in bodies by the schemas of one OpenAPI document. `values` go before what would be made up."""

    def __init__(self, document: Schema, values: Mapping[str, Any]) -> None:
        self._document, self._values = document, values

    def of(self, operation: Schema) -> Any | None:
        """A body for an operation with only what it asks; none for one that takes no JSON."""
        content = operation.get("requestBody", {}).get("content", {})
        return self._made(content["application/json"]["schema"]) if "application/json" in content else None

    def _made(self, schema: Schema, name: str = "") -> Any:
        schema = resolved(self._document, schema)
        if name in self._values:
            return self._values[name]
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return next((one for one in PREFERRED if one in schema["enum"]), schema["enum"][0])
        if name in KNOWN:
            return KNOWN[name]
        for choices in ("anyOf", "oneOf"):
            if choices in schema:
                return self._made(next(one for one in schema[choices] if one.get("type") != "null"), name)
        return self._by_type(schema, name)

    def _by_type(self, schema: Schema, name: str) -> Any:
        made: dict[str, Callable[[], Any]] = {
            "object": lambda: self._object(schema),
            "array": lambda: [self._made(schema["items"])] * schema.get("minItems", 0),
            "boolean": lambda: True,
            "integer": lambda: schema.get("minimum", 1),
            "number": lambda: schema.get("minimum", 1.0),
            "string": lambda: _text(schema),
        }
        return made[schema.get("type", "string")]()

    def _object(self, schema: Schema) -> dict[str, Any]:
        one_of_several = {"organisation", "provinces"} & schema.get("properties", {}).keys()  # as their rules ask
        asked = one_of_several.union(schema.get("required", ()))
        return {name: self._made(schema["properties"][name], name) for name in sorted(asked)}


def resolved(document: Schema, schema: Schema) -> Schema:
    """A schema itself, where there is only a reference to it."""
    while "$ref" in schema:
        ref, schema = schema["$ref"], document
        for part in ref.removeprefix("#/").split("/"):
            schema = schema[part]
    return schema


def _text(schema: Schema) -> str:
    if schema.get("format") in ("date", "date-time"):
        day = datetime.now(UTC) + timedelta(days=7)
        return day.date().isoformat() if schema["format"] == "date" else day.isoformat()
    return "Wat iemand hier opschrijft"[: schema.get("maxLength", 100)]
