"""The mail itself: headers and both forms of its words, as the bytes that go over the wire."""

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from email_validator import EmailNotValidError, validate_email

from contracts.vocabulary import Language
from services.notify.post import Claimed
from services.notify.rendering import Person, Reading, mail_words
from services.notify.settings import NotifySettings
from services.notify.templates import CATEGORY_OF, Template


class AddressNotSupported(ValueError):
    """No mail can go to this address: what stands before its @ is not ASCII, or it is no address at all."""


def compose(mail: Claimed, settings: NotifySettings, now: datetime) -> tuple[str, bytes]:
    """The recipient's address and the bytes of the mail; raises `AddressNotSupported`."""
    reading, address = reading_of(mail, settings), _address(mail)
    words = mail_words(reading)
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(settings.mail_name, addr_spec=settings.mail_address)
    message["To"] = Address(reading.name, addr_spec=address)
    message["Subject"] = words.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.notification_id}@{settings.mail_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = reading.language.value
    message.set_content(words.text, cte="quoted-printable")
    message.add_alternative(words.html, subtype="html", cte="quoted-printable")
    return address, _unsubscribe_headers(reading) + message.as_bytes()


def _unsubscribe_headers(reading: Reading) -> bytes:
    """RFC 8058. Written here because the email package encodes a long header, and a mail program would see no link."""
    if reading.unsubscribe_url is None:
        return b""
    one_click = "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    return f"List-Unsubscribe: <{reading.unsubscribe_url}>\r\n{one_click}".encode("ascii")


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
        persons={who: _person(mail.contacts[who]) for who in mail.needs if who != mail.member_id},
        unsubscribe_url=_unsubscribe_url(template, mail.tokens, settings),
    )


def _person(contact: dict[str, str | None]) -> Person:
    return Person(**{name: contact[name] for name in Person.__dataclass_fields__})  # type: ignore[arg-type]


def _unsubscribe_url(template: Template, tokens: dict[str, str], settings: NotifySettings) -> str | None:
    category = CATEGORY_OF.get(template)
    token = tokens.get(category) if category else None
    return token and f"{settings.public_url}/api/v1/unsubscribe/{token}"


def _address(mail: Claimed) -> str:
    """A domain with other letters than ASCII has a form in ASCII; a name before the @ has not."""
    try:
        found = validate_email(mail.address, check_deliverability=False).ascii_email
    except EmailNotValidError:
        found = None
    if found is None:
        raise AddressNotSupported
    return found
