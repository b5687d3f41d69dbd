"""What is said in one node comes to another that it concerns, once and in order, whatever happens to the line."""

import asyncio
from contextlib import suppress

import pytest

from node.keeping import streams
from node.links import lag
from tests.faults.proxy import Line
from tests.given import eventually
from tests.lines.country import Country, Place, ids, placed

pytestmark = pytest.mark.timeout(120)


class Ledger:
    """What was said so far, and so must be heard at the hub."""

    def __init__(self) -> None:
        self.said: list[str] = []

    async def says(self, place: Place, count: int) -> None:
        some = ids(count)
        await place.says(*some)
        self.said += placed(place, *some)


@pytest.fixture(scope="module")
def ledger() -> Ledger:
    return Ledger()


@pytest.fixture
def places(country: Country) -> tuple[Place, Place, Place]:
    return country.hub, country.regions["drenthe"], country.regions["zeeland"]


async def test_what_a_region_shares_comes_to_the_nation_and_to_no_other_region(places, ledger):
    hub, drenthe, zeeland = places

    await ledger.says(drenthe, 20)
    await ledger.says(zeeland, 10)

    await hub.hears(*ledger.said)
    assert [subject for subject in await hub.heard() if ".drenthe." in subject] == ledger.said[:20]  # in their order
    assert await zeeland.heard() == []


async def test_a_region_hears_what_concerns_every_region_and_what_is_said_to_it(places, ledger):
    hub, drenthe, zeeland = places

    await hub.says("o1", wire="requests.offer-placed")
    await hub.says("m1", wire="matching.match-proposed")
    await hub.says("m2", wire="matching.match-proposed", to="drenthe")
    await zeeland.says("m3", wire="matching.answer-given", to="drenthe")
    ledger.said.append("odh.zeeland.to.drenthe.matching.answer-given.m3")

    offer = "odh.national.shared.requests.offer-placed.o1"
    told = ["odh.national.to.drenthe.matching.match-proposed.m2", "odh.zeeland.to.drenthe.matching.answer-given.m3"]
    await drenthe.hears(offer, *told)
    await zeeland.hears(offer)
    await hub.hears(*ledger.said)


async def test_a_hub_that_is_killed_stops_nobody_and_has_everything_within_seconds(places, ledger):
    hub, drenthe, zeeland = places

    for _ in range(2):
        hub.server.kill()
        await ledger.says(drenthe, 50)
        await hub.server.start()
        await ledger.says(zeeland, 50)

    await hub.hears(*ledger.said)


async def test_a_region_that_is_away_misses_nothing(places, ledger):
    hub, drenthe, zeeland = places
    before = await drenthe.heard()

    drenthe.server.kill()
    await hub.says("o2", wire="requests.offer-placed")
    await ledger.says(zeeland, 10)
    await hub.hears(*ledger.said)
    await drenthe.server.start()
    await ledger.says(drenthe, 10)

    await drenthe.hears(*before, "odh.national.shared.requests.offer-placed.o2")
    await hub.hears(*ledger.said)


async def test_both_ends_tell_what_is_behind(places):
    hub, drenthe, zeeland = places

    async def all_is_well() -> bool:
        found = await lag.of(hub.register, hub.server.url) + await lag.of(drenthe.register, drenthe.server.url)
        return [(one.name, one.is_heard, one.to_come, one.to_go) for one in found] == [
            ("drenthe", True, 0, 0),
            ("zeeland", True, 0, 0),
            ("national", True, 0, 0),
        ]

    await eventually(all_is_well, saying="lines without anything behind")
    zeeland.server.kill()

    async def one_is_away() -> bool:
        await hub.says("o3", wire="requests.offer-placed")
        found = {one.name: one for one in await lag.of(hub.register, hub.server.url)}
        return not found["zeeland"].is_heard and found["zeeland"].to_go > 0 and found["drenthe"].is_heard

    await eventually(one_is_away, saying="a region that is away, and what waits for it")
    await zeeland.server.start()


@pytest.mark.long
@pytest.mark.parametrize("who", ["region", "hub"])
async def test_a_node_put_back_to_what_it_was_loses_nothing_of_what_is_said_later(another_country, who):
    """The streams of the other side have numbers that are now given out a second time."""
    hub = another_country.hub
    await hub.start()
    region = await another_country.region("zeeland")
    put_back, other = (region, hub) if who == "region" else (hub, region)
    wire = "requests.offer-placed"
    first, lost, later = ids(30), ids(30), ids(10)
    up, down = ids(5), ids(5)

    await put_back.says(*first, wire=wire)
    await eventually_heard(other, put_back, first)
    await put_back.stop()
    put_back.keep()
    await put_back.start()
    await put_back.says(*lost, wire=wire)
    await other.says(*up, wire=wire)
    await eventually_heard(other, put_back, lost)
    await eventually_heard(put_back, other, up)
    await put_back.stop()
    put_back.put_back()
    await put_back.start()
    await put_back.says(*later, wire=wire)
    await other.says(*down, wire=wire)

    await eventually_heard(other, put_back, first + lost + later)
    await eventually_heard(put_back, other, up + down)
    await put_back.says(*(again := ids(3)), wire=wire)
    await eventually_heard(other, put_back, again)


@pytest.mark.long
@pytest.mark.parametrize("who", ["region", "hub"])
async def test_a_node_restored_while_the_other_speaks_misses_nothing(another_country, tmp_path, who):
    """What it had acknowledged after the backup is not in what is put back, and the other goes on meanwhile."""
    hub = another_country.hub
    await hub.start()
    region = await another_country.region("zeeland")
    put_back, other = (region, hub) if who == "region" else (hub, region)
    wire = "requests.offer-placed"
    before, after, meanwhile = ids(5), ids(5), ids(30)

    await other.says(*before, wire=wire)
    await eventually_heard(put_back, other, before)
    async with streams.connected(put_back.server.url) as client:
        names = await streams.names(client, put_back.name)
        kept = [await streams.keep(client, name, tmp_path, *await streams.where(client, name)) for name in names]
    await other.says(*after, wire=wire)
    await eventually_heard(put_back, other, after)

    async def all_acknowledged() -> bool:
        told = await other.streams.js.consumer_info(f"odh-{other.name}-shared", f"to-{put_back.name}")
        return told.num_ack_pending == 0

    await eventually(all_acknowledged, saying="acknowledgements")
    await put_back.stop()
    await put_back.server.start()
    async with streams.connected(put_back.server.url) as client:
        heard_before, _ = await streams.where(client, f"odh-{put_back.name}-elsewhere")
        speaking = asyncio.create_task(other.says(*meanwhile, wire=wire))

        async def hears_some() -> bool:
            return (await streams.where(client, f"odh-{put_back.name}-elsewhere"))[0] > heard_before + 5

        await eventually(hears_some, saying="some of what is said meanwhile")
        for name, snapshot in zip(names, kept, strict=True):
            await streams.remove(client, name)
            await streams.put_back(client, name, tmp_path, snapshot, put_back.replicas)
    await put_back.stop()
    await put_back.start()
    await speaking

    await eventually_heard(put_back, other, before + after + meanwhile)
    assert len(set(heard := await put_back.heard())) == len(heard)
    await put_back.says(*(again := ids(3)), wire=wire)
    await eventually_heard(other, put_back, again)


async def eventually_heard(by: Place, of: Place, some: list[str]) -> None:
    """Whatever else was heard, or heard again: a handler knows an event by its id."""
    wanted = {f"odh.{of.name}.shared.requests.offer-placed.{id}" for id in some}

    async def all_there() -> bool:
        return wanted <= set(await by.heard())

    await eventually(all_there, within=60, saying=f"what {of.name} said, at {by.name}")


async def test_a_line_that_is_cut_again_and_again_brings_everything_once(another_country):
    hub = another_country.hub
    await hub.start()
    async with Line(hub.leaf_port) as line:
        region = await another_country.region("zeeland", line.port)
        some = ids(120)
        for begin in range(0, 120, 20):
            await region.says(*some[begin : begin + 20])
            line.cut()
            await region.says(*some[begin : begin + 5])  # said again by a relay that heard no answer
            line.mend()
            with suppress(AssertionError):
                await hub.hears(*placed(region, *some[: begin + 20]), within=1)

        await hub.hears(*placed(region, *some))
