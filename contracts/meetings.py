"""A meeting, and where somebody stands who signed up for it, as the events of requests tell them."""

from datetime import date, time
from enum import StrEnum

from pydantic import BaseModel, ConfigDict, Field

from contracts.event import Event
from contracts.members import Place
from contracts.vocabulary import Language


class Standing(StrEnum):
    """Where a sign-up is: `asked` is with another node, which has not answered yet."""

    ASKED = "asked"
    PLACE = "place"
    WAITING = "waiting"
    WITHDRAWN = "withdrawn"
    CALLED_OFF = "called-off"
    REFUSED = "refused"


class Meeting(BaseModel):
    """A meeting, as somebody writes it in their calendar."""

    model_config = ConfigDict(frozen=True)

    offer_id: str
    organiser_id: str | None = Field(
        default=None, description="Whose erasure ends it; of another node: that node, a dot and its reference."
    )
    sequence: int = Field(description="The offer's version: a calendar takes the highest (RFC 5545, SEQUENCE).")
    title: str
    language: Language
    organisation_name: str | None = None
    place: Place
    venue: str | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    from_time: time | None = Field(default=None, description="On the Dutch clock; none: all day.")
    until_time: time | None = None


class SignUpState(Event):
    """The whole state of a sign-up: one member's, for one meeting. Names are in none of them."""

    sign_up_id: str
    member_id: str = Field(description="A reference that only their own node can resolve.")
    standing: Standing
    meeting: Meeting


class MeetingReminderDue(Event, wire_name="requests.meeting-reminder-due", about="offer_id", reach="local"):
    """A timer: look whether the meeting is tomorrow."""

    offer_id: str
