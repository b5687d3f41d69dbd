"""What a request may hold before a route sees it: a limited body, in JSON that reads the same to everybody."""

import asyncio
import json
from math import isfinite
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.problems import InvalidJson, Problem

#: Where in the scope of a call its body stands, as it came, and what it holds, once that was found to be JSON.
BODY, JSON_BODY = "odh.body", "odh.json_body"


class BodyTooLarge(Problem, slug="body-too-large", status=413, title="The body is too large"):
    """More bytes came in than are read."""


class TooSlow(Problem, slug="request-too-slow", status=408, title="The request did not come in in time"):
    """The client began to send something and did not finish."""


class EncodingNotRead(Problem, slug="encoding-not-read", status=415, title="Send the body as it is, not compressed"):
    """A compressed body says nothing of its real size, so none is read."""

    def __init__(self) -> None:
        super().__init__(headers={"Accept-Encoding": "identity"})


class Busy(Problem, slug="busy", status=503, title="Too much is asked at this moment"):
    """More calls wait for an answer than can be given one soon; nothing was done. `Retry-After` says when to repeat."""

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "1"})


#: Whoever asks how a service is, is told however busy it is.
ALWAYS = "/health"


class InvalidAddress(
    Problem, slug="invalid-address", status=400, title="The address has a character that is not allowed"
):
    """No text that is stored holds the character NUL, so nothing can be found by it."""


class LimitBodies:
    """ASGI middleware that reads a body whole, up to the limit, and refuses what nothing behind it should meet.

    A client that sends a byte now and then would keep its connection for ever, so a body must come in time.
    """

    def __init__(self, app: ASGIApp, bytes_max: int, seconds_max: float) -> None:
        self.app, self.bytes_max, self.seconds_max = app, bytes_max, seconds_max

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        try:
            receive = await self._checked(scope, receive)
        except Problem as problem:
            await problem.response()(scope, receive, send)
            return
        await self.app(scope, receive, send)

    async def _checked(self, scope: Scope, receive: Receive) -> Receive:
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            raise InvalidAddress
        headers = Headers(scope=scope)
        told = headers.get("content-length", "")
        if "transfer-encoding" not in headers and told in ("", "0"):
            return receive
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise EncodingNotRead
        if told.isdigit() and int(told) > self.bytes_max:
            raise BodyTooLarge(bytes_max=self.bytes_max)
        try:
            async with asyncio.timeout(self.seconds_max):
                body = await self._whole(receive)
        except TimeoutError:
            raise TooSlow(headers={"Connection": "close"}) from None
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if body is not None and (media_type == "application/json" or media_type.endswith("+json")):
            found = check_json(body)
            if media_type.startswith("application/"):  # FastAPI takes nothing else for JSON
                scope[JSON_BODY] = found
        scope[BODY] = body
        return again(body, receive)

    async def _whole(self, receive: Receive) -> bytes | None:
        """The body, or none when the client left before it was complete."""
        parts, size, more = [], 0, True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > self.bytes_max:
                raise BodyTooLarge(bytes_max=self.bytes_max)
            more = message.get("more_body", False)
        return b"".join(parts)


class Waiting:
    """How many calls wait in a process: their body is there, and their answer has not begun.

    Neither slow clients nor open streams count.
    """

    def __init__(self, calls_max: int) -> None:
        self.calls_max, self.calls = calls_max, 0
        self._coming = 0

    @property
    def is_full(self) -> bool:
        """Whether the next is refused."""
        return self.calls + self._coming >= self.calls_max

    def one_comes(self, loop: asyncio.AbstractEventLoop) -> None:
        """A call came in whole: it counts from now on, and not only when its turn in the event loop comes."""
        if not self._coming:
            loop.call_soon(self._all_came)
        self._coming += 1

    def _all_came(self) -> None:
        """By now each has begun, and waits or was refused."""
        self._coming = 0


class RefuseWhenBusy:
    """ASGI middleware that refuses at once what would only wait, so that what was let in is answered as ever.

    What comes while it is full is refused by `CarefulHttp` already, for much less; this is for what came before that
    could be known, and where something else reads HTTP.
    """

    def __init__(self, app: ASGIApp, waiting: Waiting) -> None:
        self.app, self.waiting = app, waiting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(ALWAYS):
            await self.app(scope, receive, send)
            return
        if self.waiting.calls >= self.waiting.calls_max:
            await Busy().response()(scope, receive, send)
            return
        self.waiting.calls += 1
        waits = True

        def no_longer() -> None:
            nonlocal waits
            self.waiting.calls -= waits
            waits = False

        async def send_counted(message: Message) -> None:
            no_longer()
            await send(message)

        try:
            await self.app(scope, receive, send_counted)
        finally:
            no_longer()


def again(body: bytes | None, receive: Receive) -> Receive:
    """Gives a body that was read already, or tells that its client left, and then what else comes."""
    first: Message | None = {"type": "http.disconnect"}
    if body is not None:
        first = {"type": "http.request", "body": body, "more_body": False}

    async def receive_again() -> Message:
        nonlocal first
        message, first = first, None
        return message or await receive()

    return receive_again


def check_json(body: bytes) -> Any:
    """What a body holds; raises `InvalidJson` for what is not I-JSON (RFC 7493): others could read it differently."""
    try:
        text = body.decode()
        found = _reader.decode(text)
        if "\\u" in text:  # only an escape can hold half a character
            json.dumps(found, ensure_ascii=False).encode()
        return found
    except (ValueError, RecursionError):
        raise InvalidJson from None


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name comes twice")
    return found


def _no_number(_: str) -> None:
    raise ValueError("not a number")


def _finite(digits: str) -> float:
    found = float(digits)
    if not isfinite(found):  # 1e999 is no number to whoever keeps it
        raise ValueError("too large a number")
    return found


_reader = json.JSONDecoder(object_pairs_hook=_without_doubles, parse_constant=_no_number, parse_float=_finite)
