"""The start page: what this is, how it works, and what waits for whoever is signed in."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway.pages.parts import part
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
    awaiting = [f"/v1/matches?mine=true&awaiting_me=true&limit=100&{language}"]
    if reader.has(Role.AMBASSADOR, Role.NODE_TEAM):  # then what they are to judge for others; the desk has all of it
        awaiting.append(f"/v1/matches?awaiting_me=true&{language}")
    asks, introduced, initiatives, *waiting = await asyncio.gather(
        part(reader, "/v1/asks"),
        part(reader, f"/v1/matches?mine=true&state=introduced&limit=100&{language}"),
        part(reader, "/v1/initiatives?mine=true&limit=100"),
        *(part(reader, one) for one in awaiting),
    )
    since = reader.request.app.state.service.now() - INTRODUCED_FOR
    return reader.page(
        "yours.html",
        asks=asks,
        waiting=_each_once(waiting) if all(waiting) else None,
        introduced=_not_begun(introduced["items"], initiatives["items"], since) if introduced and initiatives else [],
        together=[one for one in initiatives["items"] if one["status"] == "running"] if initiatives else [],
        done=done,
    )


def _each_once(pages: list[Any]) -> list[dict[str, Any]]:
    """The matches of these pages, in their order."""
    return list({match["match_id"]: match for page in pages for match in page["items"]}.values())


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
