"""Sends messages to the devices of members: short, in their language, with what the subject of a mail says."""

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, cast

from opentelemetry import metrics

from chassis.outward import Answer, Caller
from chassis.problems import describe
from chassis.tasks import ended
from chassis.telemetry import log
from chassis.transactions import Item, Work
from contracts.vocabulary import Language
from services.notify import waking
from services.notify.push import deliveries, rules
from services.notify.push.deliveries import Claimed
from services.notify.push.sealing import Seal
from services.notify.rendering import Reading, inbox_lines
from services.notify.settings import NotifySettings
from services.notify.templates import Category, Template

if TYPE_CHECKING:
    from chassis import Service

pushes_sent = metrics.get_meter("om-de-hoek").create_counter(
    "odh.notify.pushes_sent", description="Messages to a device that its push service accepted."
)

#: So long may the push service of a browser take to answer.
SECONDS_MAX = 10.0


async def send_pushes(service: "Service") -> None:
    """In the background: sends what is due, for as long as the service runs; nothing on a node without a key for it."""
    settings = cast(NotifySettings, service.settings)
    if seal := settings.push_seal:
        sender = Sender(service, seal)
        try:
            await sender.run()
        finally:
            await sender.close()


class Sender:
    """Sends for one process."""

    def __init__(self, service: "Service", seal: Seal) -> None:
        self._service, self._settings, self._seal = service, cast(NotifySettings, service.settings), seal
        self._caller = Caller(to_private=self._settings.push_to_private, seconds_max=SECONDS_MAX)
        self._sending: dict[asyncio.Task[None], Claimed] = {}
        self._woken = asyncio.Event()

    async def run(self) -> None:
        """Takes what is due, when something was told and now and then."""
        waking.senders["push"].add(self._woken)
        while True:
            self._woken.clear()
            claimed = await self._claim() if len(self._sending) < deliveries.ALL_MAX else []
            for push in claimed:
                task = asyncio.create_task(self._send(push))
                self._sending[task] = push
                task.add_done_callback(self._ended)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.mail_poll_seconds):
                    await self._woken.wait()

    async def _claim(self) -> list[Claimed]:
        async with self._service.sessions() as session:
            found = await deliveries.claim(session, self._sending.values(), self._service.now(), SECONDS_MAX)
            await session.commit()
            return found

    async def _send(self, push: Claimed) -> None:
        """One message, and what came of it; what cannot be written down is tried again when its time has passed."""
        try:
            now, category = self._service.now(), Category(push.category) if push.category else None
            moment = rules.when(
                push.wishes, category, was_read=push.was_read, since=push.since, now=now, expires_at=push.expires_at
            )
            if moment is None or moment > now:
                await self._do(lambda session: deliveries.put_off(session, push, moment))
                return
            answer = await self._call(push)
            if rules.verdict(answer) == "taken":
                pushes_sent.add(1)
            else:
                log.warning("push not taken", notification_id=push.notification_id, status=answer.status,
                            problem=answer.problem)  # fmt: skip
            write = lambda session: deliveries.write_down(  # noqa: E731
                session, push, answer, self._service.now(), jitter=random.random()
            )
            await self._do(write)
        except Exception as error:
            log.error("push not sent", notification_id=push.notification_id, fault=describe(error))

    def _ended(self, task: asyncio.Task[None]) -> None:
        """There is room for another."""
        del self._sending[task]
        self._woken.set()

    async def _call(self, push: Claimed) -> Answer:
        left = push.since + rules.KEEP_TRYING - self._service.now()
        sealed = self._seal.seal(
            message_of(push, self._settings),
            push.endpoint, push.p256dh, push.auth,
            topic=push.notification_id.replace("-", ""), seconds=int(left.total_seconds()),
        )  # fmt: skip
        return await self._caller.call(push.endpoint, sealed.headers, sealed.body, self._service.now())

    async def _do(self, work: Work) -> None:
        await self._service.transactions.do(Item(work))

    async def close(self) -> None:
        """Breaks off what is under way."""
        waking.senders["push"].discard(self._woken)
        await ended(*self._sending)
        await self._caller.close()


def message_of(push: Claimed, settings: NotifySettings) -> dict[str, str]:
    """What the device shows: who tells it, and the subject of the mail about it, without anybody's details."""
    language = Language(push.language)
    lines = inbox_lines(
        Reading(
            template=Template(push.template),
            language=language,
            member_id=push.member_id,
            matter_id=push.matter_id,
            facts=push.facts,
            public_url=settings.public_url,
        )
    )
    return {
        "title": settings.mail_name,
        "body": lines.title,
        "path": lines.url.removeprefix(settings.public_url),
        "tag": push.notification_id,
        "lang": language.value,
    }
