"""A node that joins, or lets the first region in, while it runs: from its next start on it misses nothing."""

from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import asyncpg
import nats
import pytest

from contracts.envelope import encode
from contracts.event import new_id
from node.links.register import Register
from node.node import Node
from node.part import free_port
from tests.given import eventually
from tests.lines.country import Country, Place, is_up_to_date, placed
from tests.matching.conftest import an_offer
from tests.node.commands import odh
from tests.story.conftest import COMPILED

pytestmark = pytest.mark.timeout(200)


async def has_looked_again(place: Place | Node, register: Register) -> None:
    """Returns when it knows its lines, and has since gone round once: it knows what was changed after that too."""
    assert place.keeper is not None
    for _ in range(2):
        register.partners.add(f"partner-{new_id()}", old_until=datetime.now(UTC))

        async def has_looked() -> bool:
            return place.keeper is not None and is_up_to_date(place.keeper)

        await eventually(has_looked, saying="a keeper that has looked again")


async def test_a_region_that_joins_while_it_runs_hears_the_nation_from_its_next_start_on(another_country: Country):
    """Services that run do not know of a nation yet, and let go what comes of it."""
    hub = another_country.hub
    await hub.start()
    await hub.says("o1", wire="requests.offer-placed")
    zeeland = another_country.regions["zeeland"] = Place(another_country.folder, "zeeland")
    await zeeland.start()
    runs_as = zeeland.server.pid

    zeeland.register.join(another_country.let_in("zeeland"))
    await has_looked_again(zeeland, zeeland.register)

    assert (zeeland.server.pid, "leafnodes" in zeeland.server.config()) == (runs_as, False)
    await zeeland.stop()
    await zeeland.start()
    await zeeland.hears("odh.national.shared.requests.offer-placed.o1")


async def test_a_nation_that_lets_its_first_region_in_hears_it_from_its_next_start_on(tmp_path: Path):
    nation = Place(tmp_path, "nederland")
    await nation.start()

    bundle = nation.register.add("zeeland", f"nats-leaf://{nation.leaf_at}", None)
    await has_looked_again(nation, nation.register)
    assert "leafnodes" not in nation.server.config()
    await nation.stop()
    await nation.start()

    zeeland = Place(tmp_path, "zeeland")
    zeeland.register.join(bundle)
    await zeeland.start()
    await zeeland.says("r1")
    await nation.hears(*placed(zeeland, "r1"))
    await zeeland.stop()
    await nation.stop()


@pytest.fixture
async def alone(run_directory: Path):
    """Two whole nodes that run and do not know each other, with matching as the one that hears."""
    nodes = [
        Node(
            run_directory / f"{name}-{new_id()}", name=name, gateway_port=free_port(), services=("members", "matching")
        )
        for name in ("nederland", "zeeland")
    ]
    for node in nodes:
        node.settings |= COMPILED | {"ODH_EMBEDDING_MODEL": "none"}
        await node.start()
    yield nodes
    for node in nodes:
        await node.stop()


async def offers(node: Node) -> str:
    """Something is offered on a node, and its id."""
    event = an_offer()
    client = await nats.connect(node.nats.url)
    body = encode(event, event_id=new_id(), node=node.name, time=datetime.now(UTC), traceparent=None)
    await client.jetstream().publish(event.subject(node.name), body)
    await client.close()
    return event.entity_id


async def rows(node: Node, service: str, query: str) -> list[str]:
    with suppress(asyncpg.UndefinedTableError):
        connection = await asyncpg.connect(node.postgres.url(service).replace("+asyncpg", ""), ssl=False)
        try:
            return [row[0] for row in await connection.fetch(query)]
        finally:
            await connection.close()
    return []


async def knows(node: Node, other: str, offer_id: str) -> bool:
    """Whether a node has what another offers, and its key."""
    offered = await rows(node, "matching", "SELECT proposition_id FROM proposition")
    return offer_id in offered and other in await rows(node, "members", "SELECT node FROM other_node")


@pytest.mark.long
@pytest.mark.whole_node
async def test_what_was_offered_before_two_running_nodes_joined_is_known_in_both(alone, tmp_path):
    nation, region = alone
    offered = {node.name: await offers(node) for node in alone}
    bundle = tmp_path / "zeeland.json"

    let_in = await odh("nodes", "add-region", "zeeland", f"--data={nation.data}", f"--to={bundle}")
    joined = await odh("nodes", "join", str(bundle), f"--data={region.data}")
    for node in alone:
        await has_looked_again(node, node.lines)
    for node in alone:
        await node.stop()
        await node.start()

    for node, other in ((region, nation), (nation, region)):
        await eventually(partial(knows, node, other.name, offered[other.name]), saying=f"{other.name} in {node.name}")
    assert ("restart the node" in let_in.out, "restart the node" in joined.out) == (True, True)


@pytest.mark.long
@pytest.mark.whole_node
async def test_up_does_not_let_a_node_join_that_runs(alone, tmp_path):
    nation, region = alone
    bundle = tmp_path / "zeeland.json"
    await odh("nodes", "add-region", "zeeland", f"--data={nation.data}", f"--to={bundle}")

    refused = await odh("up", f"--data={region.data}", f"--port={free_port()}", f"--join={bundle}")

    assert (refused.code, "er draait al een node" in refused.err) == (1, True)
    assert region.lines.line is None
