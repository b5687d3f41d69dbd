"""A change that a reader of the last release would not survive is found; one that it would survive is let through."""

import copy
import json

import pytest

from contracts.compatibility import breaks, broken
from contracts.export import exported, released
from contracts.export import schema_of as schema_of_type
from contracts.requests import RequestPlaced

OLD = {
    "x-reach": "shared",
    "x-about": "tool_id",
    "type": "object",
    "required": ["tool_id", "kind"],
    "properties": {
        "version": {"type": "integer", "minimum": 1, "default": 1},
        "tool_id": {"type": "string", "title": "Tool Id"},
        "kind": {"$ref": "#/$defs/Kind"},
        "lent_to": {"anyOf": [{"type": "string"}, {"type": "null"}], "default": None},
        "place": {"anyOf": [{"$ref": "#/$defs/Place"}, {"type": "null"}]},
        "tags": {"type": "array", "items": {"$ref": "#/$defs/Kind"}},
        "counts": {"type": "object", "additionalProperties": {"type": "integer"}},
        "code": {"enum": ["near", "far"], "type": "string"},
        "day": {"type": "string", "format": "date"},
    },
    "$defs": {
        "Kind": {"enum": ["hammer", "saw"], "type": "string"},
        "Place": {
            "type": "object",
            "required": ["name"],
            "properties": {"name": {"type": "string"}, "province": {"type": "string"}},
        },
    },
}


def changed(change):
    """The old schema with something done to it."""
    new = copy.deepcopy(OLD)
    change(new, new["properties"], new["$defs"])
    return new


def test_nothing_changed():
    assert breaks(OLD, OLD) == []


@pytest.mark.parametrize(
    "change",
    [
        lambda s, p, d: p.update(colour={"type": "string", "default": ""}),
        lambda s, p, d: p.update(colour={"anyOf": [{"type": "string"}, {"type": "null"}]}),
        lambda s, p, d: d["Place"]["properties"].update(latitude={"type": "number"}),
        lambda s, p, d: p["tool_id"].update(title="Another title", description="What it is about"),
        lambda s, p, d: p["version"].update(default=2),
        lambda s, p, d: (
            d.update(Stuff=d.pop("Kind"))
            or p.update(kind={"$ref": "#/$defs/Stuff"}, tags={"type": "array", "items": {"$ref": "#/$defs/Stuff"}})
        ),
        lambda s, p, d: p.update(place={"anyOf": [{"type": "null"}, {"$ref": "#/$defs/Place"}]}),
    ],
    ids=["a field", "a field that may be empty", "a nested field", "words", "a default", "a name inside", "an order"],
)
def test_what_is_added_or_only_called_otherwise_breaks_nothing(change):
    assert breaks(OLD, changed(change)) == []


BREAKING = {
    "a field is gone": (lambda s, p, d: p.pop("lent_to"), "lent_to is gone"),
    "a field is renamed": (lambda s, p, d: p.update(lender=p.pop("lent_to")), "lent_to is gone"),
    "a nested field is gone": (lambda s, p, d: d["Place"]["properties"].pop("province"), "place.province is gone"),
    "a new field is needed": (
        lambda s, p, d: p.update(colour={"type": "string"}) or s["required"].append("colour"),
        "colour is needed now",
    ),
    "a field becomes needed": (lambda s, p, d: s["required"].append("day"), "day is needed now"),
    "a nested field becomes needed": (
        lambda s, p, d: d["Place"]["required"].append("province"),
        "place.province is needed",
    ),
    "a field is no longer always there": (lambda s, p, d: s["required"].remove("kind"), "kind may be left out now"),
    "another type": (
        lambda s, p, d: p["tool_id"].update(type="integer"),
        "tool_id has type 'integer' and had 'string'",
    ),
    "a number for a whole number": (lambda s, p, d: p["version"].update(type="number"), "version has type"),
    "another format": (lambda s, p, d: p["day"].update(format="date-time"), "day has format 'date-time'"),
    "no format": (lambda s, p, d: p["day"].pop("format"), "day has format None"),
    "a word is gone": (lambda s, p, d: d["Kind"]["enum"].remove("saw"), "kind may not be 'saw' any more"),
    "a word in a list is gone": (lambda s, p, d: d["Kind"]["enum"].remove("saw"), "tags[] may not be 'saw' any more"),
    "a new word": (lambda s, p, d: p["code"]["enum"].append("here"), "code may be 'here', which readers"),
    "words where any text was": (lambda s, p, d: p["tool_id"].update(enum=["a"]), "tool_id has enum ['a']"),
    "may be empty": (
        lambda s, p, d: p.update(day={"anyOf": [p["day"], {"type": "null"}]}),
        "day may be empty now",
    ),
    "may not be empty": (lambda s, p, d: p.update(lent_to={"type": "string"}), "lent_to may not be empty any more"),
    "a narrower number": (lambda s, p, d: p["version"].update(minimum=2), "version has minimum 2"),
    "a wider number": (lambda s, p, d: p["version"].pop("minimum"), "version has minimum None"),
    "a limit": (lambda s, p, d: p["tool_id"].update(maxLength=5), "tool_id has maxLength 5"),
    "a pattern": (lambda s, p, d: p["tool_id"].update(pattern="^a"), "tool_id has pattern"),
    "a list of something else": (lambda s, p, d: p["tags"].update(items={"type": "string"}), "tags[] has enum None"),
    "a list of anything": (lambda s, p, d: p["tags"].pop("items"), "tags has other items"),
    "other values": (
        lambda s, p, d: p["counts"].update(additionalProperties={"type": "string"}),
        "counts{} has type 'string'",
    ),
    "one kind more": (
        lambda s, p, d: p.update(tool_id={"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        "tool_id is one of 2 kinds",
    ),
    "another reach": (lambda s, p, d: s.update({"x-reach": "local"}), "the reach was 'shared' and is 'local'"),
    "about something else": (lambda s, p, d: s.update({"x-about": "kind"}), "the field it is about was 'tool_id'"),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_a_reader_is_named(name):
    change, sentence = BREAKING[name]

    assert [found for found in breaks(OLD, changed(change)) if sentence in found], breaks(OLD, changed(change))


def test_an_event_that_is_gone_or_renamed_is_named():
    assert broken({"lending.tool-lent.v1.json": OLD}, {"lending.tool-given.v1.json": OLD}) == [
        "lending.tool-lent.v1.json: is gone; keep the event, and say a new one beside it"
    ]


def test_a_new_event_breaks_nothing():
    assert broken({}, {"lending.tool-given.v1.json": OLD}) == []


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ('"text"', '"words"', "text is gone"),
        ('"request-placed"', '"request-placed"', None),
        ('"maximum": 4', '"maximum": 6', "mbo_level has maximum 6"),
        ('"internship"', '"traineeship"', "kind may not be 'internship' any more"),
        ('"latitude"', '"lat"', "place.latitude is gone"),
    ],
)
def test_changes_of_a_real_schema_are_found(before, after, sentence):
    text = json.dumps(schema_of_type(RequestPlaced))
    old, new = json.loads(text), json.loads(text.replace(before, after))

    found = breaks(old, new)

    assert found == [] if sentence is None else any(sentence in one for one in found)


def test_today_breaks_no_reader_of_the_last_release():
    today = {name: json.loads(text) for name, text in exported().items()}

    assert broken(released(), today) == []
