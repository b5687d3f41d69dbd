"""The page behind the type of a problem: what it means."""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.responses import Response

from chassis.problems import TYPE_BASE
from services.gateway.document import problems_of
from services.gateway.pages.reading import AnyReader

router = APIRouter(include_in_schema=False)


@router.get("/problems/{slug}")
async def show_problem(slug: str, reader: AnyReader) -> Response:
    """For whoever meets it."""
    own = reader.request.app.openapi()
    known = problems_of({"gateway": own, **reader.gateway.catalogue.documents})
    problem = next((problem for problem in known if problem["slug"] == slug), None)
    if problem is None:
        raise HTTPException(404)
    return reader.page("problem.html", problem=problem, type=TYPE_BASE + slug)
