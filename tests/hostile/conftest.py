"""One node of real processes for all tests of this folder, and new people for each file."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from node.node import Node
from tests.hostile.world import World, a_world
from tests.story.conftest import running_node
from tests.wired import Service, every_service_wired

#: Enough for these people to come in by, and few enough that a flood is seen.
LINKS_PER_HOUR_MAX = 8

SETTINGS = {
    "ODH_EMBEDDING_MODEL": "none",
    "ODH_NATIONAL_NODE": "national",  # which is away
    "ODH_RELAY_POLL_SECONDS": "0.2",
    "ODH_MAIL_POLL_SECONDS": "0.2",
    "ODH_TELL_BACK_AFTER_SECONDS": "2",
    "ODH_PROPOSALS_PER_REQUEST_MAX": "2",
    "ODH_MEMBER_LIMIT": "100000/minute",
    "ODH_ADDRESS_LIMIT": "100000/minute",
    "ODH_SIGN_IN_LINKS_PER_HOUR_MAX": str(LINKS_PER_HOUR_MAX),
    "ODH_SIGN_IN_LIMIT": "100000/minute",
    "ODH_JOIN_LIMIT": "100000/minute",
}


@pytest.fixture(scope="session")
def wired(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Service]:
    """Every service with nothing started: its routes, its description and its tables."""
    return every_service_wired(tmp_path_factory.mktemp("keys"))


@pytest.fixture(scope="package")
async def node(run_directory: Path) -> AsyncIterator[Node]:
    async with running_node(run_directory / "hostile", **SETTINGS) as started:
        yield started


@pytest.fixture(scope="module")
async def world(node: Node) -> AsyncIterator[World]:
    async with a_world(node) as made:
        yield made
