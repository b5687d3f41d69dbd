"""A line to the database that a test can cut: PostgreSQL itself goes on, as it does for everybody else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from node.part import free_port


class Line:
    """Hands on whatever comes in at its port to a server, and back."""

    def __init__(self, server_port: int) -> None:
        self.port, self._server_port = free_port(), server_port
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Transport] = set()

    async def restore(self) -> None:
        """The line works (again)."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _End(self._open, self._server_port), "127.0.0.1", self.port)

    async def cut(self) -> None:
        """Every connection breaks, and nobody answers a new one."""
        assert self._server is not None
        self._server.close()
        for transport in list(self._open):
            transport.abort()
        await self._server.wait_closed()


class _End(asyncio.Protocol):
    def __init__(self, is_open: set[asyncio.Transport], to_port: int | None, other: "_End | None" = None) -> None:
        self._open, self._to_port, self._other = is_open, to_port, other
        self._early: list[bytes] = []
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._open.add(transport)
        if self._to_port is not None:
            self._connecting = asyncio.ensure_future(self._connect(self._to_port))

    async def _connect(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        _, other = await loop.create_connection(lambda: _End(self._open, None, self), "127.0.0.1", port)
        self._other = other
        for data in self._early:
            self.data_received(data)

    def data_received(self, data: bytes) -> None:
        if self._other is None or self._other.transport is None:
            self._early.append(data)
        else:
            self._other.transport.write(data)

    def connection_lost(self, _: Exception | None) -> None:
        if self.transport is not None:
            self._open.discard(self.transport)
        if self._other is not None and self._other.transport is not None:
            self._other.transport.close()


class AtTheEndOf:
    """The database server as somebody sees it who reaches it by a line."""

    def __init__(self, postgres: Any, line: Line) -> None:
        self._postgres, self._line = postgres, line

    def url(self, database: str) -> str:
        return str(self._postgres.url(database)).replace(f":{self._postgres.port}/", f":{self._line.port}/")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._postgres, name)


@asynccontextmanager
async def a_line(postgres: Any) -> AsyncIterator[Line]:
    """A line to the database server that works."""
    line = Line(postgres.port)
    await line.restore()
    try:
        yield line
    finally:
        await line.cut()
