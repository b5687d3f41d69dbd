"""How often partners asks its database at rest: each time wakes two processes."""

from services.partners.app import service
from tests.counting import counted
from tests.given import eventually, running

PREPARED = ""


async def test_who_looks_for_turns_and_for_doors_asks_once_for_each_look(postgres, nats):
    rest = {"relay_poll_seconds": 3600, "webhook_poll_seconds": 3600}
    async with counted(postgres) as ways, running(service, ways, nats, **rest):

        async def only_looks() -> bool:  # what a start asks may still be among what came last
            return len(ways.asked) >= 12 and set(ways.asked[-12:]) == {PREPARED}

        await eventually(only_looks, within=20, saying="looks that are one statement each")
