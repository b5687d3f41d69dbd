"""In the background: what still stands open when its time has come expires, and a week before its member is told.

Both are looked for in the table, which knows them, whatever happens to the broker or to a process; see decision 0054.
"""

import asyncio

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.transactions import Item
from services.requests import life, rules, store, telling
from services.requests.rules import Step
from services.requests.settings import RequestsSettings

#: So many share a transaction: a day on which much ends keeps nobody waiting for long.
TOGETHER = 100


async def keep_expiring(service: Service) -> None:
    """Looks every so many seconds, for as long as the service runs."""
    assert isinstance(service.settings, RequestsSettings)
    while True:
        for some in (expire_some, warn_some):  # of what is over nobody is told that it will be
            while await some(service) == TOGETHER:
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


async def warn_some(service: Service) -> int:
    """Of what expires in a week, tells it of as many as share a transaction; returns how many it looked at."""

    async def warn(session: AsyncSession) -> int:
        now = service.now()
        nearly_over = await store.nearly_over(session, now, TOGETHER)
        for proposition in nearly_over:
            # A release before this one does not know of the moment, and may have changed the day.
            comes = proposition.expires_at - rules.WARNED_BEFORE
            proposition.warn_at = comes if comes > now else None
            if proposition.warn_at is None:
                telling.expiry_near(session, proposition)
        return len(nearly_over)

    told: int = await service.transactions.do(Item(warn))
    return told
