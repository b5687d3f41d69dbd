"""The stylesheet and the icon: the only files that a page loads."""

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.pages.reading import ICON, STYLE

router = APIRouter(include_in_schema=False)

#: The address of the stylesheet changes with its content.
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}


@router.get("/style.css")
async def style() -> Response:
    """How the pages look."""
    return Response(STYLE, media_type="text/css", headers=KEPT)


@router.get("/icon.svg")
async def icon() -> Response:
    """A corner."""
    return Response(ICON, media_type="image/svg+xml", headers={"Cache-Control": "public, max-age=86400"})
