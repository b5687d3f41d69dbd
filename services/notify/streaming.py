"""The inbox as it comes in: server-sent events, without a gap, for readers who keep up."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, cast

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from chassis import Problem
from chassis.database import is_away, wait_for_database
from chassis.problems import describe
from chassis.tasks import ended
from chassis.telemetry import log
from services.notify import inbox
from services.notify.connections import held_connection
from services.notify.settings import NotifySettings
from services.notify.views import InboxItemView, inbox_views

if TYPE_CHECKING:
    from chassis import Service

ITEMS_AT_ONCE = 50


class TooManyStreams(
    Problem, slug="too-many-streams", status=429, title="You have too many streams of your inbox open"
):
    """Each open stream costs us memory; a member needs a few."""


class Readers:
    """Who is reading their inbox in this process."""

    def __init__(self) -> None:
        self._woken_by: dict[str, set[asyncio.Event]] = {}

    @contextmanager
    def one(self, references: Sequence[str], most: int) -> Any:
        """Registers one reader; the event it gets is set when there may be something new for that member.

        They read what they are told under all their references; the first counts how often they read along.
        """
        woken = asyncio.Event()
        if len(self._woken_by.get(references[0], ())) >= most:
            raise TooManyStreams(headers={"Retry-After": "30"})
        for one in references:
            self._woken_by.setdefault(one, set()).add(woken)
        try:
            yield woken
        finally:
            for one in references:
                self._woken_by[one].discard(woken)
                if not self._woken_by[one]:
                    del self._woken_by[one]

    def wake(self, member_id: str) -> None:
        """There is something new for a member."""
        for woken in self._woken_by.get(member_id, ()):
            woken.set()

    def wake_all(self) -> None:
        """There may be something new for anybody."""
        for member_id in self._woken_by:
            self.wake(member_id)


async def wake_streams(service: "Service") -> None:
    """Listens for new items, whichever replica wrote them, and wakes their readers here."""
    readers: Readers = service.app.state.readers
    while True:
        try:
            async with held_connection(service.settings.database_url, "inbox") as (connection, lost):
                await connection.add_listener("inbox", lambda *told: readers.wake(told[-1]))
                readers.wake_all()  # what was told while nobody listened
                await lost.wait()
        except Exception as error:
            if not is_away(error):
                raise
        log.warning("inbox listener lost its connection")
        await wait_for_database(service.engine)
        await asyncio.sleep(0.1)


def as_event(item: InboxItemView) -> bytes:
    """One item as a server-sent event: its data is JSON on one line, so that no text in it can forge another event."""
    return f"id: {item.position}\nevent: inbox-item\ndata: {item.model_dump_json()}\n\n".encode()


class InboxStream(Response):
    """A member's items after a position, for as long as they read along."""

    media_type = "text/event-stream"

    def __init__(self, service: "Service", references: Sequence[str], position: int) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._service, self._references, self._position = service, references, position
        self._settings = cast(NotifySettings, service.settings)
        self._readers: Readers = service.app.state.readers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Streams until the reader leaves, takes nothing any more, or has read for the set time; or we stop."""
        with self._readers.one(self._references, self._settings.streams_per_member_max) as woken:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            streaming = asyncio.create_task(self._stream(send, woken))
            leaving = asyncio.create_task(_left(receive))
            stopping = asyncio.create_task(self._service.app.state.stopping.wait())
            try:
                await asyncio.wait(
                    {streaming, leaving, stopping},
                    timeout=self._settings.stream_seconds_max,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                has_left = leaving.done() or streaming.done()
            finally:
                await ended(streaming, leaving, stopping)
        if not has_left:  # their time is over, or ours: they come back with the last id
            await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _stream(self, send: Send, woken: asyncio.Event) -> None:
        """Ends when nothing is taken, or the database is away; the reader finds the line broken and comes back."""
        try:
            async for part in self._parts(woken):
                # Nothing is kept for a reader who does not read: the next items are fetched when these are taken.
                async with asyncio.timeout(self._settings.stream_send_seconds_max):
                    await send({"type": "http.response.body", "body": part, "more_body": True})
        except Exception as error:
            log.info("inbox stream broken off", fault=describe(error))

    async def _parts(self, woken: asyncio.Event) -> AsyncIterator[bytes]:
        yield f"id: {self._position}\nretry: 1000\n\n".encode()  # who was told nothing yet comes back with it
        while True:
            woken.clear()
            async with self._service.sessions() as session:
                items = await inbox.after(session, self._references, self._position, ITEMS_AT_ONCE)
                views = await inbox_views(session, items, self._settings.public_url)
            for view in views:
                self._position = view.position
                yield as_event(view)
            if items:  # the last may have no view
                self._position = items[-1].position or self._position
            if len(items) == ITEMS_AT_ONCE:
                continue
            try:
                async with asyncio.timeout(self._settings.stream_heartbeat_seconds):
                    await woken.wait()
            except TimeoutError:
                yield b": still here\n\n"


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
