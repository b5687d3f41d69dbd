"""HTTP as it comes in: the head of a request is limited in size and in time, before anything of ours sees it; who
does not take the answer is not waited for; and when too many calls wait, the next is refused before anything is made
of it.

uvicorn limits neither: a header that never ends would fill the memory, and a client that sends a byte now and then, or
takes none, would keep its connection for ever.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from chassis.limits import ALWAYS, Busy, TooSlow, Waiting
from chassis.problems import Problem

HEAD_BYTES_MAX = 32 * 1024
HEAD_SECONDS_MAX = 10.0

#: Of an answer that waits to be taken so much must go in so long: slower than any line is.
TAKE_BYTES_MIN, TAKE_SECONDS_MAX = 16 * 1024, 30.0


class HeadersTooLarge(Problem, slug="headers-too-large", status=431, title="The headers are too large"):
    """The address and the headers of the request hold more than is read."""


class CarefulHttp(HttpToolsProtocol):
    """uvicorn's protocol, which gives up on a head that is too large or too slow, and on who takes nothing.

    What is refused because too many wait is only parsed: the more often that happens, the less may it cost.
    """

    head_seconds_max = HEAD_SECONDS_MAX
    take_seconds_max = TAKE_SECONDS_MAX
    _awaits_head = True
    _head_came = False
    _head_bytes = 0
    _patience: asyncio.TimerHandle | None = None
    _taking: asyncio.TimerHandle | None = None
    _waiting: Waiting | None = None
    _is_refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A client may not keep a connection without ever asking anything."""
        super().connection_made(transport)
        self._waiting = getattr(getattr(self.config.app, "state", None), "waiting", None)
        self._be_patient()

    def shutdown(self) -> None:
        """The process stops: answers under way are finished, and streams, which would last longest, are told."""
        if stopping := getattr(getattr(self.config.app, "state", None), "stopping", None):
            stopping.set()
        super().shutdown()

    def data_received(self, data: bytes) -> None:
        """Counts what comes in until the head is complete."""
        awaited, self._head_came = self._awaits_head, False
        super().data_received(data)
        is_part = awaited and not self._head_came  # all of it belongs to one head
        if (is_part or self._is_refused) and self._patience is None:
            self._be_patient()
        if is_part:
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_BYTES_MAX:
                self._refuse(HeadersTooLarge(bytes_max=HEAD_BYTES_MAX))

    def on_message_begin(self) -> None:
        """Nothing is kept of what will be refused; what was asked before on this connection is answered before."""
        if self._waiting and self._waiting.is_full and (self.cycle is None or self.cycle.response_complete):
            self._is_refused, self.headers = True, []
        else:
            super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """How a service is, is always told; and who asks for a head alone must get no body."""
        if self._is_refused and (url.startswith(_ALWAYS) or self.parser.get_method() == b"HEAD"):
            self._is_refused = False
            super().on_message_begin()
        if not self._is_refused:
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Of what is refused nothing is looked at."""
        if not self._is_refused:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The body is limited elsewhere; of what is refused it must come as soon as a head."""
        self._awaits_head, self._head_came, self._head_bytes = False, True, 0
        if not self._is_refused:
            self._lose_patience_no_more()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Of what is refused nothing is kept."""
        if not self._is_refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        self._awaits_head = True
        if self._is_refused:
            self._is_refused = False
            self._lose_patience_no_more()
            self._say_busy()
        else:
            super().on_message_complete()
            if self._waiting:
                self._waiting.one_comes(self.loop)

    def _say_busy(self) -> None:
        if self.transport.is_closing():
            return
        if self.parser.should_keep_alive():
            self.transport.write(_BUSY)
            self.on_response_complete()
        else:
            self.transport.write(_BUSY_AND_CLOSED)
            self.transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing has to come in or to be taken any more."""
        self._lose_patience_no_more()
        self._is_taken()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits to be taken than we keep; also when we closed the connection meanwhile, it stays for that."""
        super().pause_writing()
        self._expect_to_be_taken()

    def resume_writing(self) -> None:
        """Most of it was taken."""
        self._is_taken()
        super().resume_writing()

    def _expect_to_be_taken(self) -> None:
        waits: int = self.transport.get_write_buffer_size()
        self._taking = self.loop.call_later(self.take_seconds_max, self._let_go_unless_less_than, waits)

    def _let_go_unless_less_than(self, waited: int) -> None:
        if self.transport.get_write_buffer_size() > waited - TAKE_BYTES_MIN:
            self.transport.abort()
        else:
            self._expect_to_be_taken()

    def _is_taken(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _be_patient(self) -> None:
        self._patience = self.loop.call_later(self.head_seconds_max, self._refuse, TooSlow())

    def _lose_patience_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _refuse(self, problem: Problem) -> None:
        self._lose_patience_no_more()
        if self.transport.is_closing():
            return
        if self.cycle is None or self.cycle.response_complete:  # otherwise the answer to another request is under way
            self.transport.write(_bytes_of(problem, closes=True))
        self.transport.close()


def _bytes_of(problem: Problem, *, closes: bool) -> bytes:
    answer: Any = problem.response()
    headers = b"".join(name + b": " + value + b"\r\n" for name, value in answer.raw_headers)
    return STATUS_LINE[problem.status] + headers + b"connection: close\r\n" * closes + b"\r\n" + bytes(answer.body)


_ALWAYS = ALWAYS.encode()
_BUSY, _BUSY_AND_CLOSED = (_bytes_of(Busy(), closes=closes) for closes in (False, True))
