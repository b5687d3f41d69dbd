"""In the background: what still stands open when its time has come expires.

It is looked for in the table, which knows it, whatever happens to the broker or to a process; see decision 0054.
"""

import asyncio

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.transactions import Item
from services.requests import life, store
from services.requests.rules import Step
from services.requests.settings import RequestsSettings

#: So many share a transaction: a day on which much ends keeps nobody waiting for long.
TOGETHER = 100


async def keep_expiring(service: Service) -> None:
    """Looks every so many seconds, for as long as the service runs."""
    assert isinstance(service.settings, RequestsSettings)
    while True:
        while await expire_some(service) == TOGETHER:
            pass
        await asyncio.sleep(service.settings.expiry_seconds)


async def expire_some(service: Service) -> int:
    """Of what has expired, closes as many as share a transaction, and tells it; returns how many."""
    settings = service.settings
    assert isinstance(settings, RequestsSettings)

    async def close(session: AsyncSession) -> int:
        now = service.now()
        overdue = await store.overdue(session, now, TOGETHER)
        for proposition in overdue:
            life.move(session, proposition, Step.EXPIRE, now, settings)
        return len(overdue)

    closed: int = await service.transactions.do(Item(close))
    return closed
