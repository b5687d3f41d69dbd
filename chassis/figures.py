"""How far behind a service is: what it has not said, not heard and given up on. For `./odh status` and for metrics.

Every replica tells the same of what they share (the database, the consumers); only `parts` is of the process asked.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError
from pydantic import BaseModel
from sqlalchemy import text

from chassis.identity import FromGateway
from chassis.streams import KINDS

if TYPE_CHECKING:
    from chassis.service import Service

#: What a service tells beside what all do, such as how many mails wait: names in words, joined by dashes.
OwnFigures = Callable[["Service"], Awaitable[dict[str, float]]]

ASKING_SECONDS_MAX = 5.0


class ConsumerFigures(BaseModel):
    """What waits to be heard."""

    name: str
    stream: str
    pending: int
    unacked: int
    redelivered: int


class SourceFigures(BaseModel):
    """What another node told and has not come here yet; `silent_seconds` is none when it was never heard of."""

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
    found.streams = tuple([await _stream(service, kind) for kind in KINDS])


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


async def _stream(service: "Service", kind: str) -> StreamFigures:
    # nats-py leaves out how long ago a source was heard of.
    name = service.streams.name(kind)
    info: dict[str, Any] = await service.streams.js._api_request(f"$JS.API.STREAM.INFO.{name}", b"", timeout=5)
    return StreamFigures(
        name=name,
        messages=info["state"]["messages"],
        bytes=info["state"]["bytes"],
        sources=tuple(
            SourceFigures(
                name=source["name"],
                lag=source.get("lag", 0),
                # The server counts in nanoseconds, and says -1 when it has heard nothing yet.
                silent_seconds=source["active"] / 1e9 if source.get("active", -1) >= 0 else None,
            )
            for source in info.get("sources") or ()
        ),
    )
