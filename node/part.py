"""A part of a node: one child process that is started, is ready by a condition, and is stopped or killed."""

import asyncio
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from node import ROOT

LOG_BYTES_MAX = 20_000_000

#: So long may a part be busy with what it has stored before it is ready.
BUSY_SECONDS_MAX = 900.0


class PartFailed(Exception):
    """A part stopped, or was not ready in time; its last lines say why."""


class Part:
    """Knows its process by number, so that a test can kill exactly this one."""

    stop_signal = signal.SIGTERM
    orphan_signal = signal.SIGKILL  # what the process gets from the kernel when whoever started it is gone
    system_user: str | None = None  # only root can, and for PostgreSQL must, run a part as somebody else

    def __init__(self, name: str, log: Path) -> None:
        self.name, self.log = name, log
        self._process: subprocess.Popen[bytes] | None = None

    # What each kind of part says about itself.

    async def prepare(self) -> None:
        """Whatever must be on disk before the process can start."""

    def command(self) -> list[str]:
        raise NotImplementedError

    def environment(self) -> Mapping[str, str]:
        return os.environ

    async def is_ready(self) -> bool:
        raise NotImplementedError

    async def is_busy(self) -> bool:
        """Whether it is still reading what it has stored, which takes as long as there is much of it."""
        return False

    async def is_stuck(self) -> bool:
        """Whether it lives and works only when it is started anew."""
        return False

    # What can be done with every part.

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self.is_alive else None

    @property
    def is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def exit_code(self) -> int | None:
        return self._process.poll() if self._process else None

    async def start(self, timeout: float = 30) -> None:
        await self.prepare()
        self.launch()
        await self.wait_ready(timeout)

    def launch(self) -> None:
        """Starts the process without waiting for it.

        Call this from a thread that stays: the kernel sends `orphan_signal` when the *thread* that forked ends. A
        session of its own keeps the Ctrl-C of a terminal away from the part: the node stops its parts in order.
        """
        assert not self.is_alive, f"{self.name} runs already"
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environment()),
                cwd="/" if self.system_user else ROOT,
                user=self.system_user,
                group=self.system_user,
                extra_groups=[] if self.system_user else None,
                start_new_session=True,
                preexec_fn=_tied_to_parent(self.orphan_signal),
            )

    async def wait_ready(self, timeout: float = 30) -> None:
        since = time.monotonic()
        while not await self.is_ready():
            if not self.is_alive:
                raise PartFailed(f"{self.name} stopte bij het starten (stopped while starting):\n{self.tail()}")
            waited = time.monotonic() - since
            if waited > timeout and (waited > BUSY_SECONDS_MAX or not await self.is_busy()):
                took = max(timeout, waited // 1)
                raise PartFailed(f"{self.name} is na {took:g} s niet klaar (not ready in time):\n{self.tail()}")
            await asyncio.sleep(0.03)

    async def stop(self, patience: float = 20) -> None:
        """Asks politely, and after `patience` seconds no longer: a service takes 8 for its calls and then 8 for the
        rest.
        """
        self.kill(self.stop_signal)
        if not await self.wait_gone(patience):
            self.kill(signal.SIGKILL)
            await self.wait_gone()

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """After SIGKILL it is gone when this returns."""
        if self._process is not None and self.is_alive:
            self._process.send_signal(number)
            if number == signal.SIGKILL:
                self._process.wait()

    async def wait_gone(self, timeout: float = 30) -> bool:
        deadline = time.monotonic() + timeout
        while self.is_alive and time.monotonic() < deadline:
            await asyncio.sleep(0.02)
        return not self.is_alive

    def tail(self, lines: int = 20) -> str:
        if not self.log.exists():
            return "(geen log / no log)"
        return "\n".join("    " + line for line in self.log.read_text(errors="replace").splitlines()[-lines:])

    def keep_log_small(self) -> None:
        """The process goes on writing to the same file (it was opened to append), so the file is copied and emptied."""
        with suppress(FileNotFoundError):
            if self.log.stat().st_size > LOG_BYTES_MAX:
                shutil.copyfile(self.log, self.log.with_suffix(".log.1"))
                os.truncate(self.log, 0)


def _tied_to_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Even a SIGKILL of this process leaves no orphan: Linux then signals the child (prctl PR_SET_PDEATHSIG).

    It runs in the child after the change of user, because such a change clears the setting.
    """
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent = ctypes.CDLL(None).prctl, os.getpid()

    def tie() -> None:
        prctl(1, number)
        if os.getppid() != parent:  # it was gone before we asked
            os._exit(1)

    return tie


#: Below the range of ports for outgoing connections: there, a connection may take the port of a server that was
#: killed, in the moment before it is started again.
PORTS = range(20_000, 32_000)

_given_out: set[int] = set()


def free_port(preferred: int | None = None) -> int:
    """A port that nobody listens on."""
    for port in filter(None, [preferred, *random.sample(PORTS, 200)]):
        if (port == preferred or port not in _given_out) and refusal(port) is None:
            _given_out.add(port)
            return port
    raise PartFailed("geen vrije poort gevonden (no free port)")


def refusal(port: int) -> int | None:
    """Why a server could not listen on a port (the number of the error), or None when it could."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno
    return None


async def fetch(port: int, path: str) -> tuple[int, bytes]:
    """A GET on loopback for the checks of readiness: status and body, or status 0 when nobody answers."""
    try:
        async with asyncio.timeout(3):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode())
                head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                return int(head.split(b" ", 2)[1]), body
            finally:
                writer.close()
    except (OSError, TimeoutError, IndexError, ValueError):
        return 0, b""
