"""What is said when somebody is forgotten, and what a service tells itself while it forgets them in parts."""

from pydantic import Field

from contracts.event import Event


class OfErasure(Event):
    """What is never given up: until everybody who hears it has handled it, something is left of who was erased."""


class ForgottenSoFar(OfErasure):
    """Who is forgotten, and what went of them already."""

    member_id: str
    node: str | None = Field(default=None, description="The node whose member it was; none: this one.")
    removed: dict[str, int] = Field(description="How many of what went before, as in `member-forgotten`.")
