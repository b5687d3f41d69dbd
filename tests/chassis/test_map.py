"""Who says and who hears each event, as docs/events.md and `./odh events` have it."""

import pytest

from chassis.map import events_page, hears, says
from contracts.export import contract_types

OF_EARLIER_RELEASES = {
    "requests.offer-expiry-due",
    "requests.request-expiry-due",
    "matching.reminder-due",
    "matching.patience-ended",
    "matching.answer-awaited",
}


@pytest.fixture(scope="module")
def said():
    return says()


def test_every_event_is_said_somewhere_but_those_of_earlier_releases(said):
    unsaid = {
        event_type.wire_name
        for event_type in contract_types()
        if not said.get(f"{event_type.__module__}.{event_type.__name__}")
    }
    assert unsaid == OF_EARLIER_RELEASES


def test_a_handler_is_not_taken_for_who_says_what_it_hears(said):
    heard = hears()
    for event_type in contract_types():
        places = said.get(f"{event_type.__module__}.{event_type.__name__}", set())
        assert not {f"{service}/handlers.py:{handler}" for service, handler, _ in heard[event_type]} & places


def test_an_event_of_the_chassis_is_said_by_the_chassis_and_one_that_an_operator_says_by_the_command(said):
    assert said["contracts.deeds.DeedDone"] == {"chassis/deeds.py:note_deed"}
    assert "chassis/outcomes.py:_reject" in said["contracts.event.EventRejected"]
    assert said["contracts.members.NodeRestored"] == {"node/links/restored.py:tell"}


def test_the_type_of_a_field_is_told_whole_and_only_what_may_be_left_empty_may_be_nothing():
    page = events_page()
    assert "| `other_networks` | list of text | " in page
    assert "| `role` | `Role` or `operator` | " in page
    assert "| `title` | text, or nothing | " in page
