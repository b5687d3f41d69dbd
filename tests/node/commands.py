"""The node's commands, as processes of their own: `python -m node ...`, which is what `./odh ...` becomes."""

import asyncio
import os
import pwd
import signal
import subprocess
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import NamedTuple

from node import ROOT

#: Whatever the shell says about it, nothing that a test starts need compile itself.
ENVIRONMENT = os.environ | {
    "PYTHONDONTWRITEBYTECODE": "",
    "PYTHONPYCACHEPREFIX": str(Path(sys.prefix) / "bytecode"),
    "PYTHONPATH": str(ROOT),
}


class Finished(NamedTuple):
    code: int
    out: str
    err: str


async def odh(*arguments: str) -> Finished:
    """A command that ends by itself."""
    process = await _start(*arguments)
    out, err = await process.communicate()
    assert process.returncode is not None
    return Finished(process.returncode, out.decode(), err.decode())


class Up:
    """`./odh up`, and what it has written so far."""

    def __init__(self, process: Process) -> None:
        self._process, self.screen = process, ""

    @classmethod
    async def start(cls, data: Path, port: int, *more: str, user: str | None = None) -> "Up":
        return cls(await _start("up", f"--data={data}", f"--port={port}", *more, user=user))

    @staticmethod
    def ids(user: str) -> tuple[int, int]:
        entry = pwd.getpwnam(user)
        return entry.pw_uid, entry.pw_gid

    async def open(self) -> "Up":
        await self.shows("stoppen")
        return self

    async def shows(self, words: str) -> None:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            while words not in self.screen:
                line = await self._process.stdout.readline()
                assert line, (
                    f"ended without '{words}':\n{self.screen}\n{(await self._process.communicate())[1].decode()}"
                )
                self.screen += line.decode()

    async def end(self, number: signal.Signals) -> int:
        """Sends a signal; its exit code."""
        self._process.send_signal(number)
        async with asyncio.timeout(30):
            out, _ = await self._process.communicate()
        self.screen += out.decode()
        assert self._process.returncode is not None
        return self._process.returncode


async def _start(*arguments: str, user: str | None = None) -> Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "node", *arguments),
        cwd=ROOT,
        env=ENVIRONMENT,
        stdout=PIPE,
        stderr=PIPE,
        user=user,
        group=Up.ids(user)[1] if user else None,
        extra_groups=[] if user else None,
    )


def readable_by(user: str) -> bool:
    """Whether another user may read the project and its environment at all."""
    try:
        command = [sys.executable, "-c", "import node.up"]
        group = Up.ids(user)[1]
        return not subprocess.run(
            command, cwd=ROOT, user=user, group=group, extra_groups=[], capture_output=True
        ).returncode
    except (KeyError, OSError):
        return False
