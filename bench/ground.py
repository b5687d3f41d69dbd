"""What every trial stands on: real servers as `./odh up` starts them, with a fresh database and streams each time."""

import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import nats
import psutil
from joserfc.jwk import OKPKey
from sqlalchemy import make_url

from contracts.event import new_id
from node.nats import NatsServer
from node.part import free_port
from node.postgres import PostgresServer
from node.program import Program
from node.secrets import Secrets

NODE = "utrecht"


@dataclass(frozen=True, slots=True)
class Place:
    """Where one trial happens."""

    folder: Path
    database_url: str
    broker: NatsServer
    secrets: Secrets

    @property
    def nats_url(self) -> str:
        """Where its broker is."""
        return self.broker.url

    @property
    def settings(self) -> dict[str, Any]:
        """What a service in this place must be told."""
        return {
            "node": NODE,
            "database_url": self.database_url,
            "nats_url": self.nats_url,
            "identity_public_keys_file": str(self.secrets.identity_public_keys_file),
        }

    @property
    def identity_key(self) -> OKPKey:
        """The key that the gateway would sign identities with."""
        return OKPKey.import_key(json.loads(self.secrets.identity_private_key_file.read_text()))

    @asynccontextmanager
    async def program(
        self, *arguments: str, environment: Mapping[str, str] | None = None, **more: str
    ) -> AsyncIterator[Program]:
        """A program of ours that serves HTTP, told where it is as a service is, and whatever more it is to be told.

        Other settings come from the environment: `ODH_GROUP_SIZE_MAX=16 ./odh bench P1` tries one.
        """
        port = free_port()
        told = {f"ODH_{name.upper()}": str(value) for name, value in (self.settings | {"port": port} | more).items()}
        told |= environment or {}
        log = self.folder / f"{arguments[-1]}-{port}.log"
        program = Program(arguments[-1], list(arguments), port=port, log=log, environment=lambda: os.environ | told)
        await program.start()
        try:
            yield program
        finally:
            await program.stop()

    async def count(self, statement: str) -> int:
        """One number from the database."""
        connection = await asyncpg.connect(plain(self.database_url), ssl=False)
        try:
            return int(await connection.fetchval(statement))
        finally:
            await connection.close()

    async def execute(self, *statements: str) -> None:
        """Does something in the database, such as `ANALYZE`: to count what its tables hold, for its plans."""
        connection = await asyncpg.connect(plain(self.database_url), ssl=False)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    async def messages(self, kind: str, subject: str) -> int:
        """How many messages a stream holds under a subject."""
        client = await nats.connect(self.nats_url)
        try:
            state = (await client.jetstream().stream_info(f"odh-{NODE}-{kind}", subjects_filter=subject)).state
            return sum((state.subjects or {}).values())
        finally:
            await client.close()


class Ground:
    """One PostgreSQL server for the whole run; a NATS server and a database for each trial."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="odh-bench-", dir=folder))
        self.folder.chmod(0o711)  # PostgreSQL may run as another user, who must be able to pass through
        self._postgres = PostgresServer(self.folder / "postgres", port=free_port())
        self._kept: set[str] = set()

    async def __aenter__(self) -> "Ground":
        await self._postgres.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._postgres.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def postgres(self) -> psutil.Process:
        """The server's first process."""
        return psutil.Process(self._postgres.pid)

    async def settle(self) -> None:
        """What earlier trials wrote goes to disk now, and not in the middle of the next trial."""
        connection = await asyncpg.connect(self._postgres.url(driver="postgresql"), ssl=False)
        try:
            await connection.execute("CHECKPOINT")
        finally:
            await connection.close()

    @asynccontextmanager
    async def database(self) -> AsyncIterator[str]:
        """The address of an empty database, for who needs nothing else."""
        name = f"bench_{new_id()[-12:]}"
        await self._postgres.create_database(name)
        try:
            yield self._postgres.url(name)
        finally:
            await self._postgres.drop_database(name)

    @asynccontextmanager
    async def fresh(self, like: str | None = None) -> AsyncIterator[Place]:
        """A place that nothing happened in yet, or with what the database that was kept under this name has in it."""
        name = f"bench_{new_id()[-12:]}"
        folder = self.folder / name
        folder.mkdir()
        broker = NatsServer(folder / "nats", port=free_port(), monitor_port=free_port(), domain=NODE)
        await self._postgres.create_database(name, like)
        await broker.start()
        await self.settle()
        try:
            yield Place(folder, self._postgres.url(name), broker, Secrets(folder / "keys"))
        finally:
            await broker.stop()
            await self._postgres.drop_database(name)
            shutil.rmtree(folder, ignore_errors=True)

    def keeps(self, name: str) -> bool:
        """Whether a database was kept under this name."""
        return name in self._kept

    async def keep(self, place: Place, name: str) -> None:
        """Keeps a place's database, to which nobody is connected, for other trials to begin with."""
        await self._postgres.create_database(name, make_url(place.database_url).database)
        self._kept.add(name)


def plain(database_url: str) -> str:
    """The address as asyncpg itself reads it."""
    return make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
