"""Calls to the services: over connections that are kept, again when that is safe, and with a problem when it fails.

aiohttp, not httpx: forwarding a call over httpx took four times the processor's time of aiohttp with one call under
way, and ten times with sixteen, most of it in the pool (measured on httpcore 1.0.9 and aiohttp 3.14.5).
"""

import asyncio
import hashlib
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import aiohttp
from pydantic_core import from_json, to_json
from yarl import URL

from chassis import Problem
from chassis.problems import Unavailable
from chassis.telemetry import log, traceparent
from contracts.event import new_id
from services.gateway.rules import SAFE_METHODS
from services.gateway.settings import GatewaySettings

PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.05, 0.4

Headers = Sequence[tuple[str, str]]


class TookTooLong(Problem, slug="took-too-long", status=504, title="This took too long"):
    """A service did not answer in time. It may still do what was asked: repeat it with the same Idempotency-Key."""


class AnswerLost(Problem, slug="answer-lost", status=502, title="The answer got lost on its way"):
    """A service broke off. Whether it did what was asked is not known: repeat it with the same Idempotency-Key."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read whole."""

    status: int
    content: bytes
    media_type: str | None

    def json(self) -> Any:
        """What it says."""
        return from_json(self.content)


class Upstreams:
    """The services of this node, by name."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._settings = settings
        self._urls = settings.service_urls
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
        streams: bool = False,
    ) -> aiohttp.ClientResponse:
        """A call whose answer is read by the caller, who must close it. `target` is a path with its query, encoded.

        While nobody listens nothing was sent, so it is tried again for as long as a restart takes. When a connection
        broke, the call is only sent again when it is `repeatable`. What `streams` keeps its connection for long, and
        so takes none of those that the other calls share.
        """
        client = self._streaming_client if streams else self._client
        url, pause, began = URL(self._urls[service] + target, encoded=True), PAUSE_SECONDS_FIRST, time.monotonic()
        while True:
            try:
                with _as_problems():
                    answer = await client.request(
                        method, url, headers=headers, data=content or None, allow_redirects=False
                    )
            except aiohttp.ClientError as error:
                if not isinstance(error, aiohttp.ClientConnectorError) and not repeatable:
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
        self,
        service: str,
        method: str,
        target: str,
        *,
        token: str | None,
        body: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        once: str | None = None,
    ) -> Answer:
        """A call of the gateway's own, with its answer read; it is safe to be repeated by its Idempotency-Key.

        What asks the same again with the same `once` has no second effect; what asks something else is another call.
        """
        headers = [("Accept", "application/json"), *on_behalf(token)]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
        if if_match is not None:
            headers.append(("If-Match", if_match))
        content = to_json(body) if body is not None else b""
        if method not in SAFE_METHODS:
            headers.append(("Idempotency-Key", _key(once, target, content) if once else new_id()))
        async with await self.send(service, method, target, headers, content, repeatable=True) as answer:
            return Answer(answer.status, await whole(answer), answer.headers.get("Content-Type"))

    async def probe(self, service: str) -> str:
        """Whether a service says that it can do its work, asked for a second at most."""
        patience = aiohttp.ClientTimeout(total=1.0)
        try:
            async with self._client.get(f"{self._urls[service]}/health/ready", timeout=patience) as answer:
                return "ready" if answer.status == 200 else "not ready"
        except (aiohttp.ClientError, TimeoutError):
            return "away"

    async def close(self) -> None:
        """Closes the connections."""
        await asyncio.gather(self._client.close(), self._streaming_client.close())

    @cached_property
    def _client(self) -> aiohttp.ClientSession:  # it belongs to the loop that it is first used in
        # A service that hangs leaves half of them to the others, without which no page is shown.
        most = self._settings.connections_max
        return self._new_client(most, of_one_service_max=max(most // 2, 1))

    @cached_property
    def _streaming_client(self) -> aiohttp.ClientSession:
        return self._new_client(self._settings.streams_max)

    def _new_client(self, connections_max: int, *, of_one_service_max: int = 0) -> aiohttp.ClientSession:
        settings = self._settings
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=connections_max,
                limit_per_host=of_one_service_max,
                keepalive_timeout=4.0,  # services close a silent connection after 5 s
            ),
            timeout=aiohttp.ClientTimeout(
                total=None, connect=settings.connect_seconds_max, sock_read=settings.answer_seconds_max
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
            auto_decompress=False,
            trust_env=False,
        )


async def whole(answer: aiohttp.ClientResponse) -> bytes:
    """All that an answer says; raises `AnswerLost` or another problem when it breaks off or falls silent."""
    try:
        with _as_problems():
            return await answer.read()
    except aiohttp.ClientError as error:
        raise AnswerLost from error


def on_behalf(token: str | None) -> Headers:
    """The headers that say for whom a call is, and in which trace it is made."""
    told = []
    if token:
        told.append(("Authorization", f"Bearer {token}"))
    if trace := traceparent():
        told.append(("traceparent", trace))
    return told


def _key(once: str, target: str, content: bytes) -> str:
    """What is asked is in it: the same key with another body would be refused."""
    return hashlib.sha256(b"\0".join((once.encode(), target.encode(), content))).hexdigest()


@contextmanager
def _as_problems() -> Iterator[None]:
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:  # nobody there, or more calls under way than connections
        raise Unavailable("a service cannot be reached") from error
    except TimeoutError as error:
        raise TookTooLong from error
