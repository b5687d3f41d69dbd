"""Where somebody types who runs a node in containers."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.deploy.containers import Containers
from tests.operating.page import in_containers, with_words

#: How a look at what is behind may end.
TELLS_MORE = (0, 1, 3)


class Desk:
    """Where somebody types what a page says, in the folder of a node."""

    def __init__(self, node: Containers, words: Mapping[str, str], files: Sequence[str] = ()) -> None:
        """`words` are what is otherwise here than on the page; `files` go over the one of a whole node."""
        self.node, self._words = node, words
        self._files = "".join(f" -f {file}" for file in ("docker-compose.yml", *files)) if files else ""

    async def type(self, command: str, *, codes: Sequence[int] = (0,), cwd: Path | None = None) -> str:
        """What it writes; fails when it ends with another code. What was started is healthy when this returns."""
        here = with_words(command, self._words)
        if " -f " not in here:
            here = here.replace("docker compose", f"docker compose{self._files}")
        written = await asyncio.to_thread(self.node.type, here, cwd=cwd, codes=codes)
        if " up " in here or " restart " in here:
            await self.node.healthy()
        return written

    async def follow(self, commands: Sequence[str], *, codes: Sequence[int] = (0,)) -> list[str]:
        """Each command that is for containers, and what it wrote."""
        return [await self.type(one, codes=codes) for one in commands if in_containers(one)]

    async def is_told_no(self, command: str, why: str) -> None:
        with pytest.raises(AssertionError, match=why):
            await self.type(command)


@asynccontextmanager
async def a_node(**told: str) -> AsyncIterator[Containers]:
    """The files of a node in a folder of its own; nothing of it is left behind."""
    with tempfile.TemporaryDirectory(prefix="odh-test-") as folder:
        containers = Containers(Path(folder), **told)
        try:
            yield containers
        finally:
            await asyncio.to_thread(containers.down)
