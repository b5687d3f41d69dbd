"""What notify says: what was sent, and what could not be."""

from pydantic import Field

from contracts.erasing import ForgottenSoFar, OfErasure
from contracts.event import Event


class NotificationSent(Event, wire_name="notify.notification-sent", about="notification_id", reach="local"):
    """A mail was accepted by the mail server."""

    notification_id: str
    member_id: str
    template: str
    matter_id: str = Field(description="What it was about: a match, a request or a sign-in.")


class NotificationFailed(Event, wire_name="notify.notification-failed", about="notification_id", reach="local"):
    """A mail was refused for good; the address is marked and the node's team is told."""

    notification_id: str
    member_id: str
    template: str
    matter_id: str
    refusal: str = Field(description="The mail server's reply code, without its text: that may hold the address.")


class DigestDue(Event, wire_name="notify.digest-due", about="digest_id", reach="local"):
    """A timer: what was gathered for a member is to be mailed in one."""

    digest_id: str


class MoreToForget(ForgottenSoFar, wire_name="notify.more-to-forget", about="member_id", reach="local"):
    """The streams hold more of an erased member than goes at once: the next part is to go."""


class MemberForgotten(OfErasure, wire_name="notify.member-forgotten", about="member_id", reach="local"):
    """What notify removed of an erased member."""

    member_id: str
    removed: dict[str, int] = Field(description="How many of what, e.g. {'notifications': 2, 'stream-messages': 5}.")
