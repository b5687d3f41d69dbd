"""What the gateway says: that a browser is not a member's any more."""

from pydantic import Field

from contracts.event import Event


class SignedOutOfDevice(Event, wire_name="gateway.signed-out-of-device", about="device_id", reach="local"):
    """A member signed out in a browser, or elsewhere of it; it is told nothing of theirs any more."""

    device_id: str = Field(description="A number for this member in this browser; it tells nothing of either.")
