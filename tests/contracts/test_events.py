"""What every event must be: a CloudEvent by the NL GOV profile, on a subject of its own, with its reach kept."""

import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as any_
from pydantic import BaseModel, ValidationError

from contracts.envelope import decode, encode
from contracts.erasing import OfErasure
from contracts.event import PERSONAL, Event, UnknownEvent, is_subject_token, new_id
from contracts.export import contract_types
from contracts.members import MemberErased, Place
from tests.contracts.make_examples import made

TYPES = contract_types()
NAMES = [event_type.type_name() for event_type in TYPES]
NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)

#: Files that have a part of what another service says, by a subject of its own.
SPOKEN_BY = {
    "desk": ("matching",),
    "meetings": ("requests",),
    "expiry": ("requests",),
    "taking_down": ("requests",),
    "welcoming": ("members",),
    "former_timers": ("matching", "requests"),
}

every_event = pytest.mark.parametrize("event_type", TYPES, ids=NAMES)


def said(event, **changes):
    """The envelope of an event on the wire."""
    values = {"event_id": new_id(), "node": "utrecht", "time": NOW, "traceparent": None} | changes
    return json.loads(encode(event, **values))


@every_event
def test_an_event_is_a_cloudevent_by_the_nl_gov_profile(event_type):
    event = made(event_type, full=True)

    envelope = said(event)

    assert envelope["specversion"] == "1.0"
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", envelope["id"])
    assert re.fullmatch(r"urn:nld:omdehoek:utrecht:systeem:[a-z]+", envelope["source"])
    assert re.fullmatch(r"nl\.omdehoek\.[a-z]+\.[a-z]+(-[a-z]+)*\.v[1-9][0-9]*", envelope["type"])
    assert envelope["subject"] == event.entity_id
    assert envelope["time"] == "2026-11-24T09:30:00Z"
    assert envelope["datacontenttype"] == "application/json"
    assert all(re.fullmatch(r"[a-z0-9]{1,20}", name) for name in envelope), "names of attributes"
    assert set(envelope) - {"data"} <= {
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "sequence", "traceparent"),
    }


@every_event
def test_an_event_has_a_place_on_the_wire(event_type):
    event = made(event_type, full=True)

    subject = event.subject("utrecht")

    reach = f"to-partner.{event.partner_id}" if event_type.reach == "to-partner" else event_type.reach
    assert subject == f"odh.utrecht.{reach}.{event_type.wire_name}.{event.entity_id}"
    file = event_type.__module__.removeprefix("contracts.")
    assert event_type.speaker() in (*SPOKEN_BY.get(file, (file,)), "chassis")
    heard = subject.replace(f".{reach}.", f".{event_type.reach}.*.") if "to-partner" in reach else subject
    assert event_type.filter_subject("utrecht") == heard.rpartition(".")[0] + ".*"
    assert event_type.about in event_type.model_fields


@every_event
def test_an_event_says_what_it_means(event_type):
    assert len((event_type.__doc__ or "").split()) > 2


def test_whatever_is_said_of_an_erasure_is_not_given_up():
    named = {one for one in TYPES if re.search("erased|forgotten|forget", one.wire_name)}

    assert {one for one in TYPES if issubclass(one, OfErasure)} == named


def test_no_two_events_share_a_name_or_a_subject():
    assert len(set(NAMES)) == len(NAMES)
    assert not [name for name, times in Counter((t.wire_name, t.wire_version) for t in TYPES).items() if times > 1]


def test_versions_of_an_event_keep_its_subject():
    reaches = {(event_type.wire_name, event_type.reach, event_type.about) for event_type in TYPES}

    assert len(reaches) == len({event_type.wire_name for event_type in TYPES})


def test_two_events_with_one_name_are_refused():
    with pytest.raises(TypeError, match="two events are called"):

        class Again(Event, wire_name="members.member-erased", about="member_id"):
            """Somebody else's name."""

            member_id: str


@every_event
def test_what_may_leave_the_node_holds_no_personal_data(event_type):
    assert event_type.reach == "local" or not event_type.personal_fields()


#: Names of fields that tell who somebody is or how to reach them. `name` is a person's but in these.
_TELLING = re.compile(r"(^|_)(email|phone|mobile|address|street|postcode|birth|gender|bsn|token|password|surname)(_|$)")
_NAMES_OF_THINGS = {"OrganisationRegistered", "OrganisationChanged", "OrganisationTold", "Place"}


def telling_fields(model, prefix=""):
    """The fields of an event, nested ones too, whose name says that they are personal."""
    for name, field in model.model_fields.items():
        if _TELLING.search(name) or (name in ("name", "full_name") and model.__name__ not in _NAMES_OF_THINGS):
            yield prefix + name
        for part in models_in(field.annotation):
            yield from telling_fields(part, f"{prefix}{name}.")


def models_in(annotation):
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_in(part)


@every_event
def test_a_field_that_tells_who_somebody_is_is_marked(event_type):
    assert set(telling_fields(event_type)) <= event_type.personal_fields()


def test_what_lets_somebody_in_is_not_kept():
    for event_type in TYPES:
        if "token" in event_type.model_fields:
            assert event_type.kept_seconds is not None, event_type
            assert event_type.kept_seconds <= 3600


def test_a_personal_field_is_found_however_deep_it_is():
    class Person(BaseModel):
        name: Annotated[str, PERSONAL]

    class Group(BaseModel):
        people: tuple[Person, ...]

    class Told(Event, wire_name="examples.told", about="told_id"):
        """Somebody was told."""

        told_id: str
        group: Group | None = None
        by_role: dict[str, Person]

    assert Told.personal_fields() == {"group.people.name", "by_role.name"}


def test_a_personal_mark_in_the_wrong_place_is_refused():
    class Marked(Event, wire_name="examples.marked", about="marked_id"):
        """The mark belongs to the field, not to a part of its type."""

        marked_id: str
        names: tuple[Annotated[str, PERSONAL], ...] = ()

    with pytest.raises(TypeError, match="mark the field itself"):
        Marked.personal_fields()


@given(any_.text(max_size=140))
def test_whatever_id_an_event_is_about_its_subject_has_one_token_for_it(text):
    try:
        event = MemberErased(member_id=text)
    except ValidationError:
        assert not is_subject_token(text)
        return
    subject = event.subject("utrecht")
    assert subject.count(".") == 5
    assert not set("*> \t\r\n") & set(subject)
    assert subject.isascii()


@pytest.mark.parametrize("text", ["", "a.b", "*", ">", "a b", "a\n", "\u00e9", "a" * 129, "a\x00", "a/b", "$SYS"])
def test_an_id_that_would_widen_a_subject_is_refused(text):
    with pytest.raises(ValidationError):
        MemberErased(member_id=text)


@given(any_.integers(min_value=1, max_value=2**31 - 1), any_.integers(min_value=1, max_value=2**31 - 1))
def test_sequences_sort_as_versions_do(one, other):
    first, second = (said(MemberErased(member_id="a", version=version))["sequence"] for version in (one, other))

    assert (first < second) == (one < other)


@given(any_.integers(min_value=-12, max_value=14), any_.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1)))  # noqa: DTZ001  hypothesis wants them so
def test_the_time_is_told_in_utc(hours, moment):
    local = moment.replace(tzinfo=timezone(timedelta(hours=hours)))

    envelope = said(MemberErased(member_id="a"), time=local)

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", envelope["time"])
    assert datetime.fromisoformat(envelope["time"]) == local


@given(any_.binary(max_size=300), any_.sampled_from([None, MemberErased]))
def test_whatever_comes_in_is_an_event_or_refused_in_one_of_two_ways(body, expected):
    try:
        decode(body, expected)
    except (ValidationError, UnknownEvent):
        return


def test_an_event_of_a_type_that_is_not_known_is_told_apart():
    body = encode(MemberErased(member_id="a"), event_id="1", node="n", time=NOW, traceparent=None)

    for expected in (None, MemberErased):
        with pytest.raises(UnknownEvent, match=r"nl\.omdehoek\.members\.member-erased\.v7"):
            decode(body.replace(b".v1", b".v7"), expected)


def test_an_event_that_says_more_than_is_known_here_is_read():
    body = encode(MemberErased(member_id="a"), event_id="1", node="n", time=NOW, traceparent=None)

    _, event = decode(body.replace(b'"member_id"', b'"mood":"sad","member_id"').replace(b'"id"', b'"extra":1,"id"'))

    assert event == MemberErased(member_id="a")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_no_event_holds_what_is_not_a_number(number):
    with pytest.raises(ValidationError):
        Place(name="Zeist", province="Utrecht", latitude=number, longitude=5.0)


def test_every_model_of_the_contracts_refuses_what_is_not_a_number():
    """A nested model does not inherit it."""
    fields = [field for event_type in TYPES for field in event_type.model_fields.values()]
    models = {part for field in fields for part in models_in(field.annotation)}
    floats = [model for model in [*models, *TYPES] if any(f.annotation is float for f in model.model_fields.values())]

    assert floats
    assert all(model.model_config.get("allow_inf_nan") is False for model in floats)


def test_ids_are_unguessable_and_sort_by_time():
    ids = [new_id() for _ in range(2000)]

    assert ids == sorted(ids)
    assert len({identity[-12:] for identity in ids}) == len(ids)


def test_an_older_version_is_not_lifted_unless_the_newer_one_says_how():
    with pytest.raises(UnknownEvent):
        MemberErased.lifted(made(TYPES[0], full=False))
