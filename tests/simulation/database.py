"""A database in memory that fails as the real one does: away, restarted, or its answer lost after it did what it must.

It has what the chassis asks of PostgreSQL, known by the statements themselves: transactions that keep all or nothing,
rows and keys that one transaction holds until it ends, and commits that did not wait for the disk and go with a crash.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Hashable, Sequence
from itertools import count
from typing import Any, Self

import asyncpg

from chassis import relay
from chassis.database import DatabaseAway

#: From then on who waits for each other crosswise is told so.
DEADLOCK_SECONDS = 1.0


class Row(dict[str, Any]):
    """A row, whose columns can be read as attributes."""

    __getattr__ = dict.__getitem__


class Database:
    """The tables of one service, which outlive its processes."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.rows: dict[Hashable, Any] = {}
        self.outbox: dict[int, Row] = {}
        self.inbox: set[tuple[str, str]] = set()
        self.replies: dict[tuple[str, str], Row] = {}
        self.numbers = count(1)
        self.held: dict[Hashable, Transaction] = {}
        #: Which start of the server this is: what was open before is gone.
        self.epoch, self.is_away = 0, False
        #: How often an answer is lost, before or after it was done.
        self.trouble = 0.0
        #: How often a handler that works on it fails, and how often it takes longer than a broker waits.
        self.clumsy = 0.0
        self._not_on_disk: list[Row] = []

    async def restart(self, seconds: float) -> None:
        """It is killed, and comes back with all that it acknowledged, but for what did not wait for the disk."""
        self.epoch, self.is_away = self.epoch + 1, True
        self.held.clear()
        for row in self._not_on_disk:
            if self.chance.random() < 0.5:
                self.outbox[row.seq] = row
        self._not_on_disk.clear()
        await asyncio.sleep(seconds)
        self.is_away = False

    def remove_said(self, numbers: Sequence[int]) -> None:
        """Takes rows out of the outbox, without waiting for the disk."""
        self._not_on_disk = self._not_on_disk[-20:] + [
            gone for number in numbers if (gone := self.outbox.pop(number, None))
        ]


class Connection:
    """Of one process to a database. Everything that is asked takes a moment, and can go wrong before or after."""

    def __init__(self, database: Database, is_alive: Callable[[], bool]) -> None:
        self.database, self._is_alive = database, is_alive
        self._epoch, self._broken = database.epoch, False
        self.transaction: Transaction | None = None

    async def asks(self, done: Callable[[], Awaitable[Any]]) -> Any:
        """What the database answers; raises `DatabaseAway` when the answer does not come, whatever was done."""
        self._must_work()
        chance = self.database.chance
        await asyncio.sleep(chance.uniform(0.0002, 0.002))
        self._lose_sometimes()
        answer = await done()
        self._lose_sometimes()
        return answer

    def _must_work(self) -> None:
        if not self._is_alive() or self._broken or self.database.is_away or self._epoch != self.database.epoch:
            self._broken = True
            raise DatabaseAway

    def _lose_sometimes(self) -> None:
        if self.database.trouble and self.database.chance.random() < self.database.trouble:
            self._broken = True
        try:
            self._must_work()
        except DatabaseAway:
            if self.transaction is not None:
                self.transaction.end()
            raise

    def begin(self) -> "Transaction":
        if self.transaction is None or self.transaction.is_over:
            self.transaction = Transaction(self.database)
        return self.transaction


class Transaction:
    """What is to be kept at the commit, and what nobody else may touch until then."""

    def __init__(self, database: Database) -> None:
        self.database, self.is_over = database, False
        self._kept: list[Callable[[], None]] = []
        self._awaits: Hashable = None
        self._epoch = database.epoch

    async def hold(self, key: Hashable) -> None:
        """Waits until no other transaction holds it."""
        patience, self._awaits = 0.0, key
        while self.database.held.get(key, self) is not self:
            await asyncio.sleep(0.004)
            patience += 0.004
            if self.is_over or self._epoch != self.database.epoch:
                raise DatabaseAway
            if patience > DEADLOCK_SECONDS and self._waits_for_itself():
                raise asyncpg.DeadlockDetectedError("deadlock detected")
        self._awaits = None
        self.database.held[key] = self

    def _waits_for_itself(self) -> bool:
        """Whether who holds what it waits for waits, in the end, for what it holds."""
        holder: Transaction | None = self
        while holder is not None and holder._awaits is not None:
            holder = self.database.held.get(holder._awaits)
            if holder is self:
                return True
        return False

    def keep(self, write: Callable[[], None]) -> None:
        self._kept.append(write)

    def commit(self) -> None:
        if not self.is_over:
            for write in self._kept:
                write()
        self.end()

    def end(self) -> None:
        """What was not committed never was."""
        self.is_over = True
        held = self.database.held
        for key in [key for key, holder in held.items() if holder is self]:
            del held[key]


class Engine:
    """Connects, as the relay and who waits for a database do."""

    def __init__(self, database: Database, is_alive: Callable[[], bool]) -> None:
        self._database, self._is_alive = database, is_alive

    def connection(self) -> Connection:
        return Connection(self._database, self._is_alive)

    async def dispose(self) -> None:
        """Nothing is kept open."""

    def connect(self) -> "RelaysConnection":
        return RelaysConnection(self.connection())


class RelaysConnection:
    """SQLAlchemy's connection and the driver's in one: it is awaited, or entered, and knows the relay's statements."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.driver_connection = self

    def __await__(self) -> Any:
        return self.__aenter__().__await__()

    async def __aenter__(self) -> Self:
        await self.execute("SELECT 1")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def get_raw_connection(self) -> Self:
        return self

    def terminate(self) -> None:
        if self._connection.transaction is not None:
            self._connection.transaction.end()

    async def close(self) -> None:
        self.terminate()

    async def execute(self, statement: Any, *values: Any) -> None:
        async def do() -> None:
            database = self._connection.database
            if statement is relay._BEGIN:
                await self._connection.begin().hold("relay")
            elif statement is relay._REMOVE:
                numbers, _ = values
                transaction = self._connection.transaction
                if transaction is not None and not transaction.is_over:
                    transaction.keep(lambda: database.remove_said(numbers))
                else:
                    database.remove_said(numbers)
            elif statement == "COMMIT":
                self._connection.begin().commit()

        await self._connection.asks(do)

    async def fetch(self, statement: str, *values: Any, record_class: Any = None) -> list[Row]:
        assert statement in (relay._CLAIM, relay._IS_LEFT)
        most, older_seconds = values if statement is relay._CLAIM else (1, *values)
        database = self._connection.database

        async def claim() -> list[Row]:
            until = asyncio.get_running_loop().time() - older_seconds
            found = [database.outbox[seq] for seq in sorted(database.outbox) if database.outbox[seq].said_at <= until]
            return found[:most]

        claimed: list[Row] = await self._connection.asks(claim)
        return claimed
