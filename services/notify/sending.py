"""Sends what is in the post: at most once, unless the process dies between the server's yes and our mark.

A mail is claimed (`sending`, committed), offered to the server, and marked. A process that dies in between leaves its
mails in `sending` under a number that is not locked any more; another sender, or the next one here, sends them once
more with the same Message-ID, and counts that. Each connection has at most one accepted mail that is not marked yet: it
lets the next be accepted only after the mark.
"""

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from opentelemetry import metrics
from opentelemetry.trace import SpanKind

from chassis.crashpoints import crashpoint
from chassis.database import is_away, wait_for_database
from chassis.problems import describe
from chassis.telemetry import log, span, traceparent
from chassis.transactions import Item
from services.notify import post, rules, store, waking
from services.notify.composing import AddressNotSupported, compose
from services.notify.connections import sender_number
from services.notify.post import Claimed
from services.notify.settings import NotifySettings
from services.notify.smtp import Accepted, Connection, Deferred, Outcome, Refused, ServerAway, mail_server

if TYPE_CHECKING:
    from chassis import Service

_meter = metrics.get_meter("om-de-hoek")
mails_sent = _meter.create_counter("odh.notify.mails_sent", description="Mails that the mail server accepted.")
mails_sent_unsure = _meter.create_counter(
    "odh.notify.mails_unsure", description="Mails sent again because nobody knows whether the first one was accepted."
)

#: How many mails may be claimed for each connection: enough to keep it busy, few enough to give back at once.
CLAIMED_PER_CONNECTION = 4
FINISH_SECONDS = 6.0


async def send_mail(service: "Service") -> None:
    """Sends for as long as the service runs, under a new number whenever the database lost sight of us."""
    settings = cast(NotifySettings, service.settings)
    while True:
        try:
            async with sender_number(settings.database_url) as (number, lost):
                await Sender(service, number).run_until(lost)
        except Exception as error:
            if not is_away(error) and not isinstance(error, OSError):
                raise
        log.warning("sender lost its number")
        await wait_for_database(service.engine)
        await asyncio.sleep(0.1)


class Pace:
    """Lets through so many mails a second, and at most a second's worth at once."""

    def __init__(self, per_second: float, now: float) -> None:
        self._per_second, self._left, self._seen = per_second, max(per_second, 1.0), now

    def room(self, now: float) -> int:
        """How many mails may go now."""
        self._left = min(self._left + (now - self._seen) * self._per_second, max(self._per_second, 1.0))
        self._seen = now
        return int(self._left)

    def take(self, mails: int) -> None:
        """So many go."""
        self._left -= mails

    def wait_seconds(self) -> float:
        """How long until the next may go."""
        return max(0.0, (1 - self._left) / self._per_second)


class Sender:
    """Sends mail for one process, over a few connections."""

    def __init__(self, service: "Service", number: int) -> None:
        self._service, self._number = service, number
        self._settings = cast(NotifySettings, service.settings)
        self._woken = asyncio.Event()
        self._claimed: asyncio.Queue[Claimed | None] = asyncio.Queue()
        self._free = asyncio.Event()
        self._under_way = 0
        self._failures = 0
        self._paused_until = 0.0
        self._loop = asyncio.get_running_loop()
        self._broken: asyncio.Future[None] = self._loop.create_future()
        self._pace = Pace(self._settings.mails_per_second, self._loop.time())

    async def run_until(self, lost: asyncio.Event) -> None:
        """Sends until the number is lost or the service stops; what is under way is finished and marked first."""
        waking.senders.add(self._woken)
        connections = [asyncio.create_task(self._deliver()) for _ in range(self._settings.smtp_connections)]
        claiming = asyncio.create_task(self._claim_always())
        losing = asyncio.create_task(lost.wait())
        try:
            done, _ = await asyncio.wait(
                {claiming, losing, self._broken, *connections}, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                task.result()
        finally:
            waking.senders.discard(self._woken)
            await self._finish(claiming, losing, connections)

    async def _finish(
        self, claiming: asyncio.Task[None], losing: asyncio.Task[Any], connections: list[asyncio.Task[None]]
    ) -> None:
        claiming.cancel()
        losing.cancel()
        await asyncio.gather(claiming, losing, return_exceptions=True)
        left = [mail for mail in self._drained() if mail is not None]
        for _ in connections:
            self._claimed.put_nowait(None)
        _, late = await asyncio.wait(connections, timeout=FINISH_SECONDS)
        for task in late:
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)
        if left:
            with suppress(Exception):
                async with self._service.sessions() as session:
                    await post.give_back(session, left, self._number)
                    await session.commit()

    def _drained(self) -> list[Claimed | None]:
        return [self._claimed.get_nowait() for _ in range(self._claimed.qsize())]

    async def _claim_always(self) -> None:
        looked = -self._settings.mail_poll_seconds
        while True:
            if self._loop.time() - looked >= self._settings.mail_poll_seconds:
                looked = self._loop.time()
                await self._look_after()
            self._woken.clear()
            self._free.clear()
            room = self._room()
            claimed = await self._claim(room) if room else 0
            if room and claimed == room:
                continue
            await self._rest(waiting_for_room=not room)

    def _room(self) -> int:
        if self._loop.time() < self._paused_until:
            return 0
        most = CLAIMED_PER_CONNECTION * self._settings.smtp_connections - self._under_way
        return max(0, min(most, self._pace.room(self._loop.time())))

    async def _rest(self, *, waiting_for_room: bool) -> None:
        """Until there is something to send, or until something may be sent again."""
        seconds, event = self._settings.mail_poll_seconds, self._woken
        if waiting_for_room:
            event = self._free
            if (closed := max(self._paused_until - self._loop.time(), self._pace.wait_seconds())) > 0:
                await asyncio.sleep(min(closed, seconds))
                return
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await event.wait()

    async def _claim(self, room: int) -> int:
        async with self._service.sessions() as session:
            mails = await post.claim(session, self._number, room, self._service.now())
            await session.commit()
        self._pace.take(len(mails))
        self._under_way += len(mails)
        for mail in mails:
            self._claimed.put_nowait(mail)
        return len(mails)

    async def _look_after(self) -> None:
        """What dead senders left is taken over, and what waits for a contact that is known is let go."""
        async with self._service.sessions() as session:
            taken = await post.take_over(session, self._service.now())
            await store.release_known(session, self._service.now())
            await session.commit()
        for notification_id in taken:
            mails_sent_unsure.add(1)
            log.warning("taken over from a sender that died", notification_id=notification_id)

    async def _deliver(self) -> None:
        """One connection's work: mail after mail, each marked before the next can be accepted."""
        connection = Connection(
            mail_server(self._settings.smtp_url.get_secret_value()),
            local_hostname=self._settings.mail_domain,
            timeout_seconds=self._settings.smtp_timeout_seconds,
        )
        marking: asyncio.Task[None] | None = None
        try:
            while (mail := await self._claimed.get()) is not None:
                with span(f"mail {mail.template}", SpanKind.PRODUCER, mail.cause):
                    outcome = await self._offer(connection, mail, marking)
                    marking = asyncio.create_task(self._mark(mail, outcome))
        finally:
            if marking is not None:
                await marking
            await connection.quit()

    async def _offer(self, connection: Connection, mail: Claimed, marking: "asyncio.Task[None] | None") -> Outcome:
        if self._loop.time() < self._paused_until:
            return ServerAway("paused")
        try:
            address, message = compose(mail, self._settings, self._service.now())
        except AddressNotSupported:
            return Refused("address-not-supported", address=True)
        except Exception as error:  # a fault of ours; it must not keep the other mails
            log.error("mail not composed", notification_id=mail.notification_id, fault=describe(error))
            return Deferred("not-composed")
        outcome = await connection.send(self._settings.mail_address, address, message, first=marking)
        self._note(outcome)
        return outcome

    def _note(self, outcome: Outcome) -> None:
        """A server that is away is left alone for a while, and no more is claimed for it."""
        if not isinstance(outcome, ServerAway):
            self._failures, self._paused_until = 0, 0.0
            return
        if self._loop.time() >= self._paused_until:
            self._failures += 1
            pause = rules.server_pause_seconds(self._failures, random.random())
            self._paused_until = self._loop.time() + pause
            log.warning("mail server away", code=outcome.code, failures=self._failures, pause_seconds=round(pause, 1))

    async def _mark(self, mail: Claimed, outcome: Outcome) -> None:
        """Writes down what became of a mail, however long the database is away."""

        async def mark(session: Any) -> None:
            now, jitter = self._service.now(), random.random()
            await post.mark(session, mail, outcome, sender=self._number, now=now, jitter=jitter)

        item = Item(mark, cause=traceparent() or mail.cause)
        while isinstance(error := (await self._service.transactions.group([item]))[0], BaseException):
            if not is_away(error):
                if not self._broken.done():
                    self._broken.set_exception(error)
                return
            await wait_for_database(self._service.engine)
        if isinstance(outcome, Accepted):
            crashpoint("notify.after-mark")
            mails_sent.add(1)
        self._under_way -= 1
        self._free.set()
