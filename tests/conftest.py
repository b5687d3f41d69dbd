"""The servers that the tests share: real, started once when the first test asks, in a directory that goes away."""

import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from node import part
from node.nats import NatsServer
from node.part import free_port
from tests.catching import Catcher, catching
from tests.shared_postgres import SharedPostgres

# How long an example takes says more of the machine than of the code.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

# Who runs tests beside others has ports of its own: a server that was killed finds its port free when it starts again.
part.PORTS = part.PORTS[
    int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) :: int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", 1))
]

MEMORY, ROOM_BYTES = Path("/dev/shm"), 4 * 1024**3


@pytest.fixture(scope="session")
def run_directory() -> Iterator[Path]:
    """In memory where there is room: databases and streams are made and thrown away by the hundred.

    Not pytest's own temporary path: PostgreSQL may run as another user, who must be able to pass through.
    """
    directory = Path(tempfile.mkdtemp(prefix="odh-test-", dir=MEMORY if _is_roomy(MEMORY) else None))
    directory.chmod(0o711)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


def _is_roomy(folder: Path) -> bool:
    return os.access(folder, os.W_OK) and shutil.disk_usage(folder).free > ROOM_BYTES


@pytest.fixture(scope="session")
async def postgres(run_directory: Path) -> AsyncIterator[SharedPostgres]:
    """A PostgreSQL server; each test makes the databases it needs."""
    server = SharedPostgres(run_directory / "postgres", port=free_port())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def nats(run_directory: Path) -> AsyncIterator[NatsServer]:
    """A NATS server as `./odh up` starts it; a test that kills it starts it again."""
    server = NatsServer(run_directory / "nats", port=free_port(), monitor_port=free_port(), domain="test")
    await server.start()
    yield server
    await server.stop()


@pytest.fixture(scope="session")
async def mail_catcher() -> AsyncIterator[Catcher]:
    """The mail server of a node that is tried out, shared: a test looks at the mail of its own people."""
    async with catching() as catcher:
        yield catcher


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that start whole nodes take longest, so they come first: where several processes share the tests out, none
    is left alone with one of them at the end.
    """
    longest = {item.path for item in items if item.get_closest_marker("whole_node")}
    items.sort(key=lambda item: item.path not in longest)
