"""A node that is not heard is told of for as long as that lasts: in the figures, by `./odh status`, in a list."""

import re

import pytest

from chassis import behind
from chassis.figures import Figures, StreamFigures, stream_of
from node.links import lag
from tests.asking_again import answered
from tests.given import eventually
from tests.lines.country import Country, Place, ids, placed

#: Longer than the server remembers one that it is made to call again (`node.links.sourcing`).
LONG_SECONDS = 8.0


async def elsewhere(place: Place) -> StreamFigures:
    """What comes from other nodes, as each service of the node tells it.

    Asked again while nobody answers: a server that lets somebody in reads its accounts anew.
    """
    return await answered(lambda: stream_of(place.streams, "elsewhere"))


async def silent_seconds(place: Place) -> dict[str, float | None]:
    return {one.name: one.silent_seconds for one in (await elsewhere(place)).sources}


async def both_speak(country: Country) -> None:
    """Returns when the hub has heard something new of both regions."""
    hub, heard, some = country.hub, await country.hub.heard(), ids(1)
    for region in country.regions.values():
        await region.says(*some)
        heard += placed(region, *some)
    await hub.hears(*heard)


@pytest.mark.long
@pytest.mark.parametrize("who", ["region", "hub"])
async def test_a_node_that_is_killed_is_silent_for_as_long_as_it_is_away(country: Country, who: str):
    await both_speak(country)
    here, away, source = (
        (country.hub, country.regions["zeeland"], "odh-zeeland-shared")
        if who == "region"
        else (country.regions["zeeland"], country.hub, "odh-national-shared")
    )

    async def is_heard() -> bool:
        return all(seconds is not None and seconds < 2 for seconds in (await silent_seconds(here)).values())

    await eventually(is_heard, saying="nodes that are heard")
    away.server.kill()
    seen: list[dict[str, float | None]] = []

    async def is_long_silent() -> bool:
        seen.append(await silent_seconds(here))
        return (seen[-1].get(source) or 0) > LONG_SECONDS

    await eventually(is_long_silent, saying="a node that is silent")

    assert all(found.keys() == seen[0].keys() and None not in found.values() for found in seen)  # at no look a gap
    told = {one.name: one for one in await lag.of(here.register, here.server.url)}
    assert not told[away.name].is_heard
    assert re.search(r"weg \(away\) +stil sinds \(silent since\) \d", told[away.name].in_words())
    await away.server.start()
    await eventually(is_heard, saying="a node that is back")


@pytest.mark.long
async def test_a_region_that_was_let_in_and_never_came_is_silent_since_then(country: Country, monkeypatch):
    hub = country.hub
    monkeypatch.setattr(behind, "SOURCE_SILENT_SECONDS_MAX", LONG_SECONDS)

    country.let_in("gelderland")
    seen: list[str] = []

    async def is_told() -> bool:
        figures = Figures(service="members", node=hub.name, parts={}, streams=(await elsewhere(hub),))
        seen[:] = [one.en for one in behind.troubles_of({"members": [figures]}) if "gelderland" in one.en]
        return bool(seen)

    await eventually(is_told, saying="a region that never came")
    (told,) = seen
    silent = re.fullmatch(r"odh-gelderland-shared was not heard of for (\d+) s", told)
    assert silent
    assert int(silent[1]) >= LONG_SECONDS
    hub.register.remove("gelderland")

    async def is_forgotten() -> bool:
        return "odh-gelderland-shared" not in await silent_seconds(hub)

    await eventually(is_forgotten, saying="a region that is not let in any more")
