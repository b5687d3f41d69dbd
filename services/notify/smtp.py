"""The mail server: where it is, a connection to it, and what its answers mean for a mail."""

import asyncio
from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPTimeoutError,
)

from chassis.crashpoints import crashpoint

_CLOSING = 421


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


Outcome = Accepted | Deferred | Refused | ServerAway


class Connection:
    """One connection to the mail server, opened when it is needed and used again for the next mail."""

    def __init__(self, server: MailServer, *, local_hostname: str, timeout_seconds: float) -> None:
        self._server = server
        self._client = SMTP(
            hostname=server.host,
            port=server.port,
            username=server.username,
            password=server.password,
            use_tls=server.security == "tls",
            start_tls={"starttls": True, "tls": False, "tls-when-offered": None}[server.security],
            local_hostname=local_hostname,
            timeout=timeout_seconds,
        )

    async def send(self, sender: str, recipient: str, message: bytes, *, first: Awaitable[object] | None) -> Outcome:
        """Offers one mail, and says what became of it. `first` is awaited just before the server could accept it."""
        refusal = await self._announce(sender, recipient)
        if first is not None:
            await first
        if refusal is not None:
            return refusal
        crashpoint("notify.before-data")
        try:
            await self._client.data(message)
        except SMTPDataError as error:
            return await self._answered(error, address=False)
        except (SMTPException, OSError) as error:
            self.close()
            return Deferred(_code_of(error), unsure=True)
        crashpoint("notify.after-250")
        return Accepted()

    async def _announce(self, sender: str, recipient: str) -> Outcome | None:
        """MAIL and RCPT. A kept connection that the server has closed meanwhile is opened again, once."""
        kept = self._client.is_connected
        if not kept:
            try:
                await self._client.connect()
            except (SMTPException, OSError) as error:
                self.close()
                return ServerAway(_code_of(error))
        try:
            await self._client.mail(sender)
            await self._client.rcpt(recipient)
        except SMTPRecipientRefused as error:
            return await self._answered(error, address=True)
        except (SMTPException, OSError) as error:
            self.close()
            if kept:
                return await self._announce(sender, recipient)
            # Without an answer it may be this mail that the server stumbles over; a refused sender is our own fault.
            return ServerAway(_code_of(error)) if isinstance(error, SMTPSenderRefused) else Deferred(_code_of(error))
        return None

    async def _answered(self, error: SMTPResponseException, *, address: bool) -> Outcome:
        """The server said no, and the connection stays good for the next mail."""
        if error.code == _CLOSING:
            self.close()
            return ServerAway(str(error.code))
        if self._client.is_connected:
            with suppress(SMTPException, OSError):
                await self._client.rset()
        if 500 <= error.code < 600:
            return Refused(str(error.code), address)
        return Deferred(str(error.code))

    def close(self) -> None:
        """Drops the connection."""
        self._client.close()

    async def quit(self) -> None:
        """Says goodbye, if there is somebody to say it to."""
        if self._client.is_connected:
            with suppress(SMTPException, OSError, asyncio.TimeoutError):
                await asyncio.wait_for(self._client.quit(), 1)
        self.close()


def _code_of(error: Exception) -> str:
    """The reply code, or the kind of fault: never the server's text, which may quote the address."""
    if isinstance(error, SMTPResponseException) and error.code > 0:
        return str(error.code)
    return "timeout" if isinstance(error, SMTPTimeoutError | TimeoutError) else "disconnected"
