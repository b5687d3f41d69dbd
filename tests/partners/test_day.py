"""A day of all four networks at a node of real processes, through its public door; asked for with PARTNER_DAY=1.

On a machine that does much else it takes minutes, so it is not in the suite.
"""

import asyncio
import os
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from chassis.database import engine_for, sessions_of
from contracts.vocabulary import Network
from node.node import Node
from node.part import free_port
from node.partner_day import day
from node.partner_door import Door
from node.partner_simulate import played
from services.partners import keys
from tests.story.conftest import COMPILED

is_asked = pytest.mark.skipif("PARTNER_DAY" not in os.environ, reason="asked for with PARTNER_DAY=1")
pytestmark = [pytest.mark.whole_node, pytest.mark.timeout(600), is_asked]


async def test_a_day_of_all_four_networks_ends_as_it_should(tmp_path):
    """Out of order, twice, late, withdrawn and wrong, from four systems at the same time."""
    services = ("members", "requests", "partners", "gateway")
    node = Node(tmp_path, name="test", gateway_port=free_port(), services=services, settings=COMPILED)
    await node.start()
    try:
        doors = await the_networks(node)
        days = {network: day(network, f"https://{network}.example", 40, seed=3) for network in doors}

        playing = [asyncio.to_thread(played, doors[network], planned) for network, planned in days.items()]

        assert await asyncio.gather(*playing) == [[], [], [], []]
        assert await count(node, "receipt WHERE ended_at IS NULL") == 0
        assert await count(node, "record WHERE under_way IS NOT NULL") == 0
    finally:
        await node.stop()


async def the_networks(node: Node) -> dict[Network, Door]:
    """Each network as a partner, at the public door."""
    engine, now = engine_for(node.postgres.url("partners"), 2), datetime.now(UTC)
    doors = {}
    async with sessions_of(engine)() as session:
        for network in Network:
            key = await keys.add(session, f"day-{network}", network, f"https://{network}.example", now)
            about = {"client_id": key.client_id, "client_secret": str(key.client_secret)}
            doors[network] = Door(node.url("gateway"), about)
        await session.commit()
    await engine.dispose()
    return doors


async def count(node: Node, of: str) -> int:
    """How many rows partners has."""
    engine = engine_for(node.postgres.url("partners"), 1)
    async with engine.connect() as connection:
        found = (await connection.execute(text(f"SELECT count(*) FROM {of}"))).scalar_one()
    await engine.dispose()
    return int(found)
