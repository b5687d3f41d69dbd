"""What requests says of time: what expires soon, or is long talked about."""

from datetime import date, datetime

from pydantic import Field

from contracts.event import Event
from contracts.vocabulary import Side


class ExpiryNear(Event, wire_name="requests.expiry-near", about="proposition_id", reach="local"):
    """What somebody asks or offers expires in a week; said once for each time until which it stands."""

    proposition_id: str
    side: Side
    member_id: str
    title: str
    ends_on: date | None = Field(default=None, description="The last day of its period, if it has one.")
    expires_at: datetime


class ConversationQuiet(Event, wire_name="requests.conversation-quiet", about="proposition_id", reach="local"):
    """Somebody has talked for a while about what they ask or offer, and nothing runs that came of it.

    They are to be asked whether it helped; said once for each time that a conversation began.
    """

    proposition_id: str
    side: Side
    member_id: str
    title: str
