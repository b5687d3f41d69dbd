"""A service's HTTP: its document, and what stands around its routes."""

from typing import Any, cast

from fastapi import FastAPI
from starlette.middleware.errors import ServerErrorMiddleware
from starlette.types import ASGIApp

from chassis import problems
from chassis.short_way import ShortWays


class Api(FastAPI):
    """FastAPI, whose document also tells which problems it answers with, behind short ways to its routes."""

    def openapi(self) -> dict[str, Any]:
        """The document, with `x-problems` for the page of each problem type."""
        document = super().openapi()
        document.setdefault("x-problems", problems.catalogue(self.state.service.name))
        return document

    def build_middleware_stack(self) -> ASGIApp:
        """Ours around the short ways; what FastAPI and Starlette put around a route is for what goes their way only."""
        own, self.user_middleware = self.user_middleware, []
        theirs = cast(ServerErrorMiddleware, super().build_middleware_stack()).app  # for faults we have `CatchFaults`
        self.user_middleware = own
        app: ASGIApp = ShortWays(theirs, self.state.routers)
        for made, arguments, options in reversed(own):
            app = made(app, *arguments, **options)
        return app
