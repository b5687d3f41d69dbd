"""Writes down what became of mails: those that are done at the same moment together, and each however long it takes."""

import asyncio
import random
from typing import TYPE_CHECKING, Any

from chassis.crashpoints import crashpoint
from chassis.database import is_away, wait_for_database
from chassis.problems import describe
from chassis.telemetry import log
from chassis.transactions import Item
from services.notify import outcomes
from services.notify.post import Claimed
from services.notify.smtp import Outcome

if TYPE_CHECKING:
    from chassis import Service

Mark = tuple[Item, asyncio.Future[None]]


class Marks:
    """The marks of one sender: an accepted mail is never forgotten while the process lives, for it would go again."""

    def __init__(self, service: "Service", sender: int) -> None:
        self._service, self._sender = service, sender
        self._waiting: asyncio.Queue[Mark] = asyncio.Queue()

    def make(self, mail: Claimed, outcome: Outcome, cause: str | None) -> asyncio.Future[None]:
        """Has an outcome written down; done when it is committed."""

        async def write(session: Any) -> None:
            now, jitter = self._service.now(), random.random()
            await outcomes.write_down(session, mail, outcome, sender=self._sender, now=now, jitter=jitter)

        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((Item(write, cause=cause), done))
        return done

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
                await wait_for_database(self._service.engine)
            else:
                log.error("not marked", faults=[describe(fault) for fault in faults])
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)

    async def _write(self, marks: list[Mark]) -> list[BaseException]:
        """Those that fail stand in line again; returns the faults."""
        faults = []
        results = await self._service.transactions.group([item for item, _ in marks])
        for mark, result in zip(marks, results, strict=True):
            if isinstance(result, BaseException):
                faults.append(result)
                self._waiting.put_nowait(mark)
            elif not mark[1].done():
                mark[1].set_result(None)
            self._waiting.task_done()
        return faults
