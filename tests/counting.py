"""Counts how often a service asks its database: the ways there and back, which cost more than what goes in them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

from sqlalchemy import make_url

#: What a client sends last before it waits for an answer, and after which number in the first message it is let in.
_ASKS, _STARTS = (b"Q", b"S"), 196608


class Ways:
    """A server as `running` takes one, that writes down what it is asked: a statement by itself, or its name."""

    def __init__(self, postgres: Any) -> None:
        self._postgres = postgres
        self.asked: list[str] = []
        self._port = 0

    def url(self, database: str) -> str:
        """Where a database is, by way of this."""
        there = make_url(self._postgres.url(database))
        self._there = there.host, there.port
        return there.set(port=self._port).render_as_string(hide_password=False)

    def create_database(self, name: str) -> Any:
        """Makes an empty database, which a service fills itself."""
        return self._postgres.create_database(name)

    def drop_database(self, name: str) -> Any:
        """Removes a database."""
        return self._postgres.drop_database(name)

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, for as long as it lasts."""
        there, back = await asyncio.open_connection(*self._there)
        answers = asyncio.create_task(_copy(there, writer))
        started = False
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                kind = await reader.readexactly(1) if started else b""
                length = await reader.readexactly(4)
                body = await reader.readexactly(int.from_bytes(length) - 4)
                started = started or int.from_bytes(body[:4]) == _STARTS
                if kind in _ASKS:
                    self.asked.append(body.rstrip(b"\0").decode())
                back.write(kind + length + body)
        back.close()
        await answers


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


@asynccontextmanager
async def counted(postgres: Any) -> AsyncIterator[Ways]:
    """The same server, by way of who counts."""
    ways = Ways(postgres)
    server = await asyncio.start_server(ways.carry, "127.0.0.1", 0)
    ways._port = server.sockets[0].getsockname()[1]
    try:
        yield ways
    finally:
        server.close()
