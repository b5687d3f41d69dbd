"""The page of a request: what was asked, and how it stands."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.gateway.pages.reading import SignedInReader

router = APIRouter(include_in_schema=False)


@router.get("/requests/{request_id}")
async def show_request(request_id: Annotated[str, Path(max_length=128)], reader: SignedInReader) -> Response:
    """For its own member, and for those who bring people together."""
    request = await reader.ask(f"/v1/requests/{quote(request_id, safe='')}")
    is_own = reader.caller is not None and request["member_id"] == reader.caller.identity.member_id
    return reader.page("request.html", request=request, is_own=is_own)
