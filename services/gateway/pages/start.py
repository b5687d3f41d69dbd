"""The start page: what this is, how it works, and what waits for whoever is signed in."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.pages.desk import part
from services.gateway.pages.reading import AnyReader

router = APIRouter(include_in_schema=False)

#: So long an introduction is shown that nothing came of; after that its two have talked, or will not.
INTRODUCED_FOR = timedelta(days=30)


@router.get("/")
async def start(reader: AnyReader, done: str = "") -> Response:
    """For everybody; a part that cannot be told now does not take the others along."""
    if reader.caller is None:
        return reader.page("start.html", next="", wrong=None, email="", done=done)
    language = f"language={reader.language}"
    asks, own, waiting, introduced, initiatives = await asyncio.gather(
        part(reader, "/v1/asks"),
        part(reader, f"/v1/matches?mine=true&awaiting_me=true&limit=100&{language}"),
        part(reader, f"/v1/matches?awaiting_me=true&{language}"),  # what they are to judge too; the desk has all of it
        part(reader, f"/v1/matches?mine=true&state=introduced&limit=100&{language}"),
        part(reader, "/v1/initiatives?mine=true&limit=100"),
    )
    since = reader.request.app.state.service.now() - INTRODUCED_FOR
    return reader.page(
        "yours.html",
        asks=asks,
        waiting=_own_first(own["items"], waiting["items"]) if own and waiting else None,
        introduced=_not_begun(introduced["items"], initiatives["items"], since) if introduced and initiatives else [],
        together=[one for one in initiatives["items"] if one["status"] == "running"] if initiatives else [],
        done=done,
    )


def _own_first(own: list[dict[str, Any]], waiting: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What waits for the reader's own yes or no, before what they are to judge for others."""
    ids = {match["match_id"] for match in own}
    return own + [match for match in waiting if match["match_id"] not in ids]


def _not_begun(
    introduced: list[dict[str, Any]], initiatives: list[dict[str, Any]], since: datetime
) -> list[dict[str, Any]]:
    """With whom the reader came into contact lately, and did nothing together yet."""
    begun = {one["initiative_id"] for one in initiatives}
    return [
        match
        for match in introduced
        if match["match_id"] not in begun
        if datetime.fromisoformat(match["waiting_since"]) > since
    ]
