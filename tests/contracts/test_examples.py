"""Every event as it was first said, at its fullest and at its smallest: today's code must still read it.

The files in `examples/` are never edited. `python -m tests.contracts.make_examples` adds those of new events.
"""

import json

import pytest

from contracts.envelope import decode, encode
from contracts.export import contract_types, schema_of
from contracts.matching import MatchEndorsed
from contracts.members import MemberErased
from tests.contracts.make_examples import EXAMPLES, SIZES, path_of

KEPT = sorted(EXAMPLES.glob("*.json"))
TYPES = contract_types()


@pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.type_name())
def test_every_event_has_both_examples(event_type):
    missing = [path_of(event_type, size).name for size in SIZES if not path_of(event_type, size).exists()]

    assert not missing, "run `python -m tests.contracts.make_examples`"


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_what_was_said_is_still_read(file):
    kept = json.loads(file.read_text())

    envelope, event = decode(file.read_bytes())

    assert event.type_name() == envelope.type == kept["type"]
    assert event.entity_id == envelope.subject == kept["subject"]
    assert holds(event.model_dump(mode="json"), kept["data"]), "something that was said is read as something else"


@pytest.mark.parametrize("file", KEPT, ids=lambda file: file.stem)
def test_who_expects_a_type_reads_the_same_as_who_does_not(file):
    body = file.read_bytes()
    envelope, event = decode(body)

    for expected in (type(event), MemberErased, MatchEndorsed):
        told, same = decode(body, expected)

        assert same == event
        assert type(same) is type(event)
        assert told.model_dump(exclude={"data"}) == envelope.model_dump(exclude={"data"})


def holds(whole, part):
    """Whether all of a part is in the whole, which may have more."""
    if isinstance(part, dict):
        return all(name in whole and holds(whole[name], inner) for name, inner in part.items())
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(holds, whole, part))
    return whole == part


@pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.type_name())
def test_the_fullest_example_is_said_the_same_today(event_type):
    kept = json.loads(path_of(event_type, "fullest").read_text())
    envelope, event = decode(path_of(event_type, "fullest").read_bytes())

    said = encode(event, event_id=envelope.id, node="utrecht", time=envelope.time, traceparent=envelope.traceparent)

    assert holds(json.loads(said), kept)


@pytest.mark.parametrize("event_type", TYPES, ids=lambda event_type: event_type.type_name())
def test_the_examples_show_all_that_there_is(event_type):
    """The fullest has every field of the schema as it was, the smallest only those that it cannot do without."""
    schema = schema_of(event_type)
    fullest, smallest = (json.loads(path_of(event_type, size).read_text())["data"] for size in SIZES)

    assert set(smallest) == set(schema.get("required", []))
    assert set(fullest) >= set(smallest)


def test_no_example_is_left_of_an_event_that_is_gone():
    known = {path_of(event_type, size).name for event_type in TYPES for size in SIZES}

    assert {file.name for file in KEPT} <= known, "keep the event, and say a new one beside it"
