"""Sends news to the endpoints of partners, each at its own pace: who is slow or away holds up nobody else."""

import asyncio
import random
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import cast

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Service
from chassis.outward import Caller
from chassis.tasks import ended
from chassis.telemetry import describe, log
from chassis.transactions import Item
from services.partners import news
from services.partners.promises import ENDPOINT_TRIED_DAYS
from services.partners.settings import PartnersSettings
from services.partners.webhooks import deliveries, rules
from services.partners.webhooks.deliveries import Claimed

CONTENT_TYPE = "application/cloudevents+json"

#: Calls of a process to one endpoint under way at the same time.
CALLS_MAX = 4


async def send_webhooks(service: Service) -> None:
    """In the background: tries what is due, for as long as the service runs.

    A call that is under way when the service stops is made again later, by whoever is there then.
    """
    sender = Sender(service)
    try:
        await sender.run()
    finally:
        await sender.close()


class Sender:
    """Sends for one process."""

    def __init__(self, service: Service) -> None:
        self._service, self._settings = service, cast(PartnersSettings, service.settings)
        self._caller = Caller(
            to_private=self._settings.webhooks_to_private, seconds_max=self._settings.webhook_seconds_max
        )
        self._busy: Counter[str] = Counter()
        self._trying: set[asyncio.Task[None]] = set()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Takes what is due, now and then and whenever a call ended."""
        while True:
            self._ended.clear()
            for claimed in await self._claim():
                self._busy[claimed.webhook_id] += 1
                task = asyncio.create_task(self._try(claimed))
                self._trying.add(task)
                task.add_done_callback(self._trying.discard)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.webhook_poll_seconds):
                    await self._ended.wait()

    async def _claim(self) -> list[Claimed]:
        async with self._service.sessions() as session:
            found = await deliveries.claim(
                session,
                +self._busy,
                self._service.now(),
                most=CALLS_MAX,
                seconds_max=self._settings.webhook_seconds_max,
            )
            await session.commit()
            return found

    async def _try(self, claimed: Claimed) -> None:
        """One call, and what came of it; what cannot be written down is tried again when its time has passed."""
        try:
            event = news.cloud_event(claimed.kind, claimed.data, claimed.news_id, claimed.said_at, self._settings.node)
            signed = rules.signatures(claimed.secrets, claimed.news_id, self._service.now(), event)
            headers = {"Content-Type": CONTENT_TYPE, "User-Agent": "Om-de-Hoek-Webhooks/1", **signed}
            answer = await self._caller.call(claimed.url, headers, event, self._service.now())

            async def write_down(session: AsyncSession) -> None:
                await deliveries.write_down(
                    session,
                    claimed,
                    answer,
                    self._service.now(),
                    jitter=random.random(),
                    patience=timedelta(days=ENDPOINT_TRIED_DAYS),
                )

            await self._service.transactions.do(Item(write_down))
        except Exception as error:
            log.error("webhook not tried", webhook_id=claimed.webhook_id, fault=describe(error))
        finally:
            self._busy[claimed.webhook_id] -= 1
            self._ended.set()

    async def close(self) -> None:
        """Breaks off what is under way."""
        await ended(*self._trying)
        await self._caller.close()
