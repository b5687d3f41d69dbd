"""In the background: what still stands open when its time has come expires, and a week before its member is told;
of what has been in conversation for long its member is asked what came of that.

All three are looked for in the table, which knows them, whatever happens to the broker or to a process; see the
decisions 0054 and 0058.
"""

import asyncio
from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.transactions import Item
from services.requests import life, rules, store, telling
from services.requests.initiatives import store as initiatives
from services.requests.rules import Step
from services.requests.settings import RequestsSettings

#: So many share a transaction: a day on which much ends keeps nobody waiting for long.
TOGETHER = 100


async def keep_expiring(service: Service) -> None:
    """Looks every so many seconds, for as long as the service runs."""
    assert isinstance(service.settings, RequestsSettings)
    while True:
        for some in (expire_some, warn_some, ask_some):  # of what is over nobody is told that it will be
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


async def ask_some(service: Service) -> int:
    """Of what has been in conversation for long, asks it of as many as share a transaction; returns how many it looked
    at. As long as something runs that came of it, its two are asked about that instead (decision 0043).
    """
    settings = service.settings
    assert isinstance(settings, RequestsSettings)

    async def ask(session: AsyncSession) -> int:
        now = service.now()
        quiet = await store.quiet(session, now, TOGETHER)
        running = await initiatives.running(session, [match_id for one in quiet for match_id in one.match_ids])
        for proposition in quiet:
            goes_on = not running.isdisjoint(proposition.match_ids)
            proposition.ask_at = now + timedelta(days=settings.quiet_days) if goes_on else None
            if proposition.ask_at is None:
                telling.conversation_quiet(session, proposition)
        return len(quiet)

    looked_at: int = await service.transactions.do(Item(ask))
    return looked_at
