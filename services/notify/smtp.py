"""The mail server: where it is, a connection to it, and what its answers mean for a mail."""

import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPException,
    SMTPResponse,
    SMTPResponseException,
    SMTPStatus,
    SMTPTimeoutError,
)

from chassis.crashpoints import crashpoint
from services.notify.conversing import Conversation

#: A mail server may think so long about a whole mail (RFC 5321, 4.5.3.2.6, has ten minutes): giving up sends it twice.
ACCEPT_SECONDS_MAX = 300.0

_CLOSING = 421

#: A line that begins with a dot gets another one (RFC 5321, 4.5.2).
_DOT_FIRST = re.compile(rb"^\.", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where the mail server is, and how to talk to it."""

    host: str
    port: int
    username: str | None
    password: str | None
    security: Literal["tls-when-offered", "starttls", "tls"]


_SCHEMES: dict[str, tuple[int, Literal["tls-when-offered", "starttls", "tls"]]] = {
    "smtp": (25, "tls-when-offered"),
    "smtp+starttls": (587, "starttls"),
    "smtps": (465, "tls"),
}


def mail_server(url: str) -> MailServer:
    """Reads the setting; raises `ValueError` without quoting the url, which may hold a password."""
    try:
        parts = urlsplit(url)
        port, security = _SCHEMES[parts.scheme]
        host, port = parts.hostname or "", parts.port or port
    except (ValueError, KeyError):
        raise ValueError("must be smtp://, smtp+starttls:// or smtps://, a host, and a port if need be") from None
    if not host:
        raise ValueError("must name the mail server's host")
    username = unquote(parts.username) if parts.username else None
    password = unquote(parts.password) if parts.password else None
    if username and security == "tls-when-offered" and host not in ("127.0.0.1", "::1", "localhost"):
        raise ValueError("must be smtp+starttls:// or smtps:// when there is a password in it")
    return MailServer(host, port, username, password, security)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The server took the mail: it is theirs now."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not this time. `unsure`: the server may have taken it without our hearing so."""

    code: str
    unsure: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """Never. `address`: it is the address that is refused, not just this mail."""

    code: str
    address: bool


@dataclass(frozen=True, slots=True)
class ServerAway:
    """The server cannot be reached or does not serve us; that is no fault of the mail."""

    code: str


@dataclass(frozen=True, slots=True)
class NotOffered:
    """It was not for us to send any more, or not as it was; nobody was asked to take it."""


Outcome = Accepted | Deferred | Refused | ServerAway | NotOffered


class Connection:
    """One connection to the mail server, opened when it is needed and used again for the next mail.

    A server that thinks long about a whole mail is waited for longer than one that says nothing to a command: giving up
    there sends the mail twice (RFC 5321, 4.5.3.2.6).
    """

    def __init__(
        self, server: MailServer, *, local_hostname: str, timeout_seconds: float, accept_timeout_seconds: float
    ) -> None:
        self._timeout_seconds, self._accept_timeout_seconds = timeout_seconds, accept_timeout_seconds
        self._said: Conversation | None = None
        self._client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.security == "tls",
            start_tls={"starttls": True, "tls": False, "tls-when-offered": None}[server.security],
            # Where TLS is not demanded, somebody in between could leave it out: a certificate then proves nothing.
            validate_certs=server.security != "tls-when-offered",
            local_hostname=local_hostname,
            timeout=timeout_seconds,
        )

    async def send(
        self, sender: str, recipient: str, message: bytes, *, may_go: Callable[[], Awaitable[bool]]
    ) -> Outcome:
        """Offers one mail, and says what became of it. `may_go` is asked just before the server could accept it.

        Everything but the last dot has gone by then: who waits for their turn has the rest behind them.
        """
        refusal = await self._announce(sender, recipient) or self._tell(message)
        if refusal is not None:
            return refusal
        if not await may_go():
            self.close()  # a mail that is not finished is none
            return NotOffered()
        if self._said is None or not self._said.is_open:
            return Deferred("disconnected")
        try:
            (answer,) = await self._said.ask(b".", seconds=self._accept_timeout_seconds)
        except (SMTPException, OSError) as error:
            self.close()
            return Deferred(_code_of(error), unsure=True)
        if answer.code != SMTPStatus.completed:
            return await self._answered(answer, at_recipient=False)
        crashpoint("notify.after-250")
        return Accepted()

    async def _announce(self, sender: str, recipient: str) -> Outcome | None:
        """Whom it is from and for. A kept connection that the server has closed meanwhile is opened again, once."""
        kept = self._said is not None and self._said.is_open
        if not kept:
            try:
                self._said = await self._open()
            except (SMTPException, OSError) as error:
                self.close()
                return ServerAway(_code_of(error))
        assert self._said is not None
        crashpoint("notify.before-data")
        commands = (f"MAIL FROM:<{sender}>".encode(), f"RCPT TO:<{recipient}>".encode(), b"DATA")
        try:
            mail, *others = await self._said.ask(*commands, seconds=self._timeout_seconds)
        except (SMTPException, OSError) as error:
            self.close()
            # Without an answer it may be this mail that the server stumbles over.
            return await self._announce(sender, recipient) if kept else Deferred(_code_of(error))
        if mail.code != SMTPStatus.completed:  # a refused sender is our own fault
            self.close()
            return await self._announce(sender, recipient) if kept else ServerAway(_code_of(_no(mail)))
        rcpt, *others = others
        if rcpt.code not in (SMTPStatus.completed, SMTPStatus.will_forward):
            if others and others[0].code == SMTPStatus.start_input:
                self.close()  # it waits for a mail to nobody
            return await self._answered(rcpt, at_recipient=True)
        (data,) = others
        return None if data.code == SMTPStatus.start_input else await self._answered(data, at_recipient=False)

    async def _open(self) -> Conversation:
        self.close()
        await self._client.connect()
        if self._client.is_ehlo_or_helo_needed:
            await self._client.ehlo()
        return Conversation(self._client)

    def _tell(self, message: bytes) -> Outcome | None:
        """The mail itself, lines that end in CRLF, but for the dot that ends it all."""
        assert self._said is not None
        try:
            self._said.say(_DOT_FIRST.sub(b"..", message))
        except SMTPException as error:
            self.close()
            return Deferred(_code_of(error))
        return None

    async def _answered(self, answer: SMTPResponse, *, at_recipient: bool) -> Outcome:
        """The server said no, and the connection stays good for the next mail."""
        error = _no(answer)
        if error.code == _CLOSING:
            self.close()
            return ServerAway(str(error.code))
        await self._reset()
        if 500 <= error.code < 600:
            return Refused(_code_of(error), _is_about_the_address(error, at_recipient))
        return Deferred(_code_of(error))

    async def _reset(self) -> None:
        if self._said is not None and self._said.is_open:
            try:
                await self._said.ask(b"RSET", seconds=self._timeout_seconds)
            except (SMTPException, OSError):
                self.close()  # a reply that comes after all would be taken for one to the next mail

    def close(self) -> None:
        """Drops the connection."""
        self._said = None
        self._client.close()

    async def quit(self) -> None:
        """Says goodbye, if there is somebody to say it to."""
        if self._said is not None and self._said.is_open:
            with suppress(SMTPException, OSError):
                await self._said.ask(b"QUIT", seconds=1)
        self.close()


def _no(answer: SMTPResponse) -> SMTPResponseException:
    return SMTPResponseException(answer.code, answer.message)


_ENHANCED = re.compile(r"^[245]\.\d{1,3}\.\d{1,3}\b")

#: Without an enhanced code, what a server says to a recipient that it does not have.
_NO_SUCH_ADDRESS = {550, 551, 553}

#: The enhanced codes that say so (RFC 3463, RFC 7505): no such mailbox or domain, and a mailbox that is closed.
_ADDRESS_IS_BAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"}


def _is_about_the_address(error: SMTPResponseException, at_recipient: bool) -> bool:
    """A server that refuses us, or what we say, must not make us call a good address bad."""
    if enhanced := _ENHANCED.match(error.message):
        return enhanced[0] in _ADDRESS_IS_BAD
    return at_recipient and error.code in _NO_SUCH_ADDRESS


def _code_of(error: Exception) -> str:
    """The reply code, or the kind of fault: never the server's text, which may quote the address."""
    if isinstance(error, SMTPResponseException) and error.code > 0:
        enhanced = _ENHANCED.match(error.message)
        return f"{error.code} {enhanced[0]}" if enhanced else str(error.code)
    return "timeout" if isinstance(error, SMTPTimeoutError | TimeoutError) else "disconnected"
