"""A national node and two regions in one process, on one broker: what they have in common is what they say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest

from contracts.envelope import decode
from contracts.event import Event
from contracts.matching import MatchTold
from services.matching.app import service
from tests.given import Clock, Running, eventually, fresh_name, running
from tests.nodes.sourcing import brought, connect


class Country:
    """Matching of three nodes, in the words of these tests."""

    def __init__(self, nation: Running, zeeland: Running, brabant: Running) -> None:
        self.nation, self.zeeland, self.brabant = nation, zeeland, brabant
        self.nodes = (nation, zeeland, brabant)

    async def quiet(self) -> None:
        """Returns when nobody has anything more to hear or to say, and everything said has come to where it goes."""

        async def nothing_moves() -> bool:
            before = await self._heard()
            for node in self.nodes:
                await node.quiet()
            await self.brought()
            return before == await self._heard()

        await eventually(nothing_moves, saying="a quiet country")

    async def brought(self) -> None:
        """Returns when every node has heard all that the others said so far."""
        await brought(self.nation.service.streams.js, [node.service.settings.node for node in self.nodes])

    async def _heard(self) -> list[int]:
        js = self.nation.service.streams.js
        names = [node.service.streams.name(kind) for node in self.nodes for kind in ("shared", "local", "elsewhere")]
        return [(await js.stream_info(name)).state.messages for name in names]

    async def told(self, node: Running) -> list[MatchTold]:
        """What a node was told of matches of others."""
        heard = await node.messages("elsewhere", since_given=True)
        told = [decode(data)[1] for subject, data in heard if ".match-told." in subject]
        return [event for event in told if isinstance(event, MatchTold)]


@pytest.fixture(scope="module")
async def started(postgres: Any, nats: Any) -> AsyncIterator[Country]:
    """Three services for all tests of a file, by words alone."""
    names = [fresh_name(place) for place in ("national", "zeeland", "brabant")]
    async with AsyncExitStack() as stack:
        nodes = [
            await stack.enter_async_context(
                running(
                    service,
                    postgres,
                    nats,
                    node=name,
                    national_node=names[0],
                    embedding_model="none",
                    tell_back_after_seconds=0,
                    overdue_seconds=3600,
                )
            )
            for name in names
        ]
        await connect(nodes[0].service.streams.js, names[0], names[1:])
        yield Country(*nodes)


@pytest.fixture
async def country(started: Country) -> AsyncIterator[Country]:
    """Three nodes that know nothing yet; a test that leaves a dead letter has failed."""
    await started.quiet()
    for node in started.nodes:
        async with node.service.engine.begin() as connection:
            for table in reversed(node.service.tables.metadata.sorted_tables):
                await connection.execute(table.delete())
        node.clock = node.service.clock = Clock()
        await node.given()
    yield started
    await started.quiet()
    for node in started.nodes:
        assert [letter.headers for letter in await node.dead_letters()] == []


async def happen(country: Country, node: Running, *events: Event) -> None:
    """Things happen in a node, and all that comes of it everywhere has come."""
    await node.when(*events)
    await country.quiet()


async def post(client: httpx.AsyncClient, path: str, body: Any = None, status: int = 200) -> Any:
    """What the answer to a call is."""
    answer = await client.post(path, json=body)
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None
