"""Exports the contracts as files, so that partners depend on schemas and not on our Python: `./odh schemas`.

`--check` says whether the files are as the contracts are, and whether a reader of the last release still understands
them; `--release` keeps them as those of the last release.
"""

import importlib
import json
import pkgutil
import sys
from pathlib import Path
from typing import Any

from pydantic.json_schema import models_json_schema

import contracts
from contracts.compatibility import broken
from contracts.envelope import Envelope
from contracts.event import Event, ToOneNode, event_types

SCHEMAS = Path(__file__).parent / "schemas"
RELEASED = Path(__file__).parent / "released"


def import_contracts() -> None:
    """Imports every module of the contracts, so that all event types are known."""
    for module in pkgutil.iter_modules(contracts.__path__, "contracts."):
        importlib.import_module(module.name)


def contract_types() -> list[type[Event]]:
    """Every event type of the contracts, by name; a test or a benchmark may have made others."""
    import_contracts()
    return [event_type for event_type in event_types() if event_type.__module__.startswith("contracts.")]


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
    """The AsyncAPI 3.0 document: a channel and a send operation per event, a message per version of it."""
    _, envelope = models_json_schema([(Envelope, "serialization")], ref_template="#/components/schemas/{model}")
    channels: dict[str, Any] = {}
    operations: dict[str, Any] = {}
    messages: dict[str, Any] = {}
    for event_type in contract_types():
        name, message = event_type.wire_name, file_name(event_type).removesuffix(".json")
        channels.setdefault(name, _channel(event_type))
        channels[name]["messages"][message] = {"$ref": f"#/components/messages/{message}"}
        operations[f"say-{name}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{name}"},
            "summary": f"Said by {event_type.speaker()}.",
        }
        messages[message] = _message(event_type)
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


def _channel(event_type: type[Event]) -> dict[str, Any]:
    is_for_partner = event_type.reach == "to-partner"
    reach = f"{event_type.reach}.{{partner}}" if is_for_partner else event_type.reach
    if is_to_one := issubclass(event_type, ToOneNode):
        reach = "to.{otherNode}"
    return {
        "address": f"odh.{{node}}.{reach}.{event_type.wire_name}.{{entityId}}",
        "description": " ".join((event_type.__doc__ or "").split()),
        "parameters": {
            "node": {"description": "The name of the node where it happened."},
            **({"partner": {"description": "The name of the partner that it is for."}} if is_for_partner else {}),
            **({"otherNode": {"description": "The name of the node that it is said to."}} if is_to_one else {}),
            "entityId": {"description": f"The `{event_type.about}` that the event is about."},
        },
        "messages": {},
    }


def _message(event_type: type[Event]) -> dict[str, Any]:
    own = {"type": {"const": event_type.type_name()}, "data": {"$ref": f"./{file_name(event_type)}"}}
    return {
        "name": event_type.type_name(),
        "contentType": "application/cloudevents+json",
        "payload": {
            "allOf": [{"$ref": "#/components/schemas/Envelope"}, {"type": "object", "properties": own}],
        },
    }


def exported() -> dict[str, str]:
    """Every exported file by name, as it should stand."""
    documents: dict[str, Any] = {file_name(event_type): schema_of(event_type) for event_type in contract_types()}
    documents["asyncapi.json"] = asyncapi()
    return {name: json.dumps(document, indent=2, ensure_ascii=False) + "\n" for name, document in documents.items()}


def released() -> dict[str, Any]:
    """The schemas of the last release, by the names of their files."""
    return {file.name: json.loads(file.read_text()) for file in sorted(RELEASED.glob("*.json"))}


def main(arguments: list[str] | None = None) -> int:
    """Writes the schemas; or with `--check` says what is stale or broken, or with `--release` keeps them."""
    asked = sys.argv[1:] if arguments is None else arguments
    files = exported()
    stale = [name for name, text in files.items() if not _stands(SCHEMAS / name, text)]
    stale += [file.name for file in SCHEMAS.glob("*.json") if file.name not in files]
    breaks = broken(released(), {name: json.loads(text) for name, text in files.items()})
    if "--check" in asked:
        print("\n".join([f"stale: {name}" for name in stale] + breaks) or "The schemas are as the contracts are.")
        return 1 if stale or breaks else 0
    _write(SCHEMAS, files)
    print(f"{len(files)} files in contracts/schemas, {len(stale)} of them changed.")
    if "--release" in asked:
        _write(RELEASED, {name: text for name, text in files.items() if name != "asyncapi.json"})
        print("\n".join([*breaks, "contracts/released holds them as those of the last release."]))
    return 0


def _write(folder: Path, files: dict[str, str]) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    for file in folder.glob("*.json"):
        if file.name not in files:
            file.unlink()


def _stands(file: Path, text: str) -> bool:
    return file.exists() and file.read_text() == text
