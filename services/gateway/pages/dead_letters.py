"""What the services could not handle, for the node's team: why, and a button to try again or to throw it away."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from chassis import Problem
from services.gateway.catalogue import NotServed
from services.gateway.pages.reading import Reader, Refused, SignedInReader
from services.gateway.pages.team import must_be_team

router = APIRouter(include_in_schema=False)

LetterId = Annotated[str, Path(max_length=300)]


@router.get("/dead-letters")
async def show_letters(reader: SignedInReader, done: str = "") -> Response:
    """Of every service, the newest first."""
    return await _page(reader, done=done)


@router.post("/dead-letters/{service}/{letter_id}")
async def take_step(service: str, letter_id: LetterId, reader: SignedInReader) -> Response:
    """It is handled once more, or thrown away; or it is told why it cannot be."""
    button = (await reader.form()).get("step", "")
    must_be_team(reader)
    if button not in ("replay", "drop") or service not in reader.gateway.upstreams.services:
        return await _page(reader, status=422, wrong="error.422")
    address = f"/{quote(letter_id, safe='')}" + ("/replay" if button == "replay" else "")
    try:
        await _ask(reader, service, "POST" if button == "replay" else "DELETE", address)
    except Refused as refused:
        if refused.status not in (404, 409):
            raise
        reason = str(refused.told.get("reason", ""))
        return await _page(reader, status=refused.status, wrong=f"error.{refused.slug}", reason=reason)
    return reader.go_to(f"/dead-letters?done=letter-{button}")


async def _page(reader: Reader, *, status: int = 200, done: str = "", wrong: str = "", reason: str = "") -> Response:
    must_be_team(reader)
    services = reader.gateway.upstreams.services
    told = await asyncio.gather(*(_letters(reader, service) for service in services))
    found = dict(zip(services, told, strict=True))
    return reader.page("dead_letters.html", status=status, found=found, done=done, wrong=wrong, reason=reason)


async def _letters(reader: Reader, service: str) -> list[dict[str, Any]] | None:
    try:
        return list(await _ask(reader, service, "GET", ""))
    except Problem:
        return None


async def _ask(reader: Reader, service: str, method: str, address: str) -> Any:
    if reader.caller is None:
        raise NotServed
    token = reader.gateway.identities.token(reader.caller.identity, service)
    answer = await reader.gateway.upstreams.call(service, method, f"/team/dead-letters{address}", token=token)
    if answer.status >= 400:
        raise Refused(answer)
    return answer.json() if answer.content else None
