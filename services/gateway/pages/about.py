"""The pages for everybody behind the links at the foot of each page: help, privacy, and who cannot see or click."""

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.pages.reading import AnyReader

router = APIRouter(include_in_schema=False)


@router.get("/help")
async def show_help(reader: AnyReader) -> Response:
    """How it works, in questions and answers."""
    return reader.page("about.html", about="help", questions=range(1, 7))


@router.get("/privacy")
async def show_privacy(reader: AnyReader) -> Response:
    """What is known of somebody, who sees it, and how they end that."""
    return reader.page("about.html", about="privacy", questions=range(1, 7))


@router.get("/accessibility")
async def show_accessibility(reader: AnyReader) -> Response:
    """What the pages hold themselves to, and whom to tell when they do not."""
    return reader.page("about.html", about="accessibility", questions=range(1, 5))
