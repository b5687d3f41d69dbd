"""The page of a request: what was asked, and how it stands."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)


RequestId = Annotated[str, Path(max_length=128)]


@router.get("/requests/{request_id}")
async def show_request(request_id: RequestId, reader: SignedInReader, done: str = "") -> Response:
    """For its own member, and for those who bring people together."""
    return await _page(reader, request_id, done=done)


@router.post("/requests/{request_id}")
async def escalate(request_id: RequestId, reader: SignedInReader) -> Response:
    """Somebody who brings people together asks the whole country, or reads why they cannot."""
    await reader.form()
    try:
        await reader.ask("/v1/escalations", method="POST", body={"request_id": request_id})
    except Refused as refused:
        if refused.status not in (403, 404, 409):
            raise
        return await _page(reader, request_id, status=refused.status, wrong=f"error.{refused.slug}")
    return reader.go_to(f"/requests/{quote(request_id, safe='')}?done=escalate")


async def _page(reader: Reader, request_id: str, *, status: int = 200, done: str = "", wrong: str = "") -> Response:
    request = await reader.ask(f"/v1/requests/{quote(request_id, safe='')}")
    who = reader.caller.identity if reader.caller else None
    is_own = who is not None and request["member_id"] in who.references
    brings_together = who is not None and (who.has(Role.NODE_TEAM) or who.has(Role.AMBASSADOR))
    may_escalate = reader.gateway.settings.is_region and brings_together and request["status"] == "open"
    return reader.page(
        "request.html",
        status=status,
        request=request,
        is_own=is_own,
        may_escalate=may_escalate,
        done=done,
        wrong=wrong,
    )
