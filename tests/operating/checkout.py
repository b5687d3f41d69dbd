"""The project as somebody has it who works with `./odh`: a copy of its own, with an environment that is there."""

import asyncio
import shutil
import signal
import sys
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from node import ROOT
from tests.node.commands import ENVIRONMENT, Up
from tests.operating.page import Page, in_containers, with_words

CODE = ("contracts", "chassis", "services", "node", "bench")


class Checkout:
    """Commands are typed in its folder, and the node's folder is in it."""

    def __init__(self, folder: Path, words: Mapping[str, str], **told: str) -> None:
        """`words` are what is otherwise here than on the page; `told` is what the shell says to every command."""
        for name in CODE:
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".venv").symlink_to(sys.prefix)
        # Nothing is to be installed; and a path is meant from here, wherever the tests were started.
        (folder / "odh").write_text('#!/bin/sh\nODH_CALLED_FROM="$PWD" exec .venv/bin/python -m node "$@"\n')
        (folder / "odh").chmod(0o755)
        self.folder, self.words = folder, words
        own = {"PYTHONPATH": "", "PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONUNBUFFERED": "1"}
        self._told = ENVIRONMENT | own | told

    async def type(self, command: str, *, codes: Sequence[int] = (0,)) -> str:
        """What it writes; fails when it ends with another code."""
        process = await self._start(command)
        written, _ = await process.communicate()
        assert process.returncode in codes, f"{command}\nended with {process.returncode}:\n{written.decode()}"
        return written.decode()

    async def follow(self, page: Page, heading: str, *, codes: Sequence[int] = (0,)) -> list[str]:
        """Each command under the heading that is not for containers, and what it wrote."""
        return [await self.type(one, codes=codes) for one in page.under(heading) if not in_containers(one)]

    @asynccontextmanager
    async def window(
        self, command: str, shows: str = "stoppen", ended_by: signal.Signals = signal.SIGINT, **told: str
    ) -> AsyncIterator[Up]:
        """A command that goes on in a window of its own, such as `./odh up`, until Ctrl-C at the end of the block."""
        process = await self._start(command, told)
        up = Up(process)
        try:
            await up.shows(shows)
            yield up
        finally:
            with suppress(ProcessLookupError):
                await up.end(ended_by)

    async def _start(self, command: str, told: Mapping[str, str] | None = None) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("bash", "-c", with_words(command, self.words)),
            cwd=self.folder,
            env=self._told | (told or {}),
            stdout=PIPE,
            stderr=STDOUT,
        )
