"""Whether an answer is just what its route's description says: no field too many, of what is kept beside it."""

from collections.abc import Mapping
from typing import Any

import httpx
from jsonschema import Draft202012Validator

from tests.hostile.calling import Route


def not_as_declared(document: Mapping[str, Any], route: Route, answer: httpx.Response) -> list[str]:
    """What is not as declared of an answer with JSON in it."""
    declared = route.operation.get("responses", {}).get(str(answer.status_code), {}).get("content", {})
    schema = declared.get("application/json", {}).get("schema")
    if not schema or not answer.headers.get("content-type", "").startswith("application/json"):
        return []
    closed = _closed({"components": document["components"], **schema})
    return [error.message for error in Draft202012Validator(closed).iter_errors(answer.json())]


def _closed(schema: Any) -> Any:
    """The same, in which an object has no properties but those that are named."""
    if isinstance(schema, list):
        return [_closed(one) for one in schema]
    if not isinstance(schema, Mapping):
        return schema
    made = {name: _closed(one) for name, one in schema.items()}
    if "properties" in made and made.get("type") == "object":
        made.setdefault("additionalProperties", False)
    return made
