"""How far behind a service is: what it has not said, not heard and given up on. For `./odh status` and for metrics.

Every replica tells the same of what they share (the database, the consumers); only `parts` is of the process asked.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from pydantic import BaseModel
from sqlalchemy import text

from chassis.identity import FromGateway
from chassis.streams import Streams

if TYPE_CHECKING:
    from chassis.service import Service

#: What a service tells beside what all do, such as how many mails wait: names in words, joined by dashes.
OwnFigures = Callable[["Service"], Awaitable[dict[str, float]]]

ASKING_SECONDS_MAX = 5.0

#: Before the name of a source, in the metadata of the stream: when it was last heard, in seconds since 1970.
HEARD = "heard."


class ConsumerFigures(BaseModel):
    """What waits to be heard."""

    name: str
    stream: str
    pending: int
    unacked: int
    redelivered: int


class SourceFigures(BaseModel):
    """What another node told and has not come here yet.

    `silent_seconds` goes on for one that was never heard of, from when it was to be; none where nobody keeps the lines.
    """

    name: str
    lag: int
    silent_seconds: float | None


class StreamFigures(BaseModel):
    """What the broker keeps."""

    name: str
    messages: int
    bytes: int
    sources: tuple[SourceFigures, ...] = ()


class Figures(BaseModel):
    """A service, as it is now. What cannot be asked (the broker is away) is left out, and `parts` says so."""

    service: str
    node: str
    parts: dict[str, str]
    unsent: int | None = None
    oldest_unsent_seconds: float | None = None
    consumers: tuple[ConsumerFigures, ...] = ()
    dead_letters: int | None = None
    streams: tuple[StreamFigures, ...] = ()
    own: dict[str, float] = {}


router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/figures", response_model=Figures)
async def show_figures(request: Request, _: FromGateway) -> Figures:
    """For who looks after the node, by way of the gateway's key."""
    return await figures_of(request.app.state.service)


async def figures_of(service: "Service") -> Figures:
    """Asked anew; takes a few statements and a question to the broker for each consumer."""
    found = Figures(service=service.name, node=service.settings.node, parts=await service.all_parts())
    # A part that is away has told so in `parts`, and takes nothing of what the other one tells.
    with contextlib.suppress(Exception):
        async with asyncio.timeout(ASKING_SECONDS_MAX):
            await _ask_database(service, found)
    if service.streams.is_ready:
        with contextlib.suppress(NatsError, TimeoutError, OSError):
            async with asyncio.timeout(ASKING_SECONDS_MAX):
                await _ask_broker(service, found)
    return found


_OUTBOX = text(
    "SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(said_at)), 0) AS oldest_seconds FROM outbox"
)


async def _ask_database(service: "Service", found: Figures) -> None:
    if not service.is_migrated:
        return
    async with service.engine.connect() as connection:
        count, oldest_seconds = (await connection.execute(_OUTBOX)).one()
    found.unsent, found.oldest_unsent_seconds = int(count), max(float(oldest_seconds), 0.0)
    if service.own_figures:
        found.own = await service.own_figures(service)


async def _ask_broker(service: "Service", found: Figures) -> None:
    js = service.streams.js
    infos = await asyncio.gather(*(_consumer(service, consumer) for consumer in service.consumers))
    found.consumers = tuple(info for info in infos if info)
    buried = f"odh.{service.settings.node}.dead.{service.name}.>"
    dead = await js.stream_info(service.streams.name("dead"), subjects_filter=buried)
    found.dead_letters = sum((dead.state.subjects or {}).values())
    found.streams = tuple([await stream_of(service.streams, kind) for kind in service.streams.kinds])


async def _consumer(service: "Service", consumer: Any) -> ConsumerFigures | None:
    try:
        info = await service.streams.js.consumer_info(consumer.stream, consumer.name)
    except NotFoundError:  # not made yet
        return None
    return ConsumerFigures(
        name=consumer.name,
        stream=consumer.stream,
        pending=info.num_pending or 0,
        unacked=info.num_ack_pending or 0,
        redelivered=info.num_redelivered or 0,
    )


async def stream_of(streams: Streams, kind: str) -> StreamFigures:
    """One of the node's own streams; the broker is asked by its API, for nats-py leaves out when a source was heard."""
    name = streams.name(kind)
    info: dict[str, Any] = await streams.js._api_request(f"$JS.API.STREAM.INFO.{name}", b"", timeout=5)
    state = info["state"]
    return StreamFigures(name=name, messages=state["messages"], bytes=state["bytes"], sources=sources_of(info))


def sources_of(info: dict[str, Any]) -> tuple[SourceFigures, ...]:
    """What a stream takes from other nodes, also from one that is not there to be taken from.

    The server counts from when it called last, which it is made to do again and again while nothing is heard
    (`node.links.sourcing`), and says -1 until something comes. What was heard before that is noted with the stream.
    """
    known = {one["name"]: one for one in info.get("sources") or ()}
    noted = {
        key.removeprefix(HEARD): time.time() - float(at)
        for key, at in (info["config"].get("metadata") or {}).items()
        if key.startswith(HEARD)
    }
    found = []
    for name in sorted(known.keys() | noted.keys()):
        one = known.get(name, {})
        heard, silent = one.get("active", -1) / 1e9, noted.get(name)
        silent = heard if heard >= 0 else silent and max(silent, 0.0)
        found.append(SourceFigures(name=name, lag=one.get("lag", 0), silent_seconds=silent))
    return tuple(found)
