"""What a service tells itself while it forgets somebody in parts."""

from pydantic import Field

from contracts.event import Event


class ForgottenSoFar(Event):
    """Who is forgotten, and what went of them already."""

    member_id: str
    node: str | None = Field(default=None, description="The node whose member it was; none: this one.")
    removed: dict[str, int] = Field(description="How many of what went before, as in `member-forgotten`.")
