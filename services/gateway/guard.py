"""What every request has to pass, and what every answer is given: a limit on heads, and safe headers."""

from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import Problem
from chassis.http import HeadersTooLarge
from services.gateway.callers import NEW_COOKIE
from services.gateway.settings import GatewaySettings

HEADERS_MAX = 100

#: So much may the headers of a request hold together.
HEADER_BYTES_MAX = 16 * 1024

#: For what is no page; a page brings its own.
NOTHING_LOADED = "default-src 'none'; frame-ancestors 'none'"


class HeadAsGet:
    """ASGI middleware: who asks for a head alone is answered as who asks for all, without the body.

    Programs that look at mail ask that of each link before they show it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self.app(scope, receive, send)
            return

        async def send_head(message: Message) -> None:
            if message["type"] == "http.response.start":
                await send(message)
                await send({"type": "http.response.body", "body": b""})  # also of a stream, which would never end

        await self.app({**scope, "method": "GET"}, receive, send_head)


class Guard:
    """ASGI middleware around everything that the gateway serves."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self.app = app
        self._always = {
            "X-Content-Type-Options": "nosniff",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cross-Origin-Opener-Policy": "same-origin",
            "X-Frame-Options": "DENY",
        }
        if settings.is_https:
            self._always["Strict-Transport-Security"] = "max-age=31536000"
        self._unless_said = {
            "Cache-Control": "no-store",
            "Content-Security-Policy": NOTHING_LOADED,
            "Referrer-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        new_cookies: list[tuple[bytes, bytes]] = []
        scope[NEW_COOKIE] = new_cookies

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*new_cookies, *message["headers"]]  # what the answer itself sets comes after
                headers = MutableHeaders(raw=message["headers"])
                headers.update(self._always)
                for name, value in self._unless_said.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["headers"])
        if refusal:
            await refusal.response()(scope, receive, send_safely)
            return
        await self.app(scope, receive, send_safely)

    def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> Problem | None:
        size = count = 0
        for name, value in headers:
            size, count = size + len(name) + len(value), count + 1
        if size > HEADER_BYTES_MAX or count > HEADERS_MAX:
            return HeadersTooLarge(bytes_max=HEADER_BYTES_MAX)
        return None
