"""The mails that were caught: a Maildir on disk, and a list of them in memory."""

import email
import email.policy
import json
import mailbox
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import EmailMessage
from functools import cached_property
from pathlib import Path

# Who it was really for is in the SMTP conversation, not in the mail; it is kept as the first header of the file.
ENVELOPE = b"X-Odh-Envelope: "


@dataclass(frozen=True)
class Mail:
    """A mail that was caught; its heading is read by who looks at it, not while more mail comes in."""

    id: str
    received_at: str
    sender: str
    recipients: tuple[str, ...]
    file: str
    heading: bytes

    @property
    def subject(self) -> str:
        return self._headers[0]

    @property
    def message_id(self) -> str:
        return self._headers[1]

    @cached_property
    def _headers(self) -> tuple[str, str]:
        message = parsed(self.heading)
        return header(message, "Subject"), header(message, "Message-ID").strip()

    def is_for(self, address: str) -> bool:
        return address.lower() in (recipient.lower() for recipient in self.recipients)


class Store:
    def __init__(self, folder: Path) -> None:
        for part in ("tmp", "new", "cur"):  # the mailbox makes them only together with the folder itself
            (folder / part).mkdir(parents=True, exist_ok=True)
        self._folder, self._maildir = folder, mailbox.Maildir(folder, create=False)
        self._mails: dict[str, Mail] = {}
        for key in self._maildir.iterkeys():
            mail = _described(key, self._maildir.get_bytes(key))
            self._mails[mail.id] = mail

    def add(self, sender: str, recipients: Iterable[str], content: bytes) -> Mail:
        """Returns when the mail is in the folder."""
        envelope = {
            "id": f"{time.time_ns():x}",
            "received_at": datetime.now(UTC).isoformat(timespec="milliseconds"),
            "sender": sender,
            "recipients": list(recipients),
        }
        kept = ENVELOPE + json.dumps(envelope).encode() + b"\n" + content.replace(b"\r\n", b"\n")
        # As the mailbox would do it, but for its wait for the disk: this catches mail that nobody waits for.
        key = f"{envelope['id']}.{os.getpid()}.mailvanger"
        (self._folder / "tmp" / key).write_bytes(kept)
        (self._folder / "tmp" / key).rename(self._folder / "new" / key)
        mail = _described(key, kept)
        self._mails[mail.id] = mail
        return mail

    def newest_first(self, to: str | None = None) -> list[Mail]:
        mails = list(self._mails.values())  # at once: others may come in meanwhile
        mails.sort(key=lambda mail: mail.id, reverse=True)
        return [mail for mail in mails if to is None or mail.is_for(to)]

    def get(self, id: str) -> Mail | None:
        return self._mails.get(id)

    def content(self, mail: Mail) -> bytes:
        """As it came in, without our own first line."""
        return self._maildir.get_bytes(mail.file).split(b"\n", 1)[1]

    def clear(self) -> int:
        count = len(self._mails)
        self._mails.clear()
        self._maildir.clear()
        return count


def parsed(content: bytes) -> EmailMessage:
    return email.message_from_bytes(content, policy=email.policy.default)


def body(message: EmailMessage, kind: str) -> str | None:
    """The text or the HTML of a mail; what cannot be read is shown as such, never an error."""
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return _printable(str(part.get_content()))
    except (LookupError, KeyError, ValueError):
        return "(onleesbaar / unreadable)"


def headers(message: EmailMessage) -> list[tuple[str, str]]:
    """Every header with its value; one that cannot be read is given as it came."""
    return [(_printable(name), _value(message, name, raw)) for name, raw in message.raw_items()]


def header(message: EmailMessage, name: str) -> str:
    """The value of a header; empty when there is none."""
    raw = next((raw for found, raw in message.raw_items() if found.lower() == name.lower()), None)
    return "" if raw is None else _value(message, name, raw)


def _value(message: EmailMessage, name: str, raw: str) -> str:
    try:
        return _printable(str(message.policy.header_fetch_parse(name, raw)))
    except Exception:  # the parser raises whatever it tripped over
        return _printable(str(raw))


def _printable(text: str) -> str:
    """Bytes that were no text come out of the parser as half characters, which no page can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _described(key: str, kept: bytes) -> Mail:
    first, content = kept.split(b"\n", 1)
    envelope = json.loads(first.removeprefix(ENVELOPE))
    return Mail(
        id=envelope["id"],
        received_at=envelope["received_at"],
        sender=envelope["sender"],
        recipients=tuple(envelope["recipients"]),
        file=key,
        heading=content.partition(b"\n\n")[0],
    )
