"""A partner's endpoint, as the tests need it: what came in, and what it answers."""

import base64
import hashlib
import hmac
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from tests.listening import listening


@dataclass
class Endpoint:
    """What came in; the next answers in their order, and then 204."""

    url: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: deque[Any] = field(default_factory=deque)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of the calls."""
        return [json.loads(body) for _, body in self.calls]

    def signed_with(self, secret: str, call: int = -1) -> bool:
        """Whether one of the signatures of a call is that of a secret, by the words of Standard Webhooks."""
        headers, body = self.calls[call]
        assert abs(int(headers["webhook-timestamp"]) - datetime.now(UTC).timestamp()) < 7 * 24 * 3600
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(secret.removeprefix("whsec_"))
        own = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        return own in headers["webhook-signature"].split(" ")

    async def take(self, request: web.Request) -> web.StreamResponse:
        """Notes a call and answers it."""
        self.calls.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        answer = self.answers.popleft() if self.answers else web.Response(status=204)
        return await answer(request) if callable(answer) else answer


@asynccontextmanager
async def an_endpoint(*answers: Any) -> AsyncIterator[Endpoint]:
    """An endpoint that listens: an answer is a response, or a function that makes one of the request."""
    made = Endpoint(answers=deque(answers))
    async with listening("/hooks", made.take) as url:
        made.url = f"{url}/hooks"
        yield made
