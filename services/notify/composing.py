"""The mail itself: headers and both forms of its words, as the bytes that go over the wire."""

from base64 import encodebytes
from binascii import b2a_qp
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from functools import cache
from typing import Any

from email_validator import EmailNotValidError, validate_email

from chassis.problems import describe
from chassis.telemetry import log
from contracts.vocabulary import Language
from services.notify.meeting_notices import calendar_of
from services.notify.post import Claimed
from services.notify.rendering import Lines, Person, Reading, inbox_lines, mail_words, url_of
from services.notify.settings import NotifySettings
from services.notify.templates import EVERYTHING, MEETING_TEMPLATES, Template
from services.notify.texts import as_greeted


class AddressNotSupported(ValueError):
    """No mail can go to this address: what stands before its @ is not ASCII, or it is no address at all."""


def with_words(mail: Claimed, settings: NotifySettings) -> Claimed:
    """A digest with those of its items that words can be found for: another keeps them back no longer, and goes alone.

    Of one for which there are none, all stay: it waits, as any mail does that cannot be composed.
    """
    telling, wordless = [], []
    for item in mail.items:
        try:
            _item(item, mail, Language(mail.contacts[mail.member_id]["language"]), settings)
            telling.append(item)
        except Exception as error:  # a fault of ours
            wordless.append(item["notification_id"])
            log.error("left out of a digest", notification_id=item["notification_id"], fault=describe(error))
    return replace(mail, items=telling, wordless=wordless) if telling and wordless else mail


def compose(mail: Claimed, settings: NotifySettings, now: datetime) -> tuple[str, bytes]:
    """The recipient's address and the bytes of the mail; raises `AddressNotSupported`.

    Put together here: the newer policies of the email package lose spaces between words with accents, encode a long
    link to unsubscribe so that no mail program sees a link, and take longer than everything else that a mail needs.
    """
    reading, address = reading_of(mail, settings), _address(mail.address)
    words = mail_words(reading)
    calendar = _calendar(mail, reading, now)
    boundary = f"=_{mail.notification_id}"  # in neither part: quoted-printable leaves no "=_" as it is
    headers = {
        "From": _mailbox(settings.mail_name, settings.mail_address),
        "To": _mailbox(as_greeted(reading.name), address),
        "Subject": _encoded(words.subject),
        "Date": format_datetime(now),
        "Message-ID": f"<{mail.notification_id}@{settings.mail_domain}>",
        "Auto-Submitted": "auto-generated",
        "Content-Language": reading.language.value,
        "MIME-Version": "1.0",
        "Content-Type": f'multipart/alternative; boundary="{boundary}"',
    }
    if reply_to := _reply_to(reading):
        headers["Reply-To"] = reply_to
    if reading.unsubscribe_url:  # RFC 8058
        headers["List-Unsubscribe"] = f"<{reading.unsubscribe_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    line = f"\r\n--{boundary}".encode("ascii")
    body = b"".join((line, _part("plain", words.text), line, _part("html", words.html), line, b"--\r\n"))
    if calendar:
        headers["Content-Type"], body = _with_file(
            headers["Content-Type"], body, calendar, f"=_+{mail.notification_id}"
        )
    return address, "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii") + body


def _calendar(mail: Claimed, reading: Reading, now: datetime) -> bytes | None:
    """The part with the file for the reader's calendar, of a mail that has one."""
    if reading.template not in MEETING_TEMPLATES:
        return None
    found = calendar_of(reading.template, reading.facts, url_of(reading), now)
    if found is None:
        return None
    method, file = found
    head = (
        f'\r\nContent-Type: text/calendar; charset="utf-8"; method={method}; name="om-de-hoek.ics"\r\n'
        'Content-Disposition: attachment; filename="om-de-hoek.ics"\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    return head.encode("ascii") + encodebytes(file).replace(b"\n", b"\r\n")


def _with_file(words_type: str, words: bytes, file: bytes, boundary: str) -> tuple[str, bytes]:
    """The type and the body of a mail with a file beside its words."""
    line = f"\r\n--{boundary}".encode("ascii")
    first = f"\r\nContent-Type: {words_type}\r\n".encode("ascii")
    return f'multipart/mixed; boundary="{boundary}"', b"".join((line, first, words, line, file, line, b"--\r\n"))


def _part(subtype: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n").encode()
    head = f'\r\nContent-Type: text/{subtype}; charset="utf-8"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n'
    return head.encode("ascii") + b2a_qp(lines, istext=True)


def _mailbox(name: str, address: str) -> str:
    return formataddr((name, address)) if name.isascii() else f"{_encoded(name)} <{address}>"


def _encoded(text: str) -> str:
    return text if text.isascii() else Header(text, "utf-8").encode(linesep="\r\n")


def reading_of(mail: Claimed, settings: NotifySettings) -> Reading:
    """What the words of a mail are made from."""
    template = Template(mail.template)
    own = mail.facts if mail.has_own_address else mail.contacts[mail.member_id]
    return Reading(
        template=template,
        language=Language(own["language"]),
        member_id=mail.member_id,
        matter_id=mail.matter_id,
        facts=mail.facts,
        public_url=settings.public_url,
        name=str(own["name"]),
        signed=settings.mail_name,
        team=settings.node_team_email,
        persons={who: _person(mail.contacts[who]) for who in mail.needs if who != mail.member_id},
        unsubscribe_url=_unsubscribe_url(mail, settings),
        category=mail.category or (EVERYTHING if template is Template.DIGEST else None),
        items=tuple(_item(item, mail, Language(own["language"]), settings) for item in mail.items),
    )


def _person(contact: dict[str, str | None]) -> Person:
    return Person(**{name: contact[name] for name in Person.__dataclass_fields__})  # type: ignore[arg-type]


def _item(item: dict[str, Any], mail: Claimed, language: Language, settings: NotifySettings) -> Lines:
    return inbox_lines(
        Reading(
            template=Template(item["template"]),
            language=language,
            member_id=mail.member_id,
            matter_id=item["matter_id"],
            facts=item["facts"],
            public_url=settings.public_url,
        )
    )


def _unsubscribe_url(mail: Claimed, settings: NotifySettings) -> str | None:
    token = mail.tokens.get(EVERYTHING if mail.template == Template.DIGEST else mail.category or "")
    return token and f"{settings.public_url}/api/v1/unsubscribe/{token}"


def _reply_to(reading: Reading) -> str | None:
    """Whom an answer reaches: in an introduction the other, who agreed to share their address; else the node's team."""
    if reading.template is not Template.INTRODUCTION:
        return _answered_by_team(reading.signed, reading.team) if reading.team else None
    if not reading.persons:
        return None
    (other,) = reading.persons.values()
    return _answered_at(as_greeted(other.name), other.email)


@cache  # it is the same in nearly every mail
def _answered_by_team(name: str, address: str) -> str | None:
    return _answered_at(name, address)


def _answered_at(name: str, address: str) -> str | None:
    with suppress(AddressNotSupported):
        return _mailbox(name, _address(address))
    return None


def _address(address: str) -> str:
    """A domain with other letters than ASCII has a form in ASCII; a name before the @ has not."""
    try:
        found = validate_email(address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        found = None
    if found is None:
        raise AddressNotSupported
    return found
