"""JetStream asked by its own API, for what the client has no call for: here, or at another node over a line."""

import asyncio
import json
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import NoRespondersError

HERE = "$JS.API"
ANSWER_SECONDS_MAX = 5.0

#: How much of a snapshot goes in one message.
CHUNK_BYTES = 128 * 1024

#: So many times, a tenth of a second apart.
NOBODY_THERE_MAX = 50


class Refused(Exception):
    """JetStream said no."""


async def ask(
    client: Client,
    what: str,
    body: Any = None,
    *,
    api: str = HERE,
    seconds: float = ANSWER_SECONDS_MAX,
    tries: int = 1,
) -> Any:
    """A question; raises `Refused` with what JetStream says is wrong. `tries` is how often, while nobody is there."""
    asked = json.dumps(body).encode() if body is not None else b""
    return _checked(what, await _request(client, f"{api}.{what}", asked, seconds, tries))


async def every(client: Client, what: str, named: str, **how: Any) -> list[Any]:
    """All of a list that comes a page at a time, under a name; asked as by `ask`."""
    found: list[Any] = []
    while True:
        told = await ask(client, what, {"offset": len(found)}, **how)
        page = told.get(named) or []
        found += page
        if not page or len(found) >= told["total"]:
            return found


async def restore(
    client: Client, stream: str, begun: dict[str, Any], parts: Iterable[bytes], *, seconds: float = ANSWER_SECONDS_MAX
) -> None:
    """Makes a stream from a snapshot, of which `begun` is the config and the state."""
    how: Any = {"seconds": seconds, "tries": NOBODY_THERE_MAX}
    taking = await ask(client, f"STREAM.RESTORE.{stream}", begun, **how)
    for part in parts:
        await _request(client, taking["deliver_subject"], part, **how)
    _checked(stream, await _request(client, taking["deliver_subject"], b"", **how))


async def _request(client: Client, subject: str, data: bytes, seconds: float, tries: int) -> Msg:
    """Asked again while nobody is there: of several servers, the others know a moment later which of them answers."""
    for _ in range(tries - 1):
        with suppress(NoRespondersError):
            return await client.request(subject, data, timeout=seconds)
        await asyncio.sleep(0.1)
    return await client.request(subject, data, timeout=seconds)


def _checked(what: str, answer: Msg) -> Any:
    try:
        told = json.loads(answer.data)
    except (ValueError, RecursionError):  # at the other end of a line may be anybody
        told = None
    if not isinstance(told, dict) or not isinstance(told.get("error", {}), dict):
        raise Refused(f"{what}: no answer of JetStream")
    if "error" in told:
        raise Refused(f"{what}: {told['error'].get('description')}")
    return told
