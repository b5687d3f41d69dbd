"""The exported files are as the contracts are, and mean to others what they mean to us."""

import ast
import json
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from contracts import export
from contracts.envelope import decode
from contracts.event import ToOneNode
from contracts.export import RELEASED, SCHEMAS, asyncapi, contract_types, exported, file_name, schema_of
from tests.contracts.make_examples import SIZES, path_of

TYPES = contract_types()
_FUNCTIONS = ast.FunctionDef | ast.AsyncFunctionDef
every_event = pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.type_name())


def test_the_files_are_not_stale():
    stands = {file.name: file.read_text() for file in SCHEMAS.glob("*.json")}

    assert stands == exported(), "run `./odh schemas`"


@every_event
def test_a_schema_is_one_and_holds_the_examples(event_type):
    schema = schema_of(event_type)
    Draft202012Validator.check_schema(schema)

    for size in SIZES:
        data = json.loads(path_of(event_type, size).read_text())["data"]
        assert list(Draft202012Validator(schema).iter_errors(data)) == []


@every_event
def test_a_schema_tells_what_an_event_may_reach_and_whom_it_tells_of(event_type):
    schema = schema_of(event_type)

    assert schema["x-reach"] == event_type.reach
    assert schema["x-about"] in schema["properties"]
    assert set(schema.get("x-personal", [])) == event_type.personal_fields()
    assert schema["description"]


def said_to_one_node() -> set[str]:
    """The classes of what the services say with a `to`, read from their source."""
    found = set()
    for file in (Path(__file__).parents[2] / "services").rglob("*.py"):
        functions = [one for one in ast.walk(ast.parse(file.read_text())) if isinstance(one, _FUNCTIONS)]
        made_by = {one.name: ast.unparse(one.returns) for one in functions if one.returns}
        for inside in (list(ast.walk(one)) for one in functions):
            kept = {ast.unparse(one.targets[0]): one.value for one in inside if isinstance(one, ast.Assign)}
            calls = [one for one in inside if isinstance(one, ast.Call) and ast.unparse(one.func) == "say"]
            for call in (one for one in calls if "to" in [told.arg for told in one.keywords]):
                what = kept.get(ast.unparse(call.args[1]), call.args[1])
                name = ast.unparse(what.func).removesuffix(".model_validate")
                one_of = {ast.unparse(given) for given in what.args} & {one.__name__ for one in TYPES}
                found |= one_of or {made_by.get(name, name)}
    return found


#: What everybody hears, and one node again when it was put back from a backup.
SAID_AGAIN = {"RequestChanged", "OfferChanged"}


def test_what_is_said_with_a_to_is_known_as_said_to_one_node():
    known = {event_type.__name__ for event_type in TYPES if issubclass(event_type, ToOneNode)}

    assert said_to_one_node() == known | SAID_AGAIN


#: AsyncAPI 3.0 as far as we use it, written after its specification; the rest is refused.
ASYNCAPI = {
    "type": "object",
    "required": ["asyncapi", "info"],
    "additionalProperties": False,
    "properties": {
        "asyncapi": {"const": "3.0.0"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "additionalProperties": False,
            "properties": {name: {"type": "string"} for name in ("title", "version", "description")},
        },
        "defaultContentType": {"type": "string"},
        "channels": {"type": "object", "additionalProperties": {"$ref": "#/$defs/channel"}},
        "operations": {"type": "object", "additionalProperties": {"$ref": "#/$defs/operation"}},
        "components": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "messages": {"$ref": "#/$defs/named", "additionalProperties": {"$ref": "#/$defs/message"}},
                "schemas": {"$ref": "#/$defs/named"},
            },
        },
    },
    "$defs": {
        "named": {"type": "object", "propertyNames": {"pattern": r"^[a-zA-Z0-9._-]+$"}},
        "reference": {
            "type": "object",
            "required": ["$ref"],
            "additionalProperties": False,
            "properties": {"$ref": {"type": "string"}},
        },
        "channel": {
            "type": "object",
            "required": ["address", "messages"],
            "additionalProperties": False,
            "properties": {
                "address": {"type": "string", "pattern": r"^[^?#\s]+$"},
                "description": {"type": "string"},
                "messages": {"type": "object", "additionalProperties": {"$ref": "#/$defs/reference"}},
                "parameters": {
                    "type": "object",
                    "propertyNames": {"pattern": r"^[A-Za-z0-9_-]+$"},
                    "additionalProperties": {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"description": {"type": "string"}},
                    },
                },
            },
        },
        "operation": {
            "type": "object",
            "required": ["action", "channel"],
            "additionalProperties": False,
            "properties": {
                "action": {"enum": ["send", "receive"]},
                "channel": {"$ref": "#/$defs/reference"},
                "summary": {"type": "string"},
            },
        },
        "message": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "name": {"type": "string"},
                "contentType": {"type": "string"},
                "payload": {"type": "object"},
            },
        },
    },
}


def test_the_asyncapi_document_is_one():
    Draft202012Validator.check_schema(ASYNCAPI)

    assert [error.message for error in Draft202012Validator(ASYNCAPI).iter_errors(asyncapi())] == []


def references(part):
    """Every reference in a document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part["$ref"]
        for inner in part.values():
            yield from references(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from references(inner)


def test_what_the_asyncapi_document_points_at_is_there():
    document = asyncapi()
    pointed = set(references(document))

    for reference in pointed:
        if reference.startswith("./"):
            assert (SCHEMAS / reference).exists(), reference
            continue
        found = document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
    assert {file_name(event_type) for event_type in TYPES} == {r.removeprefix("./") for r in pointed if r[0] == "."}


def test_every_event_has_its_channel_and_every_parameter_is_in_its_address():
    channels = asyncapi()["channels"]

    assert set(channels) == {event_type.wire_name for event_type in TYPES}
    for channel in channels.values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == set(channel["parameters"])
    addresses = [channel["address"] for channel in channels.values()]
    assert len(set(addresses)) == len(addresses)


@every_event
def test_the_channel_of_an_event_is_where_it_is_said(event_type):
    _, event = decode(path_of(event_type, "smallest").read_bytes())
    to = "zeeland" if issubclass(event_type, ToOneNode) else None

    told = {"node": "utrecht", "otherNode": to, "partner": getattr(event, "partner_id", None)}
    address = asyncapi()["channels"][event_type.wire_name]["address"]

    assert address.format(**told, entityId=event.entity_id) == event.subject("utrecht", to)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """The command writes here, and not in the repository."""
    monkeypatch.setattr(export, "SCHEMAS", tmp_path / "schemas")
    monkeypatch.setattr(export, "RELEASED", tmp_path / "released")
    return tmp_path


def test_the_command_writes_what_is_missing_and_takes_away_what_is_gone(elsewhere, capsys):
    assert export.main(["--check"]) == 1

    assert export.main([]) == 0
    (elsewhere / "schemas" / "members.member-vanished.v1.json").write_text("{}")
    assert export.main(["--check"]) == 1
    assert "stale: members.member-vanished.v1.json" in capsys.readouterr().out

    assert export.main([]) == 0
    assert export.main(["--check"]) == 0
    assert {file.name for file in (elsewhere / "schemas").glob("*")} == set(exported())


def test_a_release_keeps_the_schemas_to_compare_with(elsewhere, capsys):
    assert export.main(["--release"]) == 0
    kept = elsewhere / "released" / "members.member-erased.v1.json"
    kept.write_text(kept.read_text().replace('"member_id"', '"person_id"'))

    assert export.main(["--check"]) == 1

    assert "members.member-erased.v1.json: person_id is gone" in capsys.readouterr().out


def test_every_event_that_is_said_is_held_to_what_it_was():
    """A node runs what stands here, so an event is released with the commit that it comes with."""
    held = {file.name for file in RELEASED.glob("*.json")}

    assert held == {file_name(event_type) for event_type in contract_types()}, "./odh schemas --release"
