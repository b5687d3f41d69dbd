"""Sends what is in the post: at most once, unless the process dies between the server's yes and our mark.

A mail is claimed (`sending`, committed), offered to the server, and marked. A process that dies in between leaves its
mails in `sending` under a number that is not locked any more; another sender, or the next one here, sends them once
more with the same Message-ID, and counts that. One mail at a time (or as many as the operator allows) is with the
server without being marked: that many can be in doubt when a process is killed.
"""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, cast

from opentelemetry import metrics
from opentelemetry.trace import SpanKind

from chassis.crashpoints import crashpoint
from chassis.database import is_away, wait_for_database
from chassis.problems import describe
from chassis.tasks import ended
from chassis.telemetry import log, span, traceparent
from services.notify import post, waking
from services.notify.caretaking import Caretaker, mails_unsure
from services.notify.composing import AddressNotSupported, compose, with_words
from services.notify.connections import hold_again, sender_number
from services.notify.marking import Marks
from services.notify.pace import Pace, Patience, Window, away_since
from services.notify.post import Claimed
from services.notify.settings import NotifySettings
from services.notify.smtp import (
    ACCEPT_SECONDS_MAX,
    Accepted,
    Connection,
    Deferred,
    NotOffered,
    Outcome,
    Refused,
    ServerAway,
    mail_server,
)

if TYPE_CHECKING:
    from chassis import Service

_meter = metrics.get_meter("om-de-hoek")
mails_sent = _meter.create_counter("odh.notify.mails_sent", description="Mails that the mail server accepted.")

#: How many mails may be claimed for each connection: enough to keep it busy, few enough to give back at once.
CLAIMED_PER_CONNECTION = 4

#: What has waited longer for its connection is looked at again: its address or its reader's wish may have changed.
CLAIMED_SECONDS_MAX = 2.0

#: A mail that the server thinks about for longer does not keep the others waiting.
WINDOW_SECONDS_MAX = 1.0

#: How long a service that stops waits for the mails that are with the server.
FINISH_SECONDS = 6.0


async def send_mail(service: "Service") -> None:
    """Sends for as long as the service runs, under a new number whenever the database lost sight of us."""
    settings = cast(NotifySettings, service.settings)
    if not settings.node_team_email:
        log.warning("no mail says where the node's team is reached, and an answer to one goes nowhere: node_team_email")
    while True:
        try:
            async with sender_number(settings.database_url) as (number, lost):
                await Sender(service, number, lost).run()
        except Exception as error:
            if not is_away(error):
                raise
        log.warning("sender lost its number")
        await wait_for_database(service.engine)
        await asyncio.sleep(0.1)


class Sender:
    """Sends mail for one process, over a few connections, under one number."""

    def __init__(self, service: "Service", number: int, lost: asyncio.Event) -> None:
        self._service, self._number, self._lost = service, number, lost
        self._settings = cast(NotifySettings, service.settings)
        self._loop = asyncio.get_running_loop()
        self._pace, self._patience = Pace(self._settings.mails_per_second, self._loop.time()), Patience()
        self._window = Window(self._settings.mails_in_doubt_max, WINDOW_SECONDS_MAX)
        self._marks = Marks(service, number)
        self._claimed: asyncio.Queue[tuple[Claimed, float] | None] = asyncio.Queue()
        self._under_way = 0
        self._woken, self._free, self._closing = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def run(self) -> None:
        """Sends until the number is lost or the service stops; what is under way is finished and written down first.

        When the database is away, that takes as long as it is away: an accepted mail that is not marked would go again.
        A number that was lost is locked again meanwhile, so that nobody takes over what the mail server is slow with.
        """
        waking.senders["mail"].add(self._woken)
        marking = asyncio.create_task(self._marks.run())
        working = [asyncio.create_task(self._deliver()) for _ in range(self._settings.smtp_connections)]
        working.append(asyncio.create_task(self._look_after_until_closing()))
        working.append(asyncio.create_task(self._claim_until_closing()))
        losing = asyncio.create_task(self._lost.wait())
        holding = asyncio.create_task(hold_again(self._settings.database_url, self._number, self._lost))
        try:
            try:
                await asyncio.wait({losing, *working}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                finishing = asyncio.create_task(self._finish(working))
            await asyncio.wait({finishing})
        except asyncio.CancelledError:
            until = self._loop.time() + FINISH_SECONDS
            while not finishing.done() and (left := until - self._loop.time()) > 0:
                with suppress(asyncio.CancelledError):  # `ended` cancels time and again
                    await asyncio.wait({finishing}, timeout=left)
            raise
        finally:
            waking.senders["mail"].discard(self._woken)
            await ended(losing, holding, finishing, *working, marking)
        for task in working:
            task.result()

    async def _finish(self, working: list[asyncio.Task[None]]) -> None:
        """Claims no more, returns what was not offered yet, and waits for what is with the server."""
        self._closing.set()
        self._woken.set()
        self._free.set()
        await asyncio.wait({working[-1]})
        while not self._claimed.empty():
            if claimed := self._claimed.get_nowait():
                self._marks.make(claimed[0], NotOffered(), claimed[0].cause)
        for _ in working:
            self._claimed.put_nowait(None)
        await asyncio.wait(working)
        await self._marks.all_made()

    async def _claim_until_closing(self) -> None:
        while not self._closing.is_set():
            self._woken.clear()
            self._free.clear()
            room = self._room()
            found = await self._claim(room) if room else 0
            if not room or found < room:
                await self._rest(has_room=room > 0)

    def _room(self) -> int:
        now = self._loop.time()
        if self._patience.wait_seconds(now):
            return 0
        most = CLAIMED_PER_CONNECTION * self._settings.smtp_connections
        if self._under_way * 2 > most:  # a claim for each mail that is done would cost as much as the mail
            return 0
        return max(0, min(most - self._under_way, self._pace.room(now)))

    async def _rest(self, *, has_room: bool) -> None:
        """Until there is something to send, or until something may be sent again."""
        seconds, event = self._settings.mail_poll_seconds, self._woken if has_room else self._free
        if not has_room and (shut := max(self._patience.wait_seconds(self._loop.time()), self._pace.wait_seconds())):
            seconds, event = min(shut, seconds), self._closing
        await _wait(event, seconds)

    async def _claim(self, room: int) -> int:
        async with self._service.engine.connect() as connection:
            mails, found = await post.claim(connection, self._number, room, self._service.now())
        crashpoint("notify.after-claim")
        self._pace.take(len(mails))
        self._under_way += len(mails)
        for mail in mails:
            self._claimed.put_nowait((mail, self._loop.time()))
        return found

    async def _look_after_until_closing(self) -> None:
        caretaker = Caretaker(self._service)
        while not self._closing.is_set():
            if await caretaker.look_after():
                self._woken.set()
            await _wait(self._closing, self._settings.mail_poll_seconds)

    async def _deliver(self) -> None:
        """One connection's work: mail after mail, each when the one before it is marked."""
        connection = Connection(
            mail_server(self._settings.smtp_url.get_secret_value()),
            local_hostname=self._settings.mail_domain,
            timeout_seconds=self._settings.smtp_timeout_seconds,
            accept_timeout_seconds=ACCEPT_SECONDS_MAX,
        )
        try:
            while claimed := await self._claimed.get():
                mail, since = with_words(claimed[0], self._settings), claimed[1]
                with span(f"mail {mail.template}", SpanKind.PRODUCER, mail.cause):
                    outcome, leave = await self._offer(connection, mail, since)
                    marked = self._marks.make(mail, outcome, traceparent() or mail.cause)
                    marked.add_done_callback(partial(self._make_room, leave))
                await marked
        finally:
            await connection.quit()

    def _make_room(self, leave: Callable[[], None], _: asyncio.Future[None]) -> None:
        leave()
        self._under_way -= 1
        self._free.set()

    async def _offer(self, connection: Connection, mail: Claimed, since: float) -> tuple[Outcome, Callable[[], None]]:
        """Offers a mail; returns what became of it, and what is to be called when that is written down."""
        leave: Callable[[], None] = _nothing

        async def may_go() -> bool:
            nonlocal leave
            leave = await self._window.enter()
            return not self._lost.is_set() and mail.without_sending(self._service.now()) is None

        now = self._loop.time()
        if now - since > CLAIMED_SECONDS_MAX or self._patience.wait_seconds(now):
            return NotOffered(), leave
        try:
            address, message = compose(mail, self._settings, self._service.now())
        except AddressNotSupported:
            return Refused("address-not-supported", address=True), leave
        except Exception as error:  # a fault of ours; it must not keep the other mails
            log.error("mail not composed", notification_id=mail.notification_id, fault=describe(error))
            return Deferred("not-composed"), leave
        try:
            outcome = await connection.send(self._settings.mail_address, address, message, may_go=may_go)
        except Exception as error:
            log.error("mail not offered", notification_id=mail.notification_id, fault=describe(error))
            connection.close()
            outcome = Deferred("not-offered", unsure=True)
        self._note(outcome)
        return outcome, leave

    def _note(self, outcome: Outcome) -> None:
        """A server that is away is left alone for a while, and no more is claimed for it."""
        match outcome:
            case Accepted():
                mails_sent.add(1)
            case Deferred(unsure=True):
                mails_unsure.add(1)
        if isinstance(outcome, ServerAway):
            away_since.setdefault(self._service, self._service.now())
            pause = self._patience.is_away(self._loop.time(), random.random())
            log.warning(
                "mail server away", code=outcome.code, failures=self._patience.failures, pause_seconds=round(pause, 1)
            )
        elif not isinstance(outcome, NotOffered):
            self._patience.is_there()
            away_since.pop(self._service, None)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()


def _nothing() -> None:
    """What is to be called for a mail that never came into the window."""
