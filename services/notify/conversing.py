"""A conversation with a mail server that was greeted already: commands, and its replies to them.

aiosmtplib opens the connection, with TLS and a password where that is asked. It waits for each reply before its next
command; a server that takes several at once (RFC 2920, as all do) then costs a mail three ways there and back more.
"""

import asyncio
import re
from collections import deque
from collections.abc import Sequence
from typing import cast

from aiosmtplib import SMTP, SMTPReadTimeoutError, SMTPResponse, SMTPServerDisconnected

#: What a reply may be long, with all its lines; more is no mail server.
REPLY_BYTES_MAX = 32 * 1024

_REPLY = re.compile(rb"((?:\d{3}-[^\n]*\n)*)(\d{3})(?:[ \r]([^\n]*))?\n")
_NEVER_IN_A_COMMAND = re.compile(rb"[\x00-\x1f\x7f]")


class Conversation(asyncio.Protocol):
    """Takes over a connection of aiosmtplib's after the hello; that still hears when it is lost."""

    def __init__(self, client: SMTP) -> None:
        assert client.transport is not None
        assert client.protocol is not None
        self._several = client.supports_extension("pipelining")
        self._before, self._transport = client.protocol, cast(asyncio.Transport, client.transport)
        self._received = bytearray()
        self._replies: deque[SMTPResponse] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._is_lost = False
        self._transport.set_protocol(self)

    @property
    def is_open(self) -> bool:
        """Whether the server can still be spoken to."""
        return not self._is_lost and not self._transport.is_closing()

    def say(self, text: bytes) -> None:
        """Sends what the server gives no reply to. Raises `SMTPServerDisconnected`."""
        if not self.is_open:
            raise SMTPServerDisconnected("Connection lost")
        self._transport.write(text)

    async def ask(self, *commands: bytes, seconds: float) -> list[SMTPResponse]:
        """The replies to commands: one for each, or up to a no. They go together where the server takes that.

        Raises `SMTPServerDisconnected`, and `SMTPReadTimeoutError` when a reply takes longer.
        """
        if any(map(_NEVER_IN_A_COMMAND.search, commands)):
            raise ValueError("a command holds a control character")
        self._received.clear()  # what was said without being asked answers nothing
        self._replies.clear()
        lines, replies = [command + b"\r\n" for command in commands], list[SMTPResponse]()
        if self._several:
            lines = [b"".join(lines)]
        for line in lines:
            self.say(line)
            try:
                for _ in range(len(commands) if self._several else 1):
                    replies.append(await self._reply(seconds))
            except SMTPServerDisconnected:
                if not _has_no(replies):  # otherwise it said why, and owes us nothing more
                    raise
            if _has_no(replies):
                break
        return replies

    async def _reply(self, seconds: float) -> SMTPResponse:
        while not self._replies:
            if self._is_lost:
                raise SMTPServerDisconnected("Connection lost")
            self._waiting = asyncio.get_running_loop().create_future()
            try:
                async with asyncio.timeout(seconds):
                    await self._waiting
            except TimeoutError:
                raise SMTPReadTimeoutError("Timed out waiting for server response") from None
            finally:
                self._waiting = None
        return self._replies.popleft()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while reply := _REPLY.match(self._received):
            self._replies.append(SMTPResponse(int(reply[2]), (reply[3] or b"").decode("utf-8", "replace").strip()))
            del self._received[: reply.end()]
        if len(self._received) > REPLY_BYTES_MAX or (b"\n" in self._received and not self._is_begun()):
            self._transport.abort()  # what says something else than replies is no mail server
        self._wake()

    def _is_begun(self) -> bool:
        """Whether what came in are the first lines of a reply."""
        return all(line[:3].isdigit() and line[3:4] == b"-" for line in self._received.split(b"\n")[:-1])

    def connection_lost(self, exc: Exception | None) -> None:
        self._is_lost = True
        self._before.connection_lost(exc)
        self._wake()

    def _wake(self) -> None:
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)


def _has_no(replies: Sequence[SMTPResponse]) -> bool:
    return any(reply.code >= 400 for reply in replies)
