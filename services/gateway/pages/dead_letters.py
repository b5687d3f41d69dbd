"""What the services could not handle, for the node's team: why, and a button to try again or to throw it away."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from chassis import Problem
from contracts.vocabulary import Role
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

#: Where each service has its own.
LETTERS = "/team/dead-letters"

LetterId = Annotated[str, Path(max_length=300)]


@router.get("/dead-letters")
async def show_letters(reader: SignedInReader, done: str = "") -> Response:
    """Of every service, the newest first."""
    return await _page(reader, done=done)


@router.post("/dead-letters/{service}/{letter_id}")
async def take_step(service: str, letter_id: LetterId, reader: SignedInReader) -> Response:
    """It is handled once more, or thrown away; or it is told why it cannot be."""
    button = (await reader.form()).get("step", "")
    reader.must_have(Role.NODE_TEAM)
    if button not in ("replay", "drop") or service not in reader.gateway.upstreams.services:
        return await _page(reader, status=422, wrong="error.422")
    letter = f"{LETTERS}/{quote(letter_id, safe='')}"
    try:
        if button == "replay":
            await reader.ask_service(service, f"{letter}/replay", "POST")
        else:
            await reader.ask_service(service, letter, "DELETE")
    except Refused as refused:
        if refused.status not in (404, 409):
            raise
        reason = str(refused.told.get("reason", ""))
        return await _page(reader, status=refused.status, wrong=f"error.{refused.slug}", reason=reason)
    return reader.go_to(f"/dead-letters?done=letter-{button}")


async def _page(reader: Reader, *, status: int = 200, done: str = "", wrong: str = "", reason: str = "") -> Response:
    reader.must_have(Role.NODE_TEAM)
    services = reader.gateway.upstreams.services
    told = await asyncio.gather(*(_letters(reader, service) for service in services))
    found = dict(zip(services, told, strict=True))
    return reader.page(
        "dead_letters.html", at="/dead-letters", status=status, found=found, done=done, wrong=wrong, reason=reason
    )


async def _letters(reader: Reader, service: str) -> list[dict[str, Any]] | None:
    try:
        return list(await reader.ask_service(service, LETTERS))
    except Problem:
        return None
