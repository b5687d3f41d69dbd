"""Exports the contracts as files, so that partners depend on schemas and not on our Python: `./odh schemas`."""

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

import contracts
from contracts.event import Envelope, Event, event_types

SCHEMAS = Path(__file__).parent / "schemas"


def import_contracts() -> None:
    """Imports every module of the contracts, so that all event types are known."""
    for module in pkgutil.iter_modules(contracts.__path__, "contracts."):
        importlib.import_module(module.name)


def schema_of(event_type: type[Event]) -> dict[str, Any]:
    """The JSON Schema of an event's data. Unknown fields are allowed: readers skip what they do not know."""
    schema = event_type.model_json_schema(mode="serialization")
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["$id"] = f"https://omdehoek.nl/schemas/{file_name(event_type)}"
    schema["x-reach"] = event_type.reach
    schema["x-about"] = event_type.about
    if personal := sorted(event_type.personal_fields()):
        schema["x-personal"] = personal
    return schema


def file_name(event_type: type[Event]) -> str:
    """Where the schema of an event type is kept."""
    return f"{event_type.wire_name}.v{event_type.wire_version}.json"


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3.0 document: one channel, message and send operation per event type."""
    types = event_types()
    _, envelope = models_json_schema([(Envelope, "serialization")], ref_template="#/components/schemas/{model}")
    channels, operations, messages = {}, {}, {}
    for event_type in types:
        name = event_type.wire_name
        channels[name] = {
            "address": f"odh.{{node}}.{event_type.reach}.{name}.{{entityId}}",
            "description": " ".join((event_type.__doc__ or "").split()),
            "parameters": {
                "node": {"description": "The name of the node where it happened."},
                "entityId": {"description": f"The `{event_type.about}` that the event is about."},
            },
            "messages": {name: {"$ref": f"#/components/messages/{name}"}},
        }
        operations[f"say-{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": f"Said by {event_type.speaker()}.",
        }
        messages[name] = {
            "name": event_type.type_name(),
            "contentType": "application/cloudevents+json",
            "payload": {
                "allOf": [
                    {"$ref": "#/components/schemas/Envelope"},
                    {
                        "type": "object",
                        "properties": {
                            "type": {"const": event_type.type_name()},
                            "data": {"$ref": f"./{file_name(event_type)}"},
                        },
                    },
                ]
            },
        }
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Om de Hoek: events",
            "version": "1.0.0",
            "description": "What the services of a node tell each other over NATS JetStream, as CloudEvents 1.0.",
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": envelope["$defs"]},
    }


def exported() -> dict[str, str]:
    """Every exported file by name, as it should stand."""
    import_contracts()
    documents: dict[str, Any] = {file_name(event_type): schema_of(event_type) for event_type in event_types()}
    documents["asyncapi.json"] = asyncapi()
    return {name: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for name, document in documents.items()}


def main(arguments: list[str] | None = None) -> int:
    """Writes the schemas, or with `--check` says which are stale."""
    files = exported()
    stale = [name for name, text in files.items() if not _stands(name, text)]
    stale += [file.name for file in SCHEMAS.glob("*.json") if file.name not in files]
    if "--check" in (sys.argv[1:] if arguments is None else arguments):
        print("\n".join(f"stale: {name}" for name in stale) or "The schemas are as the contracts are.")
        return 1 if stale else 0
    SCHEMAS.mkdir(exist_ok=True)
    for name, text in files.items():
        (SCHEMAS / name).write_text(text)
    for name in stale:
        if name not in files:
            (SCHEMAS / name).unlink()
    print(f"{len(files)} files in contracts/schemas, {len(stale)} of them changed.")
    return 0


def _stands(name: str, text: str) -> bool:
    file = SCHEMAS / name
    return file.exists() and file.read_text() == text
