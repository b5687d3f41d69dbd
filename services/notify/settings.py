"""What an operator can set of notify."""

import re
from email.utils import parseaddr
from functools import cached_property
from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from chassis import PUBLIC_URL, NodeTeamEmail, PublicUrl, Settings
from services.notify.moments import Habits
from services.notify.push.sealing import Seal
from services.notify.smtp import mail_server
from services.notify.templates import Rhythm
from services.notify.texts import as_one_line


class NotifySettings(Settings):
    """Where mail goes, whom it comes from, and how fast."""

    smtp_url: SecretStr = Field(
        default=SecretStr("smtp://127.0.0.1:1025"),
        description="The mail server: smtp+starttls://user:password@host:587 demands TLS, "
        "smtps://user:password@host:465 begins with it, smtp://host:25 takes it when it is offered: a password only "
        "goes that way to this machine itself.",
    )
    smtp_connections: int = Field(
        default=2, ge=1, le=20, description="Connections to the mail server; each has at most one mail under way."
    )
    mails_in_doubt_max: int = Field(
        default=1,
        ge=1,
        le=50,
        description="How many mails may be with the mail server before it is written down that they were sent: so many "
        "may go twice when the process is killed. More is faster.",
    )
    smtp_timeout_seconds: float = Field(default=30.0, gt=0, description="How long a mail server may be silent.")
    mails_per_second: float = Field(
        default=200.0,
        gt=0,
        description="The most that one process sends, so that a server that is back is not flooded.",
    )
    mail_from: str = Field(
        default="Om de Hoek <post@omdehoek.example>", description="The sender; its domain is in every Message-ID."
    )
    node_team_email: NodeTeamEmail = None
    mail_poll_seconds: float = Field(
        default=1.0, gt=0, description="How often to look for mail that is due, even when nothing woke the sender."
    )
    desk_rhythm: Rhythm = Field(
        default=Rhythm.AT_MOST_DAILY,
        description="How often an ambassador who never chose is mailed about what they look after: `at-once`, "
        "`at-most-daily` (the first thing of a day at once, the rest together the next morning), `daily` or `weekly`.",
    )
    digest_hour: int = Field(
        default=8, ge=0, le=23, description="The hour, in Amsterdam, at which what was gathered is mailed together."
    )
    public_url: PublicUrl = PUBLIC_URL
    stream_heartbeat_seconds: float = Field(
        default=15.0, gt=0, description="How often a silent inbox stream shows life."
    )
    stream_send_seconds_max: float = Field(
        default=20.0, gt=0, description="A reader of the inbox stream that takes nothing for this long is let go."
    )
    stream_seconds_max: float = Field(
        default=600.0, gt=0, description="How long an inbox stream lasts; the reader then comes back by itself."
    )
    streams_per_member_max: int = Field(default=10, ge=1, description="Open inbox streams of one member in a process.")

    encryption_private_keys_file: Path | None = Field(
        default=None,
        description="The node's private keys (a JWK set): what is sealed to it is opened with them.",
    )

    push_private_key_file: Path | None = Field(
        default=None,
        description="The private key (a JWK, P-256) that signs messages to devices; without it nobody is offered them.",
    )
    push_to_private: bool = Field(
        default=False,
        description="Only to try things out: lets push services be http, and on addresses that are not on the "
        "internet.",
    )

    @field_validator("smtp_url")
    @classmethod
    def _is_a_mail_server(cls, url: SecretStr) -> SecretStr:
        mail_server(url.get_secret_value())
        return url

    @field_validator("mail_from")
    @classmethod
    def _is_an_address(cls, sender: str) -> str:
        _, address = parseaddr(sender)
        if not re.fullmatch(r"[!-;=?A-~]+@[!-;=?A-~]+", address):
            raise ValueError("must be an address like 'Om de Hoek <post@example.org>'")
        return sender

    @cached_property
    def push_seal(self) -> Seal | None:
        """What seals and signs messages to devices; none on a node that sends none."""
        return Seal(self.push_private_key_file, self.mail_address) if self.push_private_key_file else None

    @cached_property
    def habits(self) -> Habits:
        """When mail goes to who never chose."""
        return Habits(self.desk_rhythm, self.digest_hour)

    @cached_property
    def mail_address(self) -> str:
        """The address that mails come from, and that the server is told."""
        return parseaddr(self.mail_from)[1]

    @cached_property
    def mail_name(self) -> str:
        """What the sender is called; mails are signed with it."""
        return as_one_line(parseaddr(self.mail_from)[0]) or "Om de Hoek"

    @cached_property
    def mail_domain(self) -> str:
        """The domain that mails come from."""
        return self.mail_address.rpartition("@")[2]
