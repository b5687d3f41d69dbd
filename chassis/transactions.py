"""Work in transactions, several works together: what makes a small write cheap without making it less durable.

Commands that come in while another transaction commits share the next one; events are handled a batch at a time. When
one work of a group fails, the group is rolled back and each work is done again alone, so that a fault stays with its
own. Who lost a race of locks or of a unique number alone tries it again too. A work must therefore have no effect but
on its session.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import async_sessionmaker
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.crashpoints import crashpoint
from chassis.database import is_away, lost_a_race
from chassis.mailboxes import Outgoing, enter_inbox, write_outbox
from chassis.problems import Unavailable
from chassis.replies import AnsweredMeanwhile, IdempotencyKey, Reply, find_replies, store_replies
from chassis.settings import Settings
from chassis.sql import write_now
from chassis.tasks import ended

Work = Callable[[AsyncSession], Awaitable[Any]]


class NeverFinished(Exception):
    """A work took longer than any work may."""


@asynccontextmanager
async def limited(seconds: float) -> AsyncIterator[None]:
    """What hangs has failed; without this it would keep all that comes after it waiting."""
    try:
        async with asyncio.timeout(seconds) as patience:
            yield
    except TimeoutError:
        if patience.expired():
            raise NeverFinished from None
        raise


@dataclass(slots=True)
class Item:
    """One work of a group, and what makes it happen once."""

    work: Work
    cause: str | None = None
    key: IdempotencyKey | None = None
    event_id: str | None = None


#: What an item results in when its event was heard before: nothing was done.
HEARD_BEFORE = object()

Outcome = Any  # what the work returned, HEARD_BEFORE, or the exception it ended in


class Transactions:
    """Runs works in grouped transactions for one service."""

    def __init__(
        self,
        sessions: async_sessionmaker[AsyncSession],
        service: str,
        settings: Settings,
        said: Callable[[Sequence[Outgoing]], None],
    ) -> None:
        self._sessions, self._service, self._settings, self._said = sessions, service, settings, said
        self._waiting: asyncio.Queue[tuple[Item, asyncio.Future[Outcome]]] = asyncio.Queue()
        self._lanes: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Opens the lanes for `do`."""
        self._lanes = [asyncio.create_task(self._lane()) for _ in range(self._settings.group_lanes)]

    async def stop(self) -> None:
        """Finishes what was handed in, then closes the lanes."""
        lanes, self._lanes = self._lanes, []
        await self._waiting.join()
        await ended(*lanes)

    async def do(self, item: Item) -> Any:
        """Does a work in a transaction that it may share; returns after the commit, or raises what the work raised.

        Before the database has the service's tables, and while the service stops, nothing is taken in.
        """
        if not self._lanes:
            raise Unavailable
        done: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((item, done))
        outcome = await done  # who is not there any more when it is done does not undo it
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def _lane(self) -> None:
        while True:
            group = [await self._waiting.get()]
            while len(group) < self._settings.group_size_max and not self._waiting.empty():
                group.append(self._waiting.get_nowait())
            try:
                outcomes = await self.group([item for item, _ in group])
                for (_, done), outcome in zip(group, outcomes, strict=True):
                    if not done.done():
                        done.set_result(outcome)
            finally:
                for _, done in group:
                    if not done.done():
                        done.set_exception(RuntimeError("the service stopped"))
                    self._waiting.task_done()

    async def group(self, items: Sequence[Item], consumer: str | None = None, *first: str) -> list[Outcome]:
        """Does the works in one transaction, or each alone when one fails; exceptions are among the outcomes.

        Events are for a `consumer`, and their transaction begins with the statements `first`.
        """
        if len({item.key for item in items if item.key}) == sum(item.key is not None for item in items):
            try:
                return await self._together(items, consumer, *first)
            except AnsweredMeanwhile:
                pass
            except Exception as error:
                if is_away(error):  # alone they would each wait for the same absent database
                    return [error] * len(items)
                if len(items) == 1 and not lost_a_race(error):
                    return [await self._meanwhile(items[0], error)]
        return [(await self._alone(item, consumer, *first)) for item in items]

    async def _alone(self, item: Item, consumer: str | None, *first: str) -> Outcome:
        for left in (2, 1, 0):
            try:
                (outcome,) = await self._together([item], consumer, *first)
                return outcome
            except AnsweredMeanwhile:  # another replica stored the reply; the next look finds it
                continue
            except Exception as error:
                if left and lost_a_race(error):
                    continue
                return await self._meanwhile(item, error)
        return AnsweredMeanwhile()

    async def _meanwhile(self, item: Item, error: Exception) -> Outcome:
        """The reply to the same call, when it was done elsewhere meanwhile and this one failed on what that left."""
        if item.key is None or is_away(error):
            return error
        try:
            async with self._sessions() as session:
                found = (await find_replies(session, [item.key])).get((item.key.caller, item.key.key))
            return found.replayed_for(item.key) if found else error
        except Exception as other:
            return other

    async def _together(self, items: Sequence[Item], consumer: str | None, *first: str) -> list[Outcome]:
        async with self._sessions() as session:
            fresh: set[str | None] = set()
            if consumer and (event_ids := [item.event_id for item in items if item.event_id]):
                fresh |= await enter_inbox(session, consumer, event_ids, *first)
            stored = await find_replies(session, [item.key for item in items if item.key])
            outcomes: list[Outcome] = []
            replies: list[tuple[IdempotencyKey, Reply]] = []
            async with limited(self._settings.handler_seconds_max):
                for item in items:
                    if item.event_id is not None and item.event_id not in fresh:
                        outcomes.append(HEARD_BEFORE)
                        continue
                    fresh.discard(item.event_id)  # a second copy in the same batch was heard before, too
                    if item.key and (found := stored.get((item.key.caller, item.key.key))):
                        outcomes.append(found.replayed_for(item.key))
                        continue
                    session.info["cause"] = item.cause
                    outcomes.append(await item.work(session))
                    if item.key and isinstance(outcomes[-1], Reply):
                        replies.append((item.key, outcomes[-1]))
                    crashpoint(f"{self._service}.mid-batch")
            if session.new or session.dirty or session.deleted:
                await session.flush()
            await write_now(session)
            node = self._settings.node
            said = await (store_replies(session, replies, node) if replies else write_outbox(session, node))
            crashpoint(f"{self._service}.before-commit")
            await session.commit()
            crashpoint(f"{self._service}.after-commit")
        if said:
            self._said(said)
        return outcomes
