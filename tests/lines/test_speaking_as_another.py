"""A region whose operator puts in its own stream what others should have said, and gives all of it."""

import asyncio

import pytest

from node import jetstream
from tests.given import eventually
from tests.lines.country import HUB, Country, Place, ids, placed

pytestmark = pytest.mark.timeout(120)

TRANSFORM = [{"src": "odh.*.>", "dest": "odh.zeeland.>"}]


async def gives_also(place: Place, to: str, *subjects: str) -> None:
    """From now on the node's stream has these too, and its consumer lets them go."""
    stream, consumer = f"odh-{place.name}-shared", f"to-{to}"
    client = await place.client("odh")
    config = (await jetstream.ask(client, f"STREAM.INFO.{stream}"))["config"]
    await jetstream.ask(client, f"STREAM.UPDATE.{stream}", config | {"subjects": [*config["subjects"], *subjects]})
    config = (await jetstream.ask(client, f"CONSUMER.INFO.{stream}.{consumer}"))["config"]
    wider = config | {"filter_subjects": [*config["filter_subjects"], *subjects]}
    changed = {"stream_name": stream, "config": wider, "action": "update"}
    await jetstream.ask(client, f"CONSUMER.CREATE.{stream}.{consumer}", changed)
    await client.close()


async def test_what_a_region_gives_in_the_name_of_others_is_taken_as_its_own(country: Country):
    hub, drenthe, zeeland = country.hub, country.regions["drenthe"], country.regions["zeeland"]
    await zeeland.says("honest")
    await hub.hears(*placed(zeeland, "honest"))
    await gives_also(zeeland, HUB, "odh.drenthe.>", "odh.national.>")

    said = [
        "shared.members.node-known.utrecht",
        "to.drenthe.members.node-known.utrecht",
        "shared.members.member-erased.x",
    ]
    for name, what in zip((HUB, HUB, "drenthe"), said, strict=True):
        await zeeland.streams.js.publish(f"odh.{name}.{what}", b"forged")

    await hub.hears(*placed(zeeland, "honest"), *(f"odh.zeeland.{what}" for what in said))
    await drenthe.hears(f"odh.zeeland.{said[1]}")


async def test_what_the_nation_gives_of_its_own_is_the_nations(country: Country):
    hub, drenthe, zeeland = country.hub, country.regions["drenthe"], country.regions["zeeland"]
    before = await drenthe.heard()
    await gives_also(hub, "drenthe", "odh.utrecht.>")

    await hub.streams.js.publish("odh.utrecht.to.drenthe.members.node-known.utrecht", b"forged")
    await zeeland.says("passed-on", to="drenthe", wire="matching.answer-given")

    passed_on = "odh.zeeland.to.drenthe.matching.answer-given.passed-on"
    await drenthe.hears(*before, "odh.national.to.drenthe.members.node-known.utrecht", passed_on)


async def test_a_node_that_took_it_as_it_came_takes_it_so_too_and_loses_and_doubles_nothing(another_country: Country):
    """The region speaks on meanwhile, and what it said a while ago is not acknowledged yet."""
    hub, stream = another_country.hub, "odh-national-elsewhere"
    await hub.start()
    zeeland = await another_country.region("zeeland")
    await zeeland.says(*(said := ids(5)))
    await hub.hears(*placed(zeeland, *said))
    client = await hub.client("odh")
    await hub.keeper.stop()
    config = (await jetstream.ask(client, f"STREAM.INFO.{stream}"))["config"]
    for source in config["sources"]:
        source.pop("subject_transforms")
    await jetstream.ask(client, f"STREAM.UPDATE.{stream}", config)

    async def is_acknowledged() -> bool:
        told = await zeeland.streams.js.consumer_info("odh-zeeland-shared", f"to-{HUB}")
        return told.num_ack_pending == 0 and told.ack_floor.stream_seq > 0

    async def is_taken_as_its_own() -> bool:
        (source,) = (await jetstream.ask(client, f"STREAM.INFO.{stream}"))["config"]["sources"]
        return bool(source.get("subject_transforms") == TRANSFORM)

    await eventually(is_acknowledged, saying="acknowledgements")
    for id in (a_while_ago := ids(30)):  # without a name, by which the server knows for two minutes that it has one
        await zeeland.streams.js.publish(placed(zeeland, id)[0], b"")
    speaking = asyncio.create_task(zeeland.says(*(meanwhile := ids(200))))
    await eventually(lambda: has_heard(hub, placed(zeeland, *a_while_ago)), saying="what was said a while ago")
    hub.keeper.start()
    await eventually(is_taken_as_its_own, saying="a source that is changed")
    await speaking

    await hub.hears(*placed(zeeland, *(said := said + a_while_ago + meanwhile)))
    await hub.stop()
    await hub.start()
    await zeeland.says(*(later := ids(5)))
    await hub.hears(*placed(zeeland, *said, *later))
    await client.close()


async def has_heard(place: Place, subjects: list[str]) -> bool:
    return set(subjects) <= set(await place.heard())
