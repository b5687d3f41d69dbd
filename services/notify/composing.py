"""The mail itself: headers and both forms of its words, as the bytes that go over the wire."""

from datetime import datetime
from email.charset import QP, Charset
from email.header import Header
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import format_datetime, formataddr

from email_validator import EmailNotValidError, validate_email

from contracts.vocabulary import Language
from services.notify.post import Claimed
from services.notify.rendering import Person, Reading, mail_words
from services.notify.settings import NotifySettings
from services.notify.templates import CATEGORY_OF, Template
from services.notify.texts import as_greeted


class AddressNotSupported(ValueError):
    """No mail can go to this address: what stands before its @ is not ASCII, or it is no address at all."""


# The newer policies of the email package lose spaces between words with accents, and encode a long link to unsubscribe
# so that no mail program sees a link.
_WIRE = compat32.clone(linesep="\r\n", max_line_length=998)
_TEXT = Charset("utf-8")
_TEXT.body_encoding = QP


def compose(mail: Claimed, settings: NotifySettings, now: datetime) -> tuple[str, bytes]:
    """The recipient's address and the bytes of the mail; raises `AddressNotSupported`."""
    reading, address = reading_of(mail, settings), _address(mail)
    words = mail_words(reading)
    message = MIMEMultipart("alternative", policy=_WIRE)
    message["From"] = _mailbox(settings.mail_name, settings.mail_address)
    message["To"] = _mailbox(as_greeted(reading.name), address)
    message["Subject"] = Header(words.subject, header_name="Subject").encode()
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{mail.notification_id}@{settings.mail_domain}>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = reading.language.value
    if reading.unsubscribe_url:
        message["List-Unsubscribe"] = f"<{reading.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.attach(MIMEText(words.text, "plain", _TEXT, policy=_WIRE))  # type: ignore[arg-type]
    message.attach(MIMEText(words.html, "html", _TEXT, policy=_WIRE))  # type: ignore[arg-type]
    return address, message.as_bytes()


def _mailbox(name: str, address: str) -> str:
    return formataddr((name, address)) if name.isascii() else f"{Header(name, 'utf-8').encode()} <{address}>"


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
