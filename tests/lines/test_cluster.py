"""A hub of three NATS servers: any of them may die, or lose its disk, and nobody who asks or hears notices it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.given import eventually
from tests.lines.cluster import Hub
from tests.lines.country import Country, ids, placed

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]


@pytest.fixture
async def country(tmp_path: Path) -> AsyncIterator[Country]:
    """A hub of three servers, and Zeeland."""
    country = Country(tmp_path, Hub)
    await country.hub.start()
    await country.region("zeeland")
    yield country
    await country.stop()


async def test_any_server_may_die_or_lose_its_disk_and_everything_still_comes_once(country):
    hub, zeeland = country.hub, country.regions["zeeland"]
    told = ids(5)
    await zeeland.says(*(said := ids(20)))
    await hub.hears(*placed(zeeland, *said))

    # The server that Zeeland's line is at dies; meanwhile Drenthe is let in, which that server does not hear of.
    lost = await hub.line_of("zeeland")
    lost.kill()
    drenthe = await country.region("drenthe")
    for region in (zeeland, drenthe):
        await region.says(*said[:10], *(more := ids(10)))  # some for the second time, by a relay that heard no answer
        said += more if region is zeeland else []
    heard = [*placed(zeeland, *said), *placed(drenthe, *said[:10], *more)]
    await hub.hears(*heard)

    # It comes back with an empty disk, as a new machine, and gets all that the other two have; then one of those dies.
    hub.lose_disk(lost)
    await lost.start()
    await eventually(hub.is_whole, saying="a server that has everything again")
    dead = await hub.leader("elsewhere")
    if dead is lost:
        dead = next(one for one in hub.server.each if one is not lost)
    dead.kill()
    await hub.says(*told, to="zeeland", wire="matching.match-proposed")
    await drenthe.says(*(more := ids(10)))
    await hub.hears(*heard, *placed(drenthe, *more))
    await zeeland.hears(*(f"odh.national.to.zeeland.matching.match-proposed.{id}" for id in told))

    # Who is left out is left out by all.
    hub.register.remove("drenthe")
    await hub.has_taken_up()
    await dead.start()
    await drenthe.says(*ids(5))
    await zeeland.says(*(last := ids(5)))
    await hub.hears(*heard, *placed(drenthe, *more), *placed(zeeland, *last))
