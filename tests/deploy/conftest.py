"""One node that compose runs, for every file that looks at one."""

import tempfile
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.deploy.containers import Containers


@pytest.fixture(scope="package")
async def node() -> AsyncIterator[Containers]:
    """A node of its own, and none of it left behind."""
    with tempfile.TemporaryDirectory(prefix="odh-test-") as folder:
        containers = Containers(Path(folder))
        containers.build()
        try:
            containers.up()
            await containers.ready()
            yield containers
        finally:
            containers.down()
