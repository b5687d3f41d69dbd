"""The SMTP side: stores each mail, and only then says 250."""

import asyncio
import re
from weakref import WeakSet

from aiosmtpd.smtp import SMTP, Envelope, Session

from node.mail_catcher.behaviour import Behaviour, Rule
from node.mail_catcher.store import Store

BYTES_MAX = 10_000_000

_PLAIN_ADDRESS = re.compile(r"<([\w.+-]{1,64}@[\w.-]{1,255})>( .*)?", re.ASCII)


class Receiver:
    """The hooks that aiosmtpd calls."""

    def __init__(self, store: Store) -> None:
        self.store, self.behaviour = store, Behaviour()
        self.conversations: WeakSet[SMTP] = WeakSet()
        self.unanswered = 0  # mails that came in whole

    def hang_up(self) -> None:
        """Breaks off every conversation, as a server that dies does."""
        for conversation in list(self.conversations):
            if isinstance(conversation.transport, asyncio.WriteTransport):
                conversation.transport.abort()

    async def handle_EHLO(
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Several commands may come at once, as at the mail servers of this world."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", responses[-1]]

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        rule = self.behaviour.rule_for("rcpt", [address])
        if rule is None or rule.answer < 300:
            envelope.rcpt_tos.append(address)
            envelope.rcpt_options.extend(rcpt_options)
        return await self._answer(server, rule)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        rule = self.behaviour.rule_for("data", envelope.rcpt_tos)
        if rule is None or rule.answer < 300:
            content = envelope.original_content or b""
            self.store.add(envelope.mail_from or "", envelope.rcpt_tos, content)
        self.unanswered += 1
        try:
            return await self._answer(server, rule)
        finally:
            self.unanswered -= 1

    async def _answer(self, server: SMTP, rule: Rule | None) -> str:
        if rule is None:
            return "250 OK"
        await asyncio.sleep(rule.wait_seconds)
        answer = f"{rule.answer} {rule.text}"
        if rule.hang_up == "after-answer":
            await server.push(answer)
        if rule.hang_up and server.transport:
            server.transport.close()
        return answer


class Talk(SMTP):
    """A conversation, without what aiosmtpd spends most of its time on."""

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        """An address as our own services write it, without the parser for every address that there can be."""
        plain = _PLAIN_ADDRESS.fullmatch(arg)
        return (plain[1], plain[2] or "") if plain else super()._getaddr(arg)


async def receive(receiver: Receiver, port: int, host: str = "127.0.0.1") -> asyncio.Server:
    def conversation() -> SMTP:
        made = Talk(
            receiver, hostname="mailvanger", ident="Om de Hoek", data_size_limit=BYTES_MAX, enable_SMTPUTF8=True
        )
        receiver.conversations.add(made)
        return made

    return await asyncio.get_running_loop().create_server(conversation, host, port)
