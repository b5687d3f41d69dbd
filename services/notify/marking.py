"""Writes down what became of mails: those that are done at the same moment together, and each however long it takes."""

import asyncio
import random
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.crashpoints import crashpoint
from chassis.database import driver_of, is_away, wait_for_database
from chassis.problems import describe
from chassis.telemetry import log
from chassis.transactions import Item, Work
from services.notify import outcomes
from services.notify.post import Claimed
from services.notify.smtp import Outcome

if TYPE_CHECKING:
    from chassis import Service

#: A mark that cannot be made is tried at least this often: once it can, no other sender takes the mail over first.
PAUSE_SECONDS_MAX = 0.5


@dataclass(frozen=True, slots=True)
class Mark:
    """What became of a mail, to be written down."""

    mail: Claimed
    outcome: Outcome
    cause: str | None
    made: asyncio.Future[None]


class Marks:
    """The marks of one sender: an accepted mail is never forgotten while the process lives, for it would go again."""

    def __init__(self, service: "Service", sender: int) -> None:
        self._service, self._sender = service, sender
        self._waiting: asyncio.Queue[Mark] = asyncio.Queue()

    def make(self, mail: Claimed, outcome: Outcome, cause: str | None) -> asyncio.Future[None]:
        """Has an outcome written down; done when it is committed."""
        mark = Mark(mail, outcome, cause, asyncio.get_running_loop().create_future())
        self._waiting.put_nowait(mark)
        return mark.made

    async def all_made(self) -> None:
        """Returns when nothing is left to write down."""
        await self._waiting.join()

    async def run(self) -> None:
        """Writes until it is cancelled."""
        pause = 0.1
        while True:
            marks = [await self._waiting.get()]
            while not self._waiting.empty():
                marks.append(self._waiting.get_nowait())
            faults = await self._write(marks)
            crashpoint("notify.after-mark")
            if not faults:
                pause = 0.1
            elif all(map(is_away, faults)):
                with suppress(Exception):  # what else is wrong with it, the next try finds and tells
                    await wait_for_database(self._service.engine)
            else:
                log.error("not marked", faults=[describe(fault) for fault in faults])
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)

    async def _write(self, marks: list[Mark]) -> list[BaseException]:
        """Those that fail stand in line again; returns the faults."""
        faults = []
        for mark, result in zip(marks, await self._results(marks), strict=True):
            if isinstance(result, BaseException):
                faults.append(result)
                self._waiting.put_nowait(mark)
            elif not mark.made.done():
                mark.made.set_result(None)
            self._waiting.task_done()
        return faults

    async def _results(self, marks: list[Mark]) -> list[Any]:
        if all(outcomes.is_sent_alone(mark.mail, mark.outcome) for mark in marks):
            # Whatever prevents this prevents the transactions too, or is the fault of one mail, which they find.
            with suppress(Exception):
                await self._write_sent([(mark.mail, mark.cause) for mark in marks])
                return [None] * len(marks)
        return await self._service.transactions.group([Item(self._work(mark), cause=mark.cause) for mark in marks])

    async def _write_sent(self, mails: list[tuple[Claimed, str | None]]) -> None:
        node, now = self._service.settings.node, self._service.now()
        async with self._service.engine.connect() as connection:
            driver = await driver_of(connection)
            said = await outcomes.write_down_sent(driver, mails, node=node, sender=self._sender, now=now)
        self._service.relay.hand_over(said)

    def _work(self, mark: Mark) -> Work:
        async def write(session: AsyncSession) -> None:
            now, jitter = self._service.now(), random.random()
            await outcomes.write_down(session, mark.mail, mark.outcome, sender=self._sender, now=now, jitter=jitter)

        return write
