"""A process in which everything goes wrong with something personal in it: what does it log?

Run by `test_telemetry.py`, with a database and a broker to run on; `canary` is what must not be seen.
"""

import asyncio
import logging
import sys
import warnings

import uvicorn
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import telemetry
from chassis.http import CarefulHttp
from contracts.envelope import encode
from contracts.event import Event, new_id
from tests.chassis.lending import TROUBLE, LendingSettings, ToolWanted, service

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def call(port: int, method: str, path: str, body: bytes = b"", kind: str = "application/json") -> None:
    """An HTTP call in a trace of its own."""
    _, writer = reader_writer = await asyncio.open_connection("127.0.0.1", port)
    head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTraceparent: {TRACE}\r\n"
    writer.write(head.encode() + f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    await reader_writer[0].read()
    writer.close()


async def fail_in_the_database(_: Event, session: AsyncSession) -> None:
    """A statement that holds a value, and breaks on it."""
    statement = text("SELECT CAST(:value AS integer)")
    await (await session.connection()).execute(statement, {"value": "canary"})


async def fail_in_the_code(_: Event, __: AsyncSession) -> None:
    """An error that quotes a value."""
    raise ValueError("canary@example.example is not right")


async def forgotten() -> None:
    """A task that nobody looks after."""
    raise RuntimeError("canary")


async def everything_goes_wrong(settings: LendingSettings) -> None:
    """Over HTTP, in handlers, in the database, in libraries."""
    noisy = service(settings)
    telemetry.configure("lending", settings)
    TROUBLE.update({"canary-1": fail_in_the_database, "canary-2": fail_in_the_code})
    config = uvicorn.Config(noisy.app, port=settings.port, http=CarefulHttp, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while set((await noisy.parts()).values()) != {"ready"}:
        await asyncio.sleep(0.02)

    await call(settings.port, "GET", "/v1/broken?says=canary")
    await call(settings.port, "GET", "/v1/tools?limit=canary")
    await call(settings.port, "POST", "/v1/tools", b'{"tool_id": "canary-1", "lent_to": "canary"}')
    await call(settings.port, "POST", "/v1/tools", b'{"tool_id": "canary-2", "lent_to": "canary"}')
    await call(settings.port, "POST", "/v1/tools", b'{"tool_id": "", "lent_to": "canary", "canary": 1}')
    await call(settings.port, "POST", "/v1/tools", b'{"canary')
    await call(settings.port, "POST", "/v1/tools", b"canary", "text/canary")
    for tool_id in TROUBLE:
        event = ToolWanted(tool_id=tool_id, wanted_by="canary")
        body = encode(event, event_id=new_id(), node=settings.node, time=noisy.now(), traceparent=TRACE)
        await noisy.streams.js.publish(event.subject(settings.node), body)
    await noisy.streams.js.publish(ToolWanted(tool_id="x").subject(settings.node), b"canary")
    while (await noisy.streams.js.stream_info(noisy.streams.name("dead"))).state.messages < 3:
        await asyncio.sleep(0.02)

    logging.getLogger("some.library").error("could not send to %s", "canary@example.example")
    try:
        raise ValueError("canary")
    except ValueError:
        logging.getLogger("some.library").exception("Something happened\ncanary")
    task = asyncio.create_task(forgotten())
    await asyncio.sleep(0)
    del task
    warnings.warn("canary", UserWarning, stacklevel=1)
    server.should_exit = True
    await serving
    raise RuntimeError("canary")


if __name__ == "__main__":
    asyncio.run(everything_goes_wrong(LendingSettings.model_validate_json(sys.argv[1])))
