"""A line between nodes or to a database, as a TCP proxy that can be cut, made slow, left half open, or lose answers.

Only tests have one.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any, Literal

from node.part import free_port

Way = Literal["there", "back"]
BOTH: tuple[Way, ...] = ("there", "back")


class Line:
    """Carries what comes in at `port` to a port of this machine, and back.

    `lost` are the ways on which everything that is sent is lost, while both ends think that they are connected. As
    behind a router that forgot them, connections that lost something never recover: an end must find out and call anew.
    """

    def __init__(self, to: int = 0) -> None:
        self.port, self.to = free_port(), to
        self._is_cut, self._late_seconds = False, 0.0
        self._unanswered, self._every, self._asked = b"", 0, 0
        self.answers_lost = 0
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

    def lose_answers(self, to: bytes, every: int = 1) -> None:
        """Every so often what asks this is done at the other end, and the connection breaks before that is told."""
        self._unanswered, self._every, self._asked, self.answers_lost = to, every, 0, 0

    def mend(self) -> None:
        """Whoever calls from now on gets through, at once."""
        self._is_cut, self._late_seconds, self._lost, self._every = False, 0.0, (), 0

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with closing(writer):
            if self._is_cut:
                return
            with suppress(OSError):
                there, back = await asyncio.open_connection("127.0.0.1", self.to)
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
                    if way == "back" and connection.is_unanswered:
                        self.answers_lost += 1
                        connection.abort()
                        return
                    if way == "there" and self._every and self._unanswered in data:
                        self._asked += 1
                        connection.is_unanswered = self._asked % self._every == 0
                    if way not in connection.lost:
                        writer.write(data)
                        await writer.drain()


class _Connection:
    """One that is carried: its two ends, the ways on which it loses everything, and whether its next answer is lost."""

    def __init__(self, caller: asyncio.StreamWriter, called: asyncio.StreamWriter, lost: set[Way]) -> None:
        self._ends, self.lost, self.is_unanswered = (caller, called), lost, False

    def abort(self) -> None:
        for end in self._ends:
            end.transport.abort()


class AtTheEndOf:
    """The database server as somebody sees it who reaches it by a line."""

    def __init__(self, postgres: Any, line: Line) -> None:
        self._postgres, self._line = postgres, line

    def url(self, database: str) -> str:
        return str(self._postgres.url(database)).replace(f":{self._postgres.port}/", f":{self._line.port}/")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._postgres, name)


@asynccontextmanager
async def closing(writer: asyncio.StreamWriter) -> AsyncIterator[None]:
    try:
        yield
    finally:
        writer.close()
