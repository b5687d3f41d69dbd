"""What requests says when the node's team takes down what somebody asks or offers. See decision 0060."""

from enum import StrEnum

from pydantic import Field

from contracts.event import Event
from contracts.vocabulary import Side


class TakenDownBecause(StrEnum):
    """Why the node's team took down what somebody asked or offered."""

    HURTS_SOMEBODY = "hurts-somebody"
    NOT_TRUE = "not-true"
    OUT_OF_PLACE = "out-of-place"


class TakenDown(Event, wire_name="requests.taken-down", about="proposition_id", reach="local"):
    """The node's team took down what somebody asks or offers: its member hears why. All others hear that it closed."""

    proposition_id: str
    side: Side
    member_id: str
    title: str
    because: TakenDownBecause
    note: str | None = Field(default=None, description="What the team has to say to its member.")
