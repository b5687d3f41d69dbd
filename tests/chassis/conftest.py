"""A running lending service, replicas of it, and servers of a test's own that it may kill."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.js.errors import NotFoundError
from sqlalchemy import text
from sqlmodel import select

from contracts.envelope import decode
from contracts.event import Event, new_id
from node.nats import NatsServer
from node.part import free_port
from node.postgres import PostgresServer
from tests.chassis.lending import TROUBLE, Handling, Tool, ToolLent, ToolWanted, service
from tests.given import Running, eventually, running

#: Where the tiny service is at home.
TINY = Path(__file__).parent


def wanted(tool_id: str, version: int = 1, **fields: Any) -> ToolWanted:
    """Somebody wants a tool."""
    return ToolWanted(tool_id=tool_id, version=version, **fields)


class Lending:
    """The service, in the words of these tests."""

    def __init__(self, started: Running) -> None:
        self.running, self.service = started, started.service
        self._begin = {"shared": 0, "local": 0, "elsewhere": 0, "dead": 0}

    def __getattr__(self, name: str) -> Any:
        return getattr(self.running, name)

    async def begin(self) -> None:
        """Forgets everything, so that the next test finds a service that nobody has asked anything yet."""
        await self.execute("TRUNCATE outbox, inbox, stored_reply, said, tool, handling")
        for kind in self._begin:
            await self.service.streams.js.purge_stream(self.service.streams.name(kind))
            self._begin[kind] = await self.running._last(kind)
        await self.running.given()

    async def messages(self, kind: str) -> list[tuple[str, bytes]]:
        """The subject and the bytes of every message in a stream since the test began, oldest first."""
        found = []
        for number in range(self._begin[kind] + 1, await self.running._last(kind) + 1):
            with suppress(NotFoundError):
                message = await self.service.streams.js.get_msg(self.service.streams.name(kind), number)
                found.append((message.subject or "", message.data or b""))
        return found

    async def lend(self, tool_id: str, *, key: str | None = None, **fields: Any) -> httpx.Response:
        """Asks to lend a tool."""
        headers = {"Idempotency-Key": key} if key else {}
        body = {"tool_id": tool_id, "lent_to": "Noor"} | fields
        return await self.running.http.post("/v1/tools", json=body, headers=headers)

    async def lends(self, tool_id: str, **fields: Any) -> None:
        """Lends a tool, which works."""
        answer = await self.lend(tool_id, **fields)
        assert answer.status_code == 201, answer.text

    async def insists(self, tool_id: str, *, key: str) -> httpx.Response:
        """Asks again under the same key, until it is lent; meanwhile nothing is said but to come back."""
        while (answer := await self.lend(tool_id, key=key)).status_code != 201:
            assert answer.status_code == 503, answer.text
            assert answer.headers["retry-after"]
            await asyncio.sleep(0.05)
        return answer

    async def handlings(self, tool_id: str | None = None) -> list[tuple[str, int, str]]:
        """The effects that handlers had, in their order: tool, version, replica."""
        query = select(Handling).order_by(Handling.handling_id)
        async with self.session() as session:
            found = (await session.exec(query)).all()
        return [(h.tool_id, h.version, h.replica) for h in found if tool_id in (None, h.tool_id)]

    async def handled(self, tool_id: str, *, times: int = 1) -> None:
        """Waits until a tool's events had so many effects."""

        async def so_many() -> bool:
            return len(await self.handlings(tool_id)) == times

        await eventually(so_many, saying=f"{times} effects for {tool_id}")

    async def tool(self, tool_id: str) -> Tool | None:
        """What is stored of a tool."""
        async with self.session() as session:
            found: Tool | None = await session.get(Tool, tool_id)
        return found

    async def outbox(self) -> list[str]:
        """The ids of the tools about which something is still to be said."""
        async with self.service.engine.connect() as connection:
            rows = await connection.execute(text("SELECT entity_id FROM outbox ORDER BY seq"))
            return [row[0] for row in rows]

    async def outbox_empty(self) -> None:
        """Waits until everything was said."""

        async def empty() -> bool:
            return not await self.outbox()

        await eventually(empty, saying="an empty outbox")

    async def stored(self, kind: str = "shared") -> list[tuple[str, Event]]:
        """The events in a stream, with their ids, timers that still wait left out."""
        return [
            (envelope.id, event)
            for subject, data in await self.messages(kind)
            if subject.split(".")[2] != "timer"
            for envelope, event in [decode(data)]
        ]

    async def lent(self) -> list[str]:
        """The tools of the `ToolLent` events in the stream, in their order."""
        return [event.tool_id for _, event in await self.stored() if isinstance(event, ToolLent)]

    async def execute(self, statement: str, **values: Any) -> None:
        """Changes the database behind the service's back."""
        async with self.service.engine.begin() as connection:
            await connection.execute(text(statement), values)

    async def a_dead_letter(self) -> Any:
        """The first dead letter, when it is there."""
        return (await eventually(self.running.dead_letters, saying="a dead letter"))[0]


@pytest.fixture(scope="package")
async def standing(postgres: Any, nats: Any) -> AsyncIterator[Lending]:
    """The service on the shared servers, started once for all tests that leave it as it was."""
    async with lending_on(postgres, nats) as started:
        yield started


@pytest.fixture
async def lending(standing: Lending) -> Lending:
    """A service that nobody has asked anything yet."""
    TROUBLE.clear()
    await standing.begin()
    return standing


@pytest.fixture
async def own_lending(postgres: Any, nats: Any) -> AsyncIterator[Lending]:
    """A service that this test may break."""
    async with lending_on(postgres, nats) as started:
        yield started


@asynccontextmanager
async def lending_on(postgres: Any, nats: Any, **settings: Any) -> AsyncIterator[Lending]:
    """The service on these servers, with other settings than the default ones."""
    async with running(service, postgres, nats, **settings) as started:
        yield Lending(started)


@asynccontextmanager
async def replica_of(lending: Lending, **settings: Any) -> AsyncIterator[Lending]:
    """A second process of the same service, as far as database and broker can tell."""
    async with beside(lending, "lending", **({"replica": "two"} | settings)) as started:
        yield started


@asynccontextmanager
async def beside(lending: Lending, name: str, **settings: Any) -> AsyncIterator[Lending]:
    """A service on the same database and node; under another name it is another service that hears the same."""
    twin = service(lending.service.settings.model_copy(update=settings), name)
    async with twin.app.router.lifespan_context(twin.app):
        started = Lending(Running(twin, lending.running._key, lending.running.clock))
        started._begin = dict(lending._begin)

        async def all_ready() -> bool:
            return set((await twin.parts()).values()) == {"ready"}

        await eventually(all_ready, saying="a ready replica")
        yield started


def part_of(app: Any, kind: type) -> Any:
    """The part of this kind that stands around an app's routes, once it was put together at the first call."""
    part = app.middleware_stack
    while not isinstance(part, kind):
        part = part.app
    return part


@pytest.fixture
def trouble() -> Iterator[dict[str, Callable[..., Any]]]:
    """What goes wrong in the handling of a tool, by its id."""
    TROUBLE.clear()
    yield TROUBLE
    TROUBLE.clear()


@pytest.fixture
def tool_id() -> str:
    """A tool that no other test knows."""
    return f"tool-{new_id()}"


@pytest.fixture
async def own_nats(run_directory: Path) -> AsyncIterator[NatsServer]:
    """A broker that this test may kill."""
    server = NatsServer(run_directory / f"nats-{new_id()}", port=free_port(), monitor_port=free_port(), domain="own")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="package")
async def own_postgres(run_directory: Path) -> AsyncIterator[PostgresServer]:
    """A database server that the tests of this folder may kill, if they start it again."""
    server = PostgresServer(run_directory / "own-postgres", port=free_port())
    await server.start()
    yield server
    await server.stop()


class Gate:
    """A trouble that holds a handler until the test lets it go on."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()

    async def __call__(self, *_: Any) -> None:
        self.reached.set()
        await self.opened.wait()
