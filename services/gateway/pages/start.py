"""The start page: what this is, how it works, and what waits for whoever is signed in."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from chassis import Problem
from services.gateway.pages.reading import AnyReader, Reader

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start(reader: AnyReader, done: str = "") -> Response:
    """For everybody."""
    if reader.caller is None:
        return reader.page("start.html", next="", wrong=None, email="")
    return reader.page("yours.html", waiting=await _waiting(reader), together=await _together(reader), done=done)


async def _waiting(reader: Reader) -> list[dict[str, Any]] | None:
    """The matches that wait for the reader; none when that cannot be told now."""
    try:
        found = await reader.ask(f"/v1/matches?awaiting_me=true&language={reader.language}")
    except Problem:
        return None
    return list(found["items"])


async def _together(reader: Reader) -> list[dict[str, Any]]:
    """What the reader does together with somebody now; nothing when that cannot be told."""
    try:
        found = await reader.ask("/v1/initiatives?mine=true&limit=100")
    except Problem:
        return []
    return [one for one in found["items"] if one["status"] == "running"]
