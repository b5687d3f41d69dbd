"""The database server that the tests share."""

import asyncio
from pathlib import Path
from typing import Any

from chassis.database import engine_for, migrate
from node.postgres import PostgresServer


class SharedPostgres(PostgresServer):
    """A server as `./odh up` starts it but for the disk, with a database for each service to copy its own from.

    What is on disk outlives a cut of the power, which no test makes: the system keeps what a killed server wrote.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._migrated: dict[str | Path, asyncio.Task[str]] = {}

    def command(self) -> list[str]:
        return [*super().command(), "--fsync=off"]

    async def create_migrated(self, name: str, migrations: str | Path) -> None:
        """A database that has the tables of a service: to make them anew takes as long as all the rest of its start."""
        if migrations not in self._migrated:
            template = f"migrated_{len(self._migrated)}"
            self._migrated[migrations] = asyncio.create_task(self._migrate(template, migrations))
        await self.create_database(name, template=await self._migrated[migrations])

    async def _migrate(self, template: str, migrations: str | Path) -> str:
        await self.create_database(template)
        engine = engine_for(self.url(template), 1)
        await migrate(engine, migrations)
        await engine.dispose()
        return template
