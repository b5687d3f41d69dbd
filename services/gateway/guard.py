"""What every request has to pass, and what every answer is given: limits on heads and bodies, and safe headers."""

import asyncio
from collections.abc import Iterable

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis import Problem
from chassis.http import HeadersTooLarge, TooSlow
from services.gateway.settings import GatewaySettings

HEADERS_MAX = 100

#: For what is no page; a page brings its own.
NOTHING_LOADED = "default-src 'none'; frame-ancestors 'none'"


class Guard:
    """ASGI middleware around everything that the gateway serves."""

    def __init__(self, app: ASGIApp, settings: GatewaySettings) -> None:
        self.app, self._settings = app, settings
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

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message["headers"])
                headers.update(self._always)
                for name, value in self._unless_said.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal(scope["headers"])
        if refusal:
            await refusal.response()(scope, receive, send_safely)
            return
        await self.app(scope, self._in_time(receive) if _has_body(scope["headers"]) else receive, send_safely)

    def _refusal(self, headers: Iterable[tuple[bytes, bytes]]) -> Problem | None:
        size = count = 0
        for name, value in headers:
            size, count = size + len(name) + len(value), count + 1
        if size > self._settings.header_bytes_max or count > HEADERS_MAX:
            return HeadersTooLarge(bytes_max=self._settings.header_bytes_max)
        return None

    def _in_time(self, receive: Receive) -> Receive:
        ends = asyncio.get_running_loop().time() + self._settings.body_seconds_max
        complete = False

        async def receive_in_time() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(ends):
                    message = await receive()
            except TimeoutError:
                raise TooSlow(headers={"Connection": "close"}) from None
            complete = not message.get("more_body", False)
            return message

        return receive_in_time


def _has_body(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" or (name == b"content-length" and value != b"0") for name, value in headers)
