"""Whether a service runs, and whether it can do its work."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

if TYPE_CHECKING:
    from chassis.service import Service

router = APIRouter(include_in_schema=False)


@router.get("/health/live")
async def live() -> dict[str, str]:
    """The process runs."""
    return {"status": "live"}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """Whether the service can do its work; it works without its broker or other parts, so that only degrades it."""
    service: Service = request.app.state.service
    parts = await service.all_parts()
    if parts["database"] != "ready":
        return JSONResponse({"status": "not ready", "parts": parts}, 503)
    return JSONResponse({"status": "ready" if set(parts.values()) == {"ready"} else "degraded", "parts": parts})
