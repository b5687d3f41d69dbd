"""Looks after the post: what dead senders left is taken over, and what waits for a contact that is known is let go."""

from typing import TYPE_CHECKING

from opentelemetry import metrics
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.telemetry import log
from chassis.transactions import Item
from services.notify import contacts, post

if TYPE_CHECKING:
    from chassis import Service

mails_unsure = metrics.get_meter("om-de-hoek").create_counter(
    "odh.notify.mails_unsure", description="Mails sent again because nobody knows whether the first one was accepted."
)


class Caretaker:
    """Comes by every second.

    A sender must be found gone twice: one that only lost its connection, as all do when the database starts again, has
    time to write down what the server took from it.
    """

    def __init__(self, service: "Service") -> None:
        self._service = service
        self._gone: set[int] = set()

    async def look_after(self) -> bool:
        """Returns whether mails were taken over."""
        async with self._service.sessions() as session:
            gone = await post.senders_gone(session)
            await contacts.release_known(session, self._service.now())
            await session.commit()
        still, self._gone = gone & self._gone, gone
        return bool(still) and await self._take_over(still)

    async def _take_over(self, senders: set[int]) -> bool:
        async def take_over(session: AsyncSession) -> list[str]:
            return await post.take_over(session, senders, self._service.now())

        (taken,) = await self._service.transactions.group([Item(take_over)])
        if isinstance(taken, BaseException):
            raise taken
        for notification_id in taken:
            mails_unsure.add(1)
            log.warning("taken over from a sender that died", notification_id=notification_id)
        return bool(taken)
