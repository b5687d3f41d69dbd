"""The country at a glance, for the team of the national node: how each region does, and which one is not heard of."""

import asyncio
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from nats.errors import Error as NatsError
from starlette.responses import Response

from chassis.behind import SOURCE_SILENT_SECONDS_MAX
from chassis.figures import stream_of
from contracts.vocabulary import Role
from services.gateway.pages.reading import Reader, SignedInReader

router = APIRouter(include_in_schema=False)

#: So many themes are named that a region asks for and nobody there offers, and so many spots of the whole country.
THEMES_NAMED, SPOTS_SHOWN = 3, 6

EXACT = {"exact": "true"}


class Region(NamedTuple):
    """A node: its counts of the last twelve months (none when nothing was told), what lacks, and whether it is away.

    One that was let in and never came was not heard of.
    """

    key: str
    name: str
    counts: dict[str, Any] | None
    lacks: list[str]
    is_heard: bool
    is_away: bool


@router.get("/country")
async def show_country(reader: SignedInReader) -> Response:
    """What waits longest comes first; a node that is none of the country has its own insight."""
    reader.must_have(Role.NODE_TEAM)
    if not reader.gateway.settings.is_national:
        return reader.go_to("/insight")
    summary, by_region, spots, named, away = await asyncio.gather(
        _insight(reader, "summary"),
        _insight(reader, "counts", by="region"),
        _insight(reader, "spots"),
        reader.ask("/v1/insight/regions"),
        _away(reader),
    )
    counts = {one["key"]: one for one in by_region["groups"]}
    own = reader.gateway.settings.node  # a region too, when somebody asks something there
    is_known, away = away is not None, away or {}
    names = dict.fromkeys(away) | {one["region"]: one["name"] for one in named}
    names = {key: name for key, name in names.items() if key != own or key in counts}
    lacks = await asyncio.gather(*(_lacks(reader, key) for key in names))
    regions = [
        # A region that this node does not listen to at all was left out of the country.
        Region(key, name or key, counts.get(key), lacking, name is not None, away.get(key, bool(away) and key != own))
        for (key, name), lacking in zip(names.items(), lacks, strict=True)
    ]
    regions.sort(key=lambda one: (-one.counts["waiting"] if one.counts else 0, one.name))
    white = spots["white"][:SPOTS_SHOWN]
    return reader.page("country.html", counts=summary["counts"], regions=regions, white=white, is_known=is_known)


async def _insight(reader: Reader, what: str, **asked: str) -> Any:
    return await reader.ask(f"/v1/insight/{what}?{urlencode(EXACT | asked)}")


async def _lacks(reader: Reader, region: str) -> list[str]:
    """The themes that wait for an answer in a region and that nobody there offers, what is asked most first."""
    groups = (await _insight(reader, "counts", by="theme", region=region))["groups"]
    lacking = (one["key"] for one in groups if one["key"] and one["waiting"] and not one["standing"])
    return list(islice(lacking, THEMES_NAMED))


async def _away(reader: Reader) -> dict[str, bool] | None:
    """Each node that this one listens to, and whether it has been silent for too long; none: the broker is away."""
    streams = reader.request.app.state.service.streams
    if not streams.is_ready:
        return None
    try:
        heard = await stream_of(streams, "elsewhere")
    except (NatsError, OSError, TimeoutError):
        return None
    return {
        source.name.removeprefix("odh-").removesuffix("-shared"): (
            source.silent_seconds is None or source.silent_seconds > SOURCE_SILENT_SECONDS_MAX
        )
        for source in heard.sources
    }
