"""All requests that stand open where somebody brings people together: what waits longest comes first."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway.pages.reading import SignedInReader

router = APIRouter(include_in_schema=False)


@router.get("/desk/open")
async def show_open(
    reader: SignedInReader, only: str = "", cursor: Annotated[str, Query(max_length=128)] = ""
) -> Response:
    """All of them, or `only=unanswered`: those that wait so long that somebody should look at them."""
    reader.must_have(Role.AMBASSADOR, Role.NODE_TEAM)
    only_unanswered = only == "unanswered"
    asked = {"unanswered": "true"} if only_unanswered else {}
    found = await reader.ask("/v1/desk/open?" + urlencode(asked | ({"cursor": cursor} if cursor else {})))
    return reader.page(
        "desk_open.html",
        requests=found["items"],
        more=found["next_cursor"],
        cursor=cursor,
        only_unanswered=only_unanswered,
    )
