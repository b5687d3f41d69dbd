"""What was asked cannot be done, and why: problem+json over HTTP (RFC 9457), a rejection event over NATS."""

import inspect
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.database import is_away
from chassis.telemetry import describe, log

TYPE_BASE = "https://omdehoek.nl/problems/"

_STATUS_SLUGS = {
    404: ("not-found", "This does not exist"),
    405: ("method-not-allowed", "This cannot be done here"),
}

#: Problems without a rule of their own: slug, status, title and meaning.
_UNRULY = (
    *((slug, status, title, "") for status, (slug, title) in _STATUS_SLUGS.items()),
    ("http-error", 400, "This request cannot be handled", "The status says more; nothing was done."),
    ("internal-error", 500, "Something went wrong at our side", "It was logged; the same call may succeed later."),
)


class Problem(Exception):
    """A rule that was broken by the sender. Facts are members of the problem document; they hold nothing personal."""

    slug: ClassVar[str]
    status: ClassVar[int]
    title: ClassVar[str]

    def __init_subclass__(cls, *, slug: str = "", status: int = 0, title: str = "", **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if slug:
            cls.slug, cls.status, cls.title = slug, status, title

    def __init__(self, detail: str | None = None, *, headers: dict[str, str] | None = None, **facts: Any) -> None:
        super().__init__(self.slug)
        self.detail, self.headers, self.facts = detail, headers or {}, facts

    @property
    def type_uri(self) -> str:
        """The stable type, also shown to people at that address."""
        return TYPE_BASE + self.slug

    def response(self) -> Response:
        """The problem as an HTTP reply."""
        return problem_response(self.slug, self.status, self.title, self.detail, self.headers, **self.facts)


class FieldErrors(Problem, slug="invalid-fields", status=422, title="Some fields are not right"):
    """Every wrong field in one answer: pairs of the field's path and what is wrong with it."""

    def __init__(self, errors: Iterable[tuple[str, str]]) -> None:
        super().__init__(errors=[{"field": field, "message": message} for field, message in errors])


class InvalidJson(Problem, slug="invalid-json", status=400, title="The body is not valid JSON"):
    """It is not JSON, or it reads in two ways: a name that comes twice, NaN, half a character. Nothing was done."""


class NotJson(Problem, slug="unsupported-media-type", status=415, title="Send application/json"):
    """The body was sent as something else than JSON, so it was not read."""


class Unavailable(Problem, slug="temporarily-unavailable", status=503, title="This cannot be done at this moment"):
    """A part we need is away; the same call may succeed later."""

    def __init__(self, detail: str | None = None) -> None:
        super().__init__(detail, headers={"Retry-After": "2"})


def catalogue(service: str) -> list[dict[str, Any]]:
    """Every problem that a service can answer with: for the page behind its type, and for the API's document."""
    known = {
        slug: {"slug": slug, "status": status, "title": title, "meaning": meaning}
        for slug, status, title, meaning in _UNRULY
    }
    for kind in _kinds(Problem):
        if "slug" in vars(kind) and kind.__module__.startswith((f"services.{service}.", "chassis.")):
            meaning = inspect.cleandoc(kind.__doc__ or "")
            known[kind.slug] = {"slug": kind.slug, "status": kind.status, "title": kind.title, "meaning": meaning}
    return [known[slug] for slug in sorted(known)]


def _kinds(base: type[Problem]) -> Iterator[type[Problem]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


def problem_response(
    slug: str, status: int, title: str, detail: str | None = None, headers: dict[str, str] | None = None, **facts: Any
) -> Response:
    """A problem+json reply."""
    body = {"type": TYPE_BASE + slug, "title": title, "status": status}
    if detail:
        body["detail"] = detail
    return Response(to_json(body | facts), status, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Turns every error of an API into problem+json; a fault of ours shows nothing but that it is one."""

    async def on_invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if any(entry["type"] == "json_invalid" for entry in error.errors()):
            return InvalidJson().response()
        if isinstance(error.body, bytes):  # FastAPI reads as JSON only what says that it is
            return NotJson().response()
        return FieldErrors(field_messages(error)).response()

    async def on_http(_: Request, error: Exception) -> Response:
        return _of(error, None)  # Starlette has an answer of its own, in plain text

    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(HTTPException, on_http)
    app.add_middleware(CatchFaults)


class CatchFaults:
    """ASGI middleware that answers for a problem, whichever way a call went, and for a fault of ours.

    A handler of Starlette for `Exception` would also let it go on to the server, which logs it with its message; and it
    would log outside the request's trace.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        answered = False

        async def send_noted(message: Message) -> None:
            nonlocal answered
            answered = True
            await send(message)

        try:
            await self.app(scope, receive, send_noted)
        except Exception as error:
            if scope["type"] != "http":
                raise
            response = _of(error, getattr(scope.get("route"), "path", None))
            if not answered:  # of an answer that was under way the server breaks off the connection
                await response(scope, receive, send)


def _of(error: Exception, route: str | None) -> Response:
    if isinstance(error, Problem):
        return error.response()
    if isinstance(error, HTTPException):
        slug, title = _STATUS_SLUGS.get(error.status_code, ("http-error", "This request cannot be handled"))
        return problem_response(slug, error.status_code, title, headers=dict(error.headers or {}))
    if is_away(error):
        return Unavailable().response()
    log.error("fault", fault=describe(error), route=route)
    return problem_response("internal-error", 500, "Something went wrong at our side")


#: What FastAPI puts before a field's own name.
_SOURCES = {("body",), ("query",), ("path",), ("header",), ("cookie",)}

A_DAY = "must be a day, such as 2026-11-30"
A_MOMENT = "must be a moment, such as 2026-11-30T09:00:00Z"
A_TIME = "must be a time of day, such as 14:30"

#: What we say where pydantic speaks of Python.
_SAID = {
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"), A_DAY),
    **dict.fromkeys(("datetime_type", "datetime_parsing", "datetime_from_date_parsing", "timezone_aware"), A_MOMENT),
    **dict.fromkeys(("time_type", "time_parsing"), A_TIME),
    **dict.fromkeys(("model_type", "model_attributes_type", "dict_type"), "must be an object"),
    **dict.fromkeys(("tuple_type", "list_type"), "must be a list"),
}


def field_messages(error: RequestValidationError | ValidationError) -> list[tuple[str, str]]:
    """Each wrong field's path and message, without the value that was sent: it may be personal."""
    messages = []
    for entry in error.errors():
        place = entry["loc"][1:] if entry["loc"][:1] in _SOURCES else entry["loc"]
        path = ".".join(str(part) for part in place)
        messages.append((path or "body", _message(entry)))
    return messages


def _message(entry: Any) -> str:
    bounds = entry.get("ctx", {})
    counted = "items" if bounds.get("field_type") in ("Tuple", "List", "Set", "Dictionary") else "characters"
    match entry["type"]:
        case "too_long" | "string_too_long":
            return f"must have at most {bounds['max_length']} {counted}"
        case "too_short" | "string_too_short":
            least = bounds["min_length"]
            return f"must have at least {least} {counted if least > 1 else counted.removesuffix('s')}"
    return _SAID.get(entry["type"]) or str(entry["msg"]).removeprefix("Value error, ")
