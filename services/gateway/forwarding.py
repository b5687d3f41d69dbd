"""Calls to the API that a service answers: who asks is made sure of here, and then the call goes on as it is."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING
from urllib.parse import quote

import aiohttp
from fastapi import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from chassis.identity import NotSignedIn
from chassis.problems import Unavailable
from chassis.tasks import ended
from chassis.telemetry import log
from services.gateway.callers import Caller, Callers
from services.gateway.catalogue import Catalogue, Route
from services.gateway.identities import Identities
from services.gateway.limiting import RateLimits
from services.gateway.rules import SAFE_METHODS
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings
from services.gateway.upstreams import AnswerLost, Headers, TookTooLong, Upstreams, on_behalf

if TYPE_CHECKING:
    from chassis import Service

#: What a service is told of the request; everything else stays here: Authorization, Cookie, Forwarded, X-...
REQUEST_HEADERS = frozenset(
    {
        b"accept",
        b"accept-language",
        b"content-type",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"last-event-id",
        b"prefer",
        b"tracestate",
    }
)

#: What the public is not told of the answer: what holds for one connection only, and what only we may say.
NOT_ANSWERED = frozenset(
    {
        b"connection",
        b"date",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"server",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)

_QUERY_CHARACTERS = "!$%&'()*+,-./:;=?@[]_~"


class Forwarder:
    """ASGI app for `/api/v1/...`, where no route of the gateway's own fits."""

    def __init__(
        self,
        service: "Service",
        settings: GatewaySettings,
        *,
        callers: Callers,
        catalogue: Catalogue,
        identities: Identities,
        limits: RateLimits,
        sessions: Sessions,
        upstreams: Upstreams,
    ) -> None:
        self._service, self._settings = service, settings
        self._callers, self._catalogue, self._identities = callers, catalogue, identities
        self._limits, self._sessions, self._upstreams = limits, sessions, upstreams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with what the service answers, or with a problem."""
        request = Request(scope, receive)
        parts = tuple(scope["path"].removeprefix(scope["root_path"]).split("/")[1:])
        route = await self._catalogue.route(request.method, parts)
        scope["route"] = _Named(f"/api{route.template}")  # the trace's name, without ids
        caller = await self._let_in(request, route)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        target = "/v1/" + "/".join(quote(part, safe="") for part in parts) + query_of(scope["query_string"])
        token = self._identities.token(caller.identity, route.service) if caller else None
        headers = [*_told(scope["headers"]), *on_behalf(token)]
        repeatable = request.method in SAFE_METHODS or "idempotency-key" in request.headers
        async with await self._upstreams.send(
            route.service, request.method, target, headers, body, repeatable=repeatable, streams=route.streams
        ) as answer:
            await self._pass_on(answer, receive, send, caller)

    async def _let_in(self, request: Request, route: Route) -> Caller | None:
        if route.is_open(request.method):
            await self._limits.count("address", address := self._callers.address(request))
            if (request.method, route.template) == ("POST", "/v1/members"):
                await self._limits.count("join", address)
            return None
        self._callers.check_command(request)
        caller = await self._callers.who(request)
        if caller is None:
            raise NotSignedIn
        return caller

    async def _pass_on(
        self, answer: aiohttp.ClientResponse, receive: Receive, send: Send, caller: Caller | None
    ) -> None:
        await send({"type": "http.response.start", "status": answer.status, "headers": answered(answer.raw_headers)})
        if answer.content_type == "text/event-stream":
            await self._stream(answer, receive, send, caller)
            return
        try:
            async for part in answer.content.iter_any():
                await send({"type": "http.response.body", "body": part, "more_body": True})
        except (aiohttp.ClientError, TimeoutError):  # what is sent is sent: the client sees that the end lacks
            log.warning("a service broke off while answering")
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(
        self, answer: aiohttp.ClientResponse, receive: Receive, send: Send, caller: Caller | None
    ) -> None:
        """Events as they come, until the service or this process stops, the client leaves or takes no more, or the
        caller is another.
        """
        passing = asyncio.create_task(self._pass_events(answer, send))
        leaving = asyncio.create_task(_left(receive))
        ending = asyncio.create_task(self._ended(caller))
        stopping = asyncio.create_task(self._service.app.state.stopping.wait())
        try:
            await asyncio.wait({passing, leaving, ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await ended(passing, leaving, ending, stopping)
        # Not even the end, for which we would wait.
        takes_no_more = not passing.cancelled() and isinstance(passing.exception(), TimeoutError)
        if leaving.cancelled() and not takes_no_more:
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _pass_events(self, answer: aiohttp.ClientResponse, send: Send) -> None:
        async for part in answer.content.iter_any():
            async with asyncio.timeout(self._settings.stream_send_seconds_max):
                await send({"type": "http.response.body", "body": part, "more_body": True})

    async def _ended(self, caller: Caller | None) -> None:
        while caller is None or await self._is_as_before(caller):
            await asyncio.sleep(max(self._settings.session_cached_seconds, 0.1))

    async def _is_as_before(self, caller: Caller) -> bool:
        """Whether the session lives, and is of a person with the same references as when the stream began."""
        if not await self._sessions.is_live(caller.session, self._service.now()):
            return False
        try:
            person = await self._identities.of(caller.session.member_id)
        except (Unavailable, TookTooLong, AnswerLost):  # while members is away nobody is merged or parted
            return True
        return person is not None and set(person.references) == set(caller.identity.references)


class _Named:
    """What a trace asks a route for."""

    def __init__(self, path: str) -> None:
        self.path = path


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _told(headers: Sequence[tuple[bytes, bytes]]) -> Headers:
    told = [(name.decode(), value) for name, value in headers if name in REQUEST_HEADERS]
    if not all(value.isascii() for _, value in told):
        raise HTTPException(400)
    return [(name, value.decode()) for name, value in told]


def answered(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """What the public is told of the answer of a service."""
    told = [(name.lower(), value) for name, value in headers]
    own = {part.strip().lower() for name, value in told if name == b"connection" for part in value.split(b",")}
    return [
        (name, b"/api" + value if name == b"location" and value.startswith(b"/v1/") else value)
        for name, value in told
        if name not in NOT_ANSWERED and name not in own
    ]


def query_of(query: bytes) -> str:
    """A query as it goes on, encoded where that lacks."""
    return "?" + quote(query, safe=_QUERY_CHARACTERS) if query else ""
