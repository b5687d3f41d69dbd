"""A service's HTTP: its document, and what stands around its routes."""

from typing import Any, cast

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from chassis import problems
from chassis.short_way import ShortWays

Document = dict[str, Any]

#: What every refusal looks like.
PROBLEM: Document = {
    "type": "object",
    "title": "Problem",
    "description": "What was asked cannot be done, and why (RFC 9457). A type may have more members than these.",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "format": "uri", "description": "Stable; the address of a page about it."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Every wrong field, of `invalid-fields`.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
    "additionalProperties": True,
}

#: The answer that each route refers to.
REFUSAL: Document = {
    "description": "It was refused, or could not be done; `type` says why.",
    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
}

#: FastAPI's own form of a refusal, which nothing of ours answers with.
_NOT_OURS = ("HTTPValidationError", "ValidationError")


class Api(FastAPI):
    """FastAPI, whose document also tells which problems it answers with, behind short ways to its routes."""

    def openapi(self) -> Document:
        """The document, with `x-problems` for the page of each problem type, and what the service itself adds.

        That is `state.complete_document`, a function that changes the document, where there is one.
        """
        if self.openapi_schema is None:
            document = super().openapi()
            document["x-problems"] = problems.catalogue(self.state.service.name)
            _tell_refusals(document)
            if complete := getattr(self.state, "complete_document", None):
                complete(document)
        return self.openapi_schema or {}

    def build_middleware_stack(self) -> ASGIApp:
        """Ours around the short ways; what FastAPI and Starlette put around a route is for what goes their way only."""
        own, self.user_middleware = self.user_middleware, []
        theirs = cast(ServerErrorMiddleware, super().build_middleware_stack()).app  # for faults we have `CatchFaults`
        self.user_middleware = own
        app: ASGIApp = ShortWays(theirs, self.state.routers)
        for made, arguments, options in reversed(own):
            app = made(app, *arguments, **options)
        return app


def _tell_refusals(document: Document) -> None:
    """Every route says that it refuses with a problem document."""
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in _NOT_OURS:
        schemas.pop(name, None)
    schemas["Problem"] = PROBLEM
    components["responses"] = {"Problem": REFUSAL}
    refusal = {"$ref": "#/components/responses/Problem"}
    for operations in document["paths"].values():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            operation["responses"] |= {"4XX": refusal, "5XX": refusal}
