"""A node is upgraded while it runs: the streams hold what the last release said, and for a while both say and hear.

What was said by the last release, and what a later one may say (a field more), goes through today's services.
"""

import importlib
import json
from typing import Any

import pytest

from chassis.router import EventRouter
from contracts.event import event_types, new_id
from node import ROOT, SERVICES
from tests.contracts.make_examples import EXAMPLES
from tests.gateway.conftest import make_keys
from tests.given import Running, running

RELEASED = sorted(file.stem for file in (ROOT / "contracts" / "released").glob("*.v*.json"))

#: Its example is sealed to the key of no node, and what cannot be opened becomes a dead letter.
SEALED_TO_NOBODY = ".members.contact-sealed."

every_service = pytest.mark.parametrize("name", SERVICES)


def examples(router: EventRouter, *, elsewhere: bool) -> list[tuple[str, str, dict[str, Any]]]:
    """Each released event that a service hears: its reach, its wire name, and the event as it was first said."""
    heard = {hearing.event_type.wire_name for hearing in router.hearings if hearing.elsewhere is elsewhere}
    reach = {event_type.wire_name: event_type.reach for event_type in event_types()}
    found = []
    for released in RELEASED:
        wire_name = released.rpartition(".v")[0]
        if wire_name in heard:
            for size in ("fullest", "smallest"):
                told = json.loads((EXAMPLES / f"{released}.{size}.json").read_text())
                found.append((reach[wire_name], wire_name, told))
    return found


async def publish(started: Running, reach: str, wire_name: str, told: dict[str, Any], *, elsewhere: bool) -> None:
    """As it lies in the stream of a node that has run for a while; who said it elsewhere is who the example names."""
    here = f"odh.{started.service.settings.node}."
    whose = f"{here}elsewhere.{told['source'].split(':')[3]}." if elsewhere else here
    body = json.dumps(told | {"id": new_id()}).encode()
    subject = f"{whose}{reach}.{wire_name}.{told['subject']}"
    await started.service.streams.js.publish(subject, body, headers={"Nats-Msg-Id": new_id()})


@every_service
async def test_what_the_last_release_said_and_the_next_may_say_is_heard(postgres, nats, tmp_path, name):
    """Each event as it was released, and with a field that today's code does not know."""
    module = importlib.import_module(f"services.{name}.app")
    keys = make_keys(tmp_path)
    own = {
        "matching": {"embedding_model": "none"},
        "gateway": {"identity_private_key_file": keys.private_file, "identity_public_keys_file": keys.public_file},
    }
    async with running(module.service, postgres, nats, **own.get(name, {})) as started:
        router = importlib.import_module(f"services.{name}.handlers").router
        assert examples(router, elsewhere=False)

        for elsewhere in (False, True):
            for reach, wire_name, told in examples(router, elsewhere=elsewhere):
                await publish(started, reach, wire_name, told, elsewhere=elsewhere)
                later = told | {"data": told["data"] | {"said_by_a_later_release": {"of": ["any", "kind"]}}}
                await publish(started, reach, wire_name, later, elsewhere=elsewhere)
        await started.quiet()

        reasons = [(one.headers["Odh-Subject"], one.headers["Odh-Reason"]) for one in await started.dead_letters()]
        assert [one for one in reasons if SEALED_TO_NOBODY not in one[0]] == []


def test_every_released_event_is_shown_as_it_was_said():
    for released in RELEASED:
        assert (EXAMPLES / f"{released}.smallest.json").exists(), released
