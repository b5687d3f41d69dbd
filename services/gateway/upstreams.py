"""Calls to the services: over connections that are kept, again when that is safe, and with a problem when it fails."""

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import httpx
from pydantic_core import to_json

from chassis import Problem
from chassis.problems import Unavailable
from chassis.telemetry import log, traceparent
from contracts.event import new_id
from services.gateway.rules import SAFE_METHODS
from services.gateway.settings import GatewaySettings

PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.05, 0.4

Headers = Sequence[tuple[bytes, bytes]]


class TookTooLong(Problem, slug="took-too-long", status=504, title="This took too long"):
    """A service did not answer in time. It may still do what was asked: repeat it with the same Idempotency-Key."""


class AnswerLost(Problem, slug="answer-lost", status=502, title="The answer got lost on its way"):
    """A service broke off. Whether it did what was asked is not known: repeat it with the same Idempotency-Key."""


class Upstreams:
    """The services of this node, by name."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._urls = settings.service_urls
        # The transport is httpx's pool without what a client adds: no cookies kept, no redirects followed.
        self._transport = httpx.AsyncHTTPTransport(
            trust_env=False,
            limits=httpx.Limits(
                max_connections=settings.connections_max,
                max_keepalive_connections=settings.connections_max,
                keepalive_expiry=4.0,  # services close a silent connection after 5 s
            ),
        )
        connect, answer = settings.connect_seconds_max, settings.answer_seconds_max
        self._timeouts = {"timeout": {"connect": connect, "pool": connect, "write": answer, "read": answer}}
        self._away_since: dict[str, float] = {}

    @property
    def services(self) -> tuple[str, ...]:
        """The services that the node has."""
        return tuple(self._urls)

    async def send(
        self,
        service: str,
        method: str,
        target: str,
        headers: Headers,
        content: bytes = b"",
        *,
        repeatable: bool = False,
    ) -> httpx.Response:
        """A call whose answer is read by the caller, who must close it. `target` is a path with its query, encoded.

        While nobody listens nothing was sent, so it is tried again for as long as a restart takes. When a connection
        broke, the call is only sent again when it is `repeatable`.
        """
        url, pause = httpx.URL(self._urls[service] + target), PAUSE_SECONDS_FIRST
        began = time.monotonic()
        while True:
            request = httpx.Request(method, url, headers=list(headers), content=content, extensions=self._timeouts)
            try:
                with _as_problems():
                    answer = await self._transport.handle_async_request(request)
            except httpx.TransportError as error:
                if not isinstance(error, httpx.ConnectError) and not repeatable:
                    raise AnswerLost from error
                if service not in self._away_since:
                    log.warning("service is away", upstream=service)
                away_since = self._away_since.setdefault(service, began)
                if time.monotonic() + pause > away_since + self._settings.restart_seconds_max:
                    raise Unavailable(f"{service} is away") from error
            else:
                if self._away_since.pop(service, None):
                    log.info("service is back", upstream=service)
                return answer
            await asyncio.sleep(pause)
            pause = min(pause * 2, PAUSE_SECONDS_MAX)

    async def call(
        self, service: str, method: str, target: str, *, token: str | None, body: Mapping[str, Any] | None = None,
        headers: Headers = (),
    ) -> httpx.Response:  # fmt: skip
        """A call of the gateway's own, with its answer read; it is safe to be repeated by its Idempotency-Key."""
        told = [(b"accept", b"application/json"), *headers, *on_behalf(token)]
        if body is not None:
            told.append((b"content-type", b"application/json"))
        if method not in SAFE_METHODS:
            told.append((b"idempotency-key", new_id().encode()))
        content = to_json(body) if body is not None else b""
        answer = await self.send(service, method, target, told, content, repeatable=True)
        try:
            with _as_problems():
                await answer.aread()
        except httpx.TransportError as error:
            raise AnswerLost from error
        finally:
            await answer.aclose()
        return answer

    async def probe(self, service: str) -> int:
        """The status of a service's readiness, now and not for long."""
        timeouts = {"timeout": dict.fromkeys(("connect", "pool", "write", "read"), 1.0)}
        request = httpx.Request("GET", f"{self._urls[service]}/health/ready", extensions=timeouts)
        answer = await self._transport.handle_async_request(request)
        await answer.aclose()
        return answer.status_code

    async def close(self) -> None:
        """Closes the connections."""
        await self._transport.aclose()


def on_behalf(token: str | None) -> Headers:
    """The headers that say for whom a call is, and in which trace it is made."""
    told = []
    if token:
        told.append((b"authorization", f"Bearer {token}".encode()))
    if trace := traceparent():
        told.append((b"traceparent", trace.encode()))
    return told


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise Unavailable("a service cannot be reached") from error
    except httpx.PoolTimeout as error:  # more calls are under way than there are connections
        raise Unavailable from error
    except httpx.TimeoutException as error:
        raise TookTooLong from error
