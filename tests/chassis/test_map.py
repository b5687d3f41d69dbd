"""Who says and who hears each event, as docs/events.md and `./odh events` have it."""

from chassis.map import hears, says
from contracts.export import contract_types

OF_EARLIER_RELEASES = {"requests.offer-expiry-due", "requests.request-expiry-due"}


def test_every_event_is_said_somewhere_but_those_of_earlier_releases() -> None:
    said = says()
    unsaid = {
        event_type.wire_name
        for event_type in contract_types()
        if not said.get(f"{event_type.__module__}.{event_type.__name__}")
    }
    assert unsaid == OF_EARLIER_RELEASES


def test_who_says_an_event_is_a_place_that_exists_and_is_no_handler_that_only_hears_it() -> None:
    said, heard = says(), hears()
    for event_type in contract_types():
        places = said.get(f"{event_type.__module__}.{event_type.__name__}", set())
        assert not {f"{service}/handlers.py:{handler}" for service, handler, _ in heard[event_type]} & places


def test_an_event_of_the_chassis_is_said_by_the_chassis_and_one_that_an_operator_says_by_the_command() -> None:
    said = says()
    assert said["contracts.deeds.DeedDone"] == {"chassis/deeds.py:note_deed"}
    assert "chassis/outcomes.py:_reject" in said["contracts.event.EventRejected"]
    assert said["contracts.members.NodeRestored"] == {"node/links/restored.py:tell"}
