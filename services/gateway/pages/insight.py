"""The shared vision: what is asked and offered, where, what comes of it, and where something lacks."""

import asyncio
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query
from starlette.responses import Response

from contracts.days import AMSTERDAM
from contracts.networks import known
from contracts.places import PROVINCES
from contracts.vocabulary import Kind, Role, Theme
from services.gateway.pages import charts
from services.gateway.pages.reading import Reader, SignedInReader

router = APIRouter(include_in_schema=False)

#: The periods that can be chosen, in months.
PERIODS = (3, 12, 24, 60)

WAYS = ("theme", "kind", "province", "month", "network", "region")

#: Where the initiatives of a period stand, in the order in which they are drawn.
ENDS = ("running", "done", "lasting", "stopped")

#: So many spots are shown at once; the others behind a button.
SPOTS_FIRST = 6

Choice = Annotated[str, Query(max_length=60)]


async def _chosen(
    months: Annotated[int, Query(ge=1, le=120)] = 12,
    region: Choice = "",
    province: Choice = "",
    theme: Choice = "",
    kind: Choice = "",
    network: Choice = "",
    exact: Choice = "",
) -> dict[str, Any]:
    """What was filled in."""
    narrowed = {"region": region, "province": province, "theme": theme, "kind": kind, "network": network}
    return {"months": months, "exact": "true" if exact else ""} | narrowed


Chosen = Annotated[dict[str, Any], Depends(_chosen)]


@router.get("/insight")
async def show_insight(reader: SignedInReader, chosen: Chosen) -> Response:
    """The country or the region at a glance."""
    is_team = reader.has(Role.NODE_TEAM)
    if not is_team:
        chosen["exact"] = ""
    query = _query(reader, chosen)
    ways = [f"/v1/insight/counts?{urlencode(query | {'by': way})}" for way in WAYS]
    asked = urlencode(query)
    paths = [f"/v1/insight/{what}?{asked}" for what in ("summary", "spots", "initiatives")] + ["/v1/insight/regions"]
    summary, spots, initiatives, regions, *found = await asyncio.gather(*(reader.ask(path) for path in (*paths, *ways)))
    groups = {way: one["groups"] for way, one in zip(WAYS, found, strict=True)}
    return reader.page(
        "insight.html",
        holds_secrets=False,
        chosen=chosen,
        query=query,
        is_team=is_team,
        summary=summary,
        spots=spots,
        initiatives=initiatives,
        first=SPOTS_FIRST,
        groups=groups,
        pictures={way: charts.bars(_told(groups[way]), ("asked", "standing")) for way in WAYS if way != "month"},
        ended=charts.bars([{"key": end, "shown": initiatives["all"][end]} for end in ENDS], ("shown",)),
        columns=charts.columns(groups["month"], ("asked", "offered")),
        dots=charts.dots(groups["province"], "asked"),
        choices={
            "region": [(one["region"], one["name"]) for one in regions],
            "province": [(one, "") for one in PROVINCES],
            "theme": [(one.value, "") for one in Theme],
            "kind": [(one.value, "") for one in Kind],
            "network": [(one, "") for one in known()],
        },
        periods=PERIODS,
        sheet=lambda **more: urlencode(query | {"language": reader.language.value} | more),
    )


def _query(reader: Reader, chosen: dict[str, Any]) -> dict[str, str]:
    """The same for insight: the first month, and what is not left open."""
    now = reader.request.app.state.service.now().astimezone(AMSTERDAM)
    begin = now.year * 12 + now.month - int(chosen["months"])
    narrowed = {name: str(value) for name, value in chosen.items() if value and name != "months"}
    return {"from": f"{begin // 12:04}-{begin % 12 + 1:02}"} | narrowed


def _told(groups: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A picture shows where there is something; the table behind it has the rest too."""
    return [group for group in groups if group["key"] and (group["asked"] or group["standing"])]
