"""The mail itself: headers and both forms of its words, as the bytes that go over the wire."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

from contracts.vocabulary import Language
from services.notify.post import Claimed
from services.notify.rendering import Person, Reading, as_one_line, mail_words
from services.notify.rules import CATEGORY_OF, Template
from services.notify.settings import NotifySettings


class AddressNotSupported(ValueError):
    """No mail can go to this address: it is not of the form name@domain in ASCII."""


def compose(mail: Claimed, settings: NotifySettings, now: datetime) -> tuple[str, bytes]:
    """The recipient's address and the bytes of the mail; raises `AddressNotSupported`."""
    reading, address = reading_of(mail, settings), _address(mail)
    words = mail_words(reading)
    message = EmailMessage(policy=SMTP)
    sender_name, sender = parseaddr(settings.mail_from)
    message["From"] = Address(as_one_line(sender_name), addr_spec=sender)
    message["To"] = Address(reading.name and as_one_line(reading.name), addr_spec=address)
    message["Subject"] = words.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.notification_id}@{settings.mail_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = reading.language.value
    if reading.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{reading.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    return address, message.as_bytes()


def reading_of(mail: Claimed, settings: NotifySettings) -> Reading:
    """What the words of a mail are made from."""
    template = Template(mail.template)
    own = mail.facts if "email" in mail.facts else mail.contacts[mail.member_id]
    return Reading(
        template=template,
        language=Language(own["language"]),
        member_id=mail.member_id,
        matter_id=mail.matter_id,
        facts=mail.facts,
        public_url=settings.public_url,
        name=own["name"],
        persons={who: _person(mail.contacts[who]) for who in mail.needs if who != mail.member_id},
        unsubscribe_url=_unsubscribe_url(template, mail.tokens, settings),
    )


def _person(contact: dict[str, str | None]) -> Person:
    return Person(**{name: contact[name] for name in Person.__dataclass_fields__})  # type: ignore[arg-type]


def _unsubscribe_url(template: Template, tokens: dict[str, str], settings: NotifySettings) -> str | None:
    category = CATEGORY_OF.get(template)
    token = tokens.get(category) if category else None
    return token and f"{settings.public_url}/v1/unsubscribe/{token}"


def _address(mail: Claimed) -> str:
    address = mail.address or ""
    name, _, domain = address.rpartition("@")
    if not (name and domain and address.isascii() and as_one_line(address) == address and " " not in address):
        raise AddressNotSupported
    try:
        Address(addr_spec=address)
    except (ValueError, IndexError):
        raise AddressNotSupported from None
    return address
