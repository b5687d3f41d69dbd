"""The mail catcher inside a test: what was sent, read back as a mail program reads it, and how to make trouble."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from node.mail_catcher.behaviour import Behaviour, Rule
from node.mail_catcher.reading import reading
from node.mail_catcher.receiving import Receiver, receive
from node.mail_catcher.store import Store
from node.part import free_port
from tests.given import eventually


class Catcher:
    """A mail server that keeps what it gets."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.receiver = folder, Receiver(Store(folder))
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        transport = httpx.ASGITransport(app=reading(self.receiver))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1")
        self._server: asyncio.Server | None = None

    async def back(self) -> None:
        """It listens (again)."""
        if self._server is None:
            self._server = await receive(self.receiver, self.port)

    async def away(self) -> None:
        """Nobody answers at its port any more, and who was connected is cut off."""
        if self._server is not None:
            self._server.close()
            self.receiver.hang_up()
            await self._server.wait_closed()
            self._server = None

    def behave(self, *rules: dict[str, Any]) -> None:
        """From now on it does what the rules say, and nothing else."""
        self.receiver.behaviour = Behaviour(rules=[Rule(**rule) for rule in rules])

    async def answered(self) -> None:
        """Returns when it has answered every mail that came in whole."""

        async def nothing_under_way() -> bool:
            return not self.receiver.unanswered

        await eventually(nothing_under_way, saying="answers to all mails")

    async def any_mail(self) -> None:
        """Returns when it has got a mail, answered or not."""

        async def got_one() -> bool:
            return bool(self.receiver.store.newest_first())

        await eventually(got_one, saying="a mail")

    def mails(self, to: str | None = None) -> list[EmailMessage]:
        """What was sent to an address, oldest first; a mail with an error in its form fails here."""
        store = self.receiver.store
        return [
            message_from_bytes(store.content(mail), policy=policy.strict) for mail in reversed(store.newest_first(to))
        ]

    async def mail(self, to: str, count: int = 1) -> EmailMessage:
        """The newest mail to an address, when there are as many as should be."""

        async def arrived() -> bool:
            return len(self.mails(to)) >= count

        await eventually(arrived, saying=f"mail {count} to {to}")
        mails = self.mails(to)
        assert len(mails) == count
        return mails[-1]


def words(mail: EmailMessage, form: str = "plain") -> str:
    """The text or the HTML of a mail."""
    part = mail.get_body((form,))
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


@asynccontextmanager
async def catching() -> AsyncIterator[Catcher]:
    """A mail catcher that listens, on a folder that goes away."""
    with TemporaryDirectory() as folder:
        catcher = Catcher(Path(folder))
        await catcher.back()
        try:
            yield catcher
        finally:
            await catcher.away()
            await catcher.http.aclose()
