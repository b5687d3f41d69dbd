"""A line between two nodes, as a TCP proxy that can be cut, made slow, or left half open. Only tests have one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Literal

from node.part import free_port

Way = Literal["there", "back"]
BOTH: tuple[Way, ...] = ("there", "back")


class Line:
    """Carries what comes in at `port` to a port of this machine, and back.

    `lost` are the ways on which everything that is sent is lost, while both ends think that they are connected. As
    behind a router that forgot them, connections that lost something never recover: an end must find out and call anew.
    """

    def __init__(self, to: int) -> None:
        self.port, self._to = free_port(), to
        self._is_cut, self._late_seconds = False, 0.0
        self._lost: tuple[Way, ...] = ()
        self._carried: set[_Connection] = set()

    async def __aenter__(self) -> "Line":
        self._server = await asyncio.start_server(self._carry, "127.0.0.1", self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.cut()
        self._server.close()

    def cut(self) -> None:
        """Both ends see that the line is gone, and nobody gets through until it is mended."""
        self._is_cut = True
        for connection in self._carried:
            connection.abort()

    def half_open(self, *ways: Way) -> None:
        """What is sent on these ways, or on both, is lost, and nobody is told."""
        self._lost = ways or BOTH
        for connection in self._carried:
            connection.lost |= set(self._lost)

    def slow(self, seconds: float) -> None:
        """Everything comes so much later."""
        self._late_seconds = seconds

    def mend(self) -> None:
        """Whoever calls from now on gets through, at once."""
        self._is_cut, self._late_seconds, self._lost = False, 0.0, ()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with closing(writer):
            if self._is_cut:
                return
            with suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", self._to)
                connection = _Connection(writer, back, set(self._lost))
                self._carried.add(connection)
                try:
                    async with closing(back):
                        await asyncio.gather(
                            self._copy(connection, "there", reader, back), self._copy(connection, "back", there, writer)
                        )
                finally:
                    self._carried.discard(connection)

    async def _copy(
        self, connection: "_Connection", way: Way, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async with closing(writer):
            with suppress(OSError):
                while data := await reader.read(65536):
                    if self._late_seconds:
                        await asyncio.sleep(self._late_seconds)
                    if way not in connection.lost:
                        writer.write(data)
                        await writer.drain()


class _Connection:
    """One that is carried: its two ends, and the ways on which it loses everything."""

    def __init__(self, caller: asyncio.StreamWriter, called: asyncio.StreamWriter, lost: set[Way]) -> None:
        self._ends, self.lost = (caller, called), lost

    def abort(self) -> None:
        for end in self._ends:
            end.transport.abort()


@asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
