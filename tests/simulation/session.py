"""Sessions of a database in memory: what handlers and the chassis do in a transaction, statement by statement."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Hashable, Sequence
from itertools import islice
from typing import Any, Self

from chassis import mailboxes, replies
from chassis.sql import Answer
from tests.simulation.database import Connection, Row

_TEXT = re.compile(r"'((?:[^']|'')*)'")


class Session:
    """As handlers use one of SQLAlchemy's, and as the chassis begins and runs statements in it."""

    def __init__(self, connection: Connection) -> None:
        self.connection, self.info = connection, dict[str, Any]()
        self._seen: dict[Hashable, Any] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.rollback()

    #: Nothing waits to be written.
    new = dirty = deleted = ()

    async def commit(self) -> None:
        transaction = self.connection.begin()

        async def commit() -> None:
            transaction.commit()

        await self.connection.asks(commit)

    async def rollback(self) -> None:
        if self.connection.transaction is not None:
            self.connection.transaction.end()
        self._seen.clear()

    # What handlers do.

    async def get(self, key: Hashable) -> Any:
        """A row, which is this transaction's until it ends; none when there is no such row."""
        transaction = self.connection.begin()

        async def get() -> Any:
            await transaction.hold(key)
            return self._seen.get(key, self.connection.database.rows.get(key))

        return await self.connection.asks(get)

    async def put(self, key: Hashable, value: Any) -> None:
        """Keeps a row."""
        transaction, rows = self.connection.begin(), self.connection.database.rows

        async def put() -> None:
            await transaction.hold(key)
            self._seen[key] = value
            transaction.keep(lambda: rows.__setitem__(key, value))

        await self.connection.asks(put)

    # What the chassis does.

    async def begins(self, *statements: str) -> int:
        """How many rows the last statement returned or changed."""
        *_, last = statements
        if last.startswith("INSERT INTO inbox"):
            consumer, *event_ids = _TEXT.findall(last)
            return len(await self.connection.asks(lambda: self._enter(consumer, event_ids)))
        if last.startswith("SELECT FROM stored_reply"):
            texts = _TEXT.findall(last)
            known = self.connection.database.replies
            asked = list(zip(texts[::2], texts[1::2], strict=True))

            async def look() -> int:
                return sum(key in known for key in asked)

            self.connection.begin()
            return int(await self.connection.asks(look))
        raise NotImplementedError(last)

    async def runs(self, statement: Any, values: Any) -> Answer:
        """A statement of the chassis."""

        async def do() -> list[tuple[Any, ...]]:
            return await _STATEMENTS[statement](self, values)

        rows = await self.connection.asks(do)
        return Answer(rows, len(rows))

    async def _enter(self, consumer: str, event_ids: Sequence[str]) -> list[tuple[Any, ...]]:
        transaction, inbox = self.connection.begin(), self.connection.database.inbox
        fresh = []
        for event_id in event_ids:
            await transaction.hold(("inbox", consumer, event_id))
            if (consumer, event_id) not in inbox:
                transaction.keep(lambda one=(consumer, event_id): inbox.add(one))
                fresh.append((event_id,))
        return fresh

    async def _enter_some(self, values: Any) -> list[tuple[Any, ...]]:
        return await self._enter(values["consumer"], values["event_ids"])

    async def _say(self, values: Any) -> list[tuple[Any, ...]]:
        database, transaction = self.connection.database, self.connection.begin()
        names = ("event_id", "entity_id", "subject", "due_at", "timer_subject", "kept_seconds", "body")
        rows = [Row(zip(names, one, strict=True)) for one in zip(*values.values(), strict=True)]
        for row in rows:
            row["seq"], row["said_at"] = next(database.numbers), asyncio.get_running_loop().time()
            transaction.keep(lambda row=row: database.outbox.__setitem__(row.seq, row))
        return [(row.seq,) for row in rows]

    async def _find(self, values: Any) -> list[tuple[Any, ...]]:
        known = self.connection.database.replies
        keys = zip(values["callers"], values["keys"], strict=True)
        return [known[key] for key in keys if key in known]

    async def _store(self, values: Any) -> list[tuple[Any, ...]]:
        transaction, known = self.connection.begin(), self.connection.database.replies
        names = ("caller", "key", "fingerprint", "status", "headers", "body")
        stored = []
        for one in zip(*values.values(), strict=True):
            row = Row(zip(names, one, strict=True))
            key = (row.caller, row.key)
            await transaction.hold(("reply", key))
            if key not in known:
                transaction.keep(lambda key=key, row=row: known.__setitem__(key, row))
                stored.append(key)
        return stored

    async def _store_and_say(self, values: Any) -> list[tuple[Any, ...]]:
        replies, said = dict(islice(values.items(), 6)), dict(islice(values.items(), 6, None))
        stored = len(await self._store(replies))
        return [Row(seq=seq, replies=stored) for (seq,) in await self._say(said)]


_STATEMENTS: dict[Any, Callable[[Session, Any], Awaitable[list[tuple[Any, ...]]]]] = {
    mailboxes._INSERT_INBOX: Session._enter_some,
    mailboxes._INSERT_OUTBOX: Session._say,
    replies._FIND: Session._find,
    replies._STORE: Session._store,
    replies._STORE_AND_SAY: Session._store_and_say,
}
