"""A short way from a call to the function of its route: what a route needs is looked up once, not at every call.

FastAPI finds the route and solves its dependencies anew for each call, which cost a command more than its own work did.
What a short way cannot do, and every call with something wrong in its fields, goes FastAPI's way from the beginning:
what is answered then is told in one place.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import is_dataclass
from types import NoneType, UnionType
from typing import Any, get_args

from fastapi import APIRouter, Request, params
from fastapi._compat import ModelField
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from chassis.limits import JSON_BODY, again

_NOTHING: Any = object()

Way = Callable[[Request], Awaitable[Response]]


class Unusual(Exception):
    """A route asks for something that only FastAPI gives."""


class Unfit(Exception):
    """A call lacks something, or has something wrong; nothing was done."""


class ShortWays:
    """In front of all that is FastAPI's: takes the calls of those routes that have a short way."""

    def __init__(self, app: ASGIApp, routers: Sequence[APIRouter]) -> None:
        self.app = app
        self._ways: dict[str, list[tuple[APIRoute, Way | None]]] = {}
        for route in _in_their_order(routers):
            self._ways.setdefault(_first_part(route.path), []).append((route, _way(route)))
        self._plain = {
            (method, route.path): self._found(method, route.path)
            for ways in self._ways.values()
            for route, _ in ways
            if not route.param_convertors
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope.get("root_path"):
            await self.app(scope, receive, send)
            return
        asked = scope["method"], scope["path"]
        if (found := self._plain.get(asked) or self._found(*asked)) is None:
            await self.app(scope, receive, send)
            return
        route, way, of_path = found
        scope["route"], scope["endpoint"], scope["path_params"] = route, route.endpoint, of_path
        request = Request(scope, receive, send)
        try:
            response = await way(request)
        except Unfit:
            del scope["route"], scope["endpoint"], scope["path_params"]
            await self.app(scope, await _from_the_beginning(request), send)
            return
        await response(scope, receive, send)

    def _found(self, method: str, path: str) -> tuple[APIRoute, Way, dict[str, Any]] | None:
        """The route that a call is for, when it has a short way, and what its path has."""
        for route, way in self._ways.get(_first_part(path), ()):
            if method in (route.methods or ()) and (match := route.path_regex.match(path)):
                of_path = {name: route.param_convertors[name].convert(text) for name, text in match.groupdict().items()}
                return (route, way, of_path) if way else None
        return None


def _in_their_order(routers: Sequence[APIRouter]) -> Iterator[APIRoute]:
    for router in routers:
        for route in router.routes:
            if not isinstance(route, APIRoute) or "{" in _first_part(route.path):
                return  # what it takes is not known here; what comes after it has no short way
            yield route


def _first_part(path: str) -> str:
    return path.split("/", 2)[1] if path.startswith("/") else path


async def _from_the_beginning(request: Request) -> Receive:
    """What a call has come with, also when it was read meanwhile."""
    try:
        return again(await request.body(), request.receive)
    except ClientDisconnect:
        return again(None, request.receive)


def _way(route: APIRoute) -> Way | None:
    """The short way to a route that makes its own response."""
    if inspect.signature(route.endpoint, eval_str=True).return_annotation is not Response:
        return None
    try:
        endpoint = _Function(route.dependant, route.body_field)
    except Unusual:
        return None
    return lambda request: endpoint(request, {})


class _Function:
    """The function of a route, or a function or dataclass that it depends on, and where the arguments come from."""

    def __init__(self, dependant: Dependant, body: ModelField | None = None) -> None:
        unusual = (
            *(dependant.cookie_params, dependant.websocket_param_name, dependant.http_connection_param_name),
            *(dependant.concurrency, dependant.background_tasks_param_name, not dependant.use_cache),
            *(dependant.response_param_name, dependant.security_scopes_param_name, dependant.own_oauth_scopes),
        )
        is_known = is_dataclass(dependant.call) or inspect.iscoroutinefunction(dependant.call)
        if dependant.call is None or any(unusual) or not is_known:
            raise Unusual
        if dependant.body_params != ([] if body is None else [body]) or not (body is None or _is_whole_body(body)):
            raise Unusual
        if not all(map(_is_single, (*dependant.path_params, *dependant.query_params, *dependant.header_params))):
            raise Unusual
        self.call, self._is_awaited = dependant.call, not is_dataclass(dependant.call)
        self._needs = [(one.name, _Function(one)) for one in dependant.dependencies]
        self._of_path, self._of_query = dependant.path_params, dependant.query_params
        self._of_head = dependant.header_params
        self._body, self._request_name = body, dependant.request_param_name

    async def __call__(self, request: Request, known: dict[Any, Any]) -> Any:
        """What the function returns; `known` is what others returned for this call, by function."""
        given: dict[str, Any] = {}
        for name, function in self._needs:
            if (found := known.get(function.call, _NOTHING)) is _NOTHING:
                found = known[function.call] = await function(request, known)
            if name is not None:
                given[name] = found
        for field in self._of_path:
            given[field.name] = _fit(field, request.path_params[field.alias])
        for field in self._of_query:
            given[field.name] = _fit_or_default(field, request.query_params.get(field.alias))
        for field in self._of_head:
            given[field.name] = _fit_or_default(field, request.headers.get(field.alias))
        if self._body is not None:
            given[self._body.name] = _fit(self._body, request.scope.get(JSON_BODY, _NOTHING))
        if self._request_name is not None:
            given[self._request_name] = request
        made = self.call(**given)  # FastAPI would have a thread make even a dataclass
        return await made if self._is_awaited else made


def _is_single(field: ModelField) -> bool:
    """One value that is written as a text, or none: a word, a number; not a list of them, nor a model."""
    told = field.field_info
    kinds = get_args(told.annotation) if isinstance(told.annotation, UnionType) else (told.annotation,)
    single = all(isinstance(kind, type) and issubclass(kind, str | int | NoneType) for kind in kinds)
    return single and not told.validate_default


def _is_whole_body(field: ModelField) -> bool:
    told = field.field_info
    is_json = type(told) is params.Body and not told.embed
    return is_json and isinstance(told.annotation, type) and issubclass(told.annotation, BaseModel)


def _fit_or_default(field: ModelField, text: str | None) -> Any:
    if text is not None:
        return _fit(field, text)
    if field.field_info.is_required():
        raise Unfit
    return field.default


def _fit(field: ModelField, value: Any) -> Any:
    if value is _NOTHING:
        raise Unfit
    fit, errors = field.validate(value)
    if errors:
        raise Unfit
    return fit
