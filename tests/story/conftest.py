"""Whole nodes: every service a process of its own, on real servers."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from node.node import Node
from node.part import free_port

pytest.register_assert_rewrite("tests.story.halfway", "tests.story.ledger")

#: A service that a test starts again and again must not compile itself each time, whatever the shell says.
COMPILED = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode")}


@asynccontextmanager
async def running_node(data: Path, name: str = "test", **settings: str) -> AsyncIterator[Node]:
    """A node of its own; stopped afterwards."""
    node = Node(data, name=name, gateway_port=free_port(), settings=COMPILED | settings)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()
