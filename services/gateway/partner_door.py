"""The door of partner networks, `/partners/v1/...`: who they are, partners itself makes sure of; the call goes on."""

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from services.gateway.callers import Callers
from services.gateway.catalogue import MethodNotServed, NotServed
from services.gateway.forwarding import answered, query_of
from services.gateway.limiting import RateLimits
from services.gateway.upstreams import Upstreams, on_behalf, whole

#: What partners serves here, and with which methods; `*` is an id or a name.
ROUTES = {
    ("v1", "token"): ("POST",),
    ("v1", "events"): ("GET", "POST"),
    ("v1", "checks"): ("POST",),
    ("v1", "receipts", "*"): ("GET",),
    ("v1", "news"): ("GET",),
    ("v1", "schemas"): ("GET",),
    ("v1", "schemas", "*"): ("GET",),
    ("openapi.json",): ("GET",),
}

#: Of the request partners is told these, and the attributes of an event in binary form.
TOLD = frozenset({"authorization", "content-type", "accept"})


class PartnerDoor:
    """ASGI app; a request to it comes from another system and has no session."""

    def __init__(self, *, callers: Callers, limits: RateLimits, upstreams: Upstreams) -> None:
        self._callers, self._limits, self._upstreams = callers, limits, upstreams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers with what partners answers, or with a problem."""
        request = Request(scope, receive)
        path = scope["path"].removeprefix(scope["root_path"])
        methods = _methods(tuple(path.split("/")[1:]))
        if not methods or "partners" not in self._upstreams.services:
            raise NotServed
        if request.method not in methods:
            raise MethodNotServed(headers={"Allow": ", ".join(methods)})
        # Whoever has no good token is counted here, and what a partner pushes is counted by partners.
        address = self._callers.address(request)
        shows_token = "authorization" in request.headers and path != "/v1/token"
        if shows_token:
            await self._limits.check("partners-door", address)
        else:
            await self._limits.count("partners-door", address)
        try:
            body = await request.body()
        except ClientDisconnect:
            return
        headers = [*_told(request), *on_behalf(None)]
        target = path + query_of(scope["query_string"])
        # A source and id counts once, so that all may be sent again but what a token is asked with.
        may_repeat = path != "/v1/token"
        sending = self._upstreams.send("partners", request.method, target, headers, body, repeatable=may_repeat)
        async with await sending as got:
            answer = Response(await whole(got), got.status)
            answer.raw_headers = answered(got.raw_headers)
        if shows_token and answer.status_code == 401:
            await self._limits.count("partners-door", address)
        await answer(scope, receive, send)


def _methods(parts: tuple[str, ...]) -> tuple[str, ...]:
    for route, methods in ROUTES.items():
        if len(route) == len(parts) and all(own in (part, "*") for own, part in zip(route, parts, strict=True)):
            is_plain = all(part.replace("-", "").replace(".", "").replace("_", "").isalnum() for part in parts)
            return methods if is_plain and all(part.isascii() for part in parts) else ()
    return ()


def _told(request: Request) -> list[tuple[str, str]]:
    told = [(name, value) for name, value in request.headers.items() if name in TOLD or name.startswith("ce-")]
    return [(name, value) for name, value in told if value.isascii() and value.isprintable()]
