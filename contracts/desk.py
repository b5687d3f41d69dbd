"""What matching says around an ambassador's desk: what people ask each other there, and what comes back in time.

None of it has a text that somebody wrote to somebody else: who may read that, reads it on a page.
"""

from pydantic import Field

from contracts.event import Event


class _AboutRequest(Event):
    title: str = Field(description="What the request is called that it is about.")
    asker_id: str = Field(description="Who asks that: what tells of it goes when they are erased.")
    asker_node: str | None = Field(default=None, description="The node whose member that is; none: this one.")


class HandOverAsked(_AboutRequest, wire_name="matching.hand-over-asked", about="hand_over_id", reach="local"):
    """An ambassador asks another to look at a match instead; until the answer it stays with who asks."""

    hand_over_id: str
    match_id: str
    match_version: int | None = Field(default=None, description="That of the match; a release of before leaves it out.")
    asked_by: str
    member_id: str


class HandOverTakenBack(Event, wire_name="matching.hand-over-taken-back", about="hand_over_id", reach="local"):
    """Who asked another to look at a match looks at it themselves after all: nobody need answer."""

    hand_over_id: str


class HandOverAnswered(_AboutRequest, wire_name="matching.hand-over-answered", about="hand_over_id", reach="local"):
    """Who was asked to look at a match instead said yes or no; after a yes the match is handed over too."""

    hand_over_id: str
    match_id: str
    asked_by: str
    member_id: str
    accepted: bool


class HelpAsked(_AboutRequest, wire_name="matching.help-asked", about="ask_id", reach="local"):
    """Who brings people together shows a request to a member who may have the answer."""

    ask_id: str
    request_id: str
    request_version: int | None = Field(default=None, description="Of the request; a release of before leaves it out.")
    member_id: str
    asked_by: str


class HelpAnswered(_AboutRequest, wire_name="matching.help-answered", about="ask_id", reach="local"):
    """Who was shown a request can help with it, or cannot."""

    ask_id: str
    request_id: str
    member_id: str
    asked_by: str  # or who looks after the request since; empty: nobody does
    accepted: bool


class FollowUpDue(Event, wire_name="matching.follow-up-due", about="follow_up_id", reach="local"):
    """A timer: somebody wanted to come back to something by now."""

    follow_up_id: str


class FollowUpCame(_AboutRequest, wire_name="matching.follow-up-came", about="follow_up_id", reach="local"):
    """The day came on which somebody wanted to come back to a request or a match."""

    follow_up_id: str
    member_id: str
