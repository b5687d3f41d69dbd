"""What people who work for others did: any service says it, and members keeps it for a year."""

from datetime import datetime
from enum import StrEnum
from typing import Literal

from pydantic import Field

from contracts.event import Event
from contracts.vocabulary import Role


class Deed(StrEnum):
    """What somebody did as an ambassador or for the node's team."""

    MATCH_ENDORSED = "match-endorsed"
    MATCH_DISMISSED = "match-dismissed"
    MATCH_HANDED_OVER = "match-handed-over"
    MATCH_MADE = "match-made"
    HELP_ASKED = "help-asked"
    REQUEST_ESCALATED = "request-escalated"
    TEXT_TAKEN_DOWN = "text-taken-down"
    MEMBER_INVITED = "member-invited"
    INVITATION_REVOKED = "invitation-revoked"
    AMBASSADOR_APPOINTED = "ambassador-appointed"
    AMBASSADOR_ENDED = "ambassador-ended"
    NODE_TEAM_ADDED = "node-team-added"
    NODE_TEAM_REMOVED = "node-team-removed"
    MEMBER_BLOCKED = "member-blocked"
    MEMBER_UNBLOCKED = "member-unblocked"
    MEMBER_ERASED = "member-erased"
    CONTACT_READ = "contact-read"
    ORGANISATION_CHANGED = "organisation-changed"
    MERGED = "merged"
    KEPT_APART = "kept-apart"
    DEAD_LETTER_REPLAYED = "dead-letter-replayed"
    DEAD_LETTER_DROPPED = "dead-letter-dropped"
    PARTNER_ADDED = "partner-added"
    PARTNER_KEY_ROTATED = "partner-key-rotated"
    PARTNER_REVOKED = "partner-revoked"
    PARTNER_CONTACT_ADDED = "partner-contact-added"
    PARTNER_CONTACT_REMOVED = "partner-contact-removed"
    ENDPOINT_ADDED = "endpoint-added"
    ENDPOINT_SECRET_ROTATED = "endpoint-secret-rotated"  # noqa: S105  no secret, but that there is another
    ENDPOINT_REMOVED = "endpoint-removed"
    ENDPOINT_ENABLED = "endpoint-enabled"
    NEWS_RESENT = "news-resent"


Matter = Literal["match", "request", "offer", "organisation", "pair", "dead-letter", "partner"]

#: As what somebody did it: who works at the node's own machine is no member.
DoneAs = Role | Literal["operator"]

#: Who did it, and as what, when it was done by a command.
OPERATOR: Literal["operator"] = "operator"


#: A year, wherever it is kept: who did it and whose it is are references to people.
KEPT_SECONDS = 365 * 24 * 3600


class DeedDone(Event, wire_name="chassis.deed-done", about="deed_id", reach="local", kept_seconds=KEPT_SECONDS):
    """Somebody did something that is of others: who, as what, to whose. It holds nothing of what that is.

    A later release may say what this one does not know: what was done is kept by the word that it said.
    """

    deed_id: str
    service: str = Field(description="The service where it was done.")
    done_by: str = Field(description="The member who did it; `operator` when it was an operator of the node.")
    role: DoneAs = Field(description="As what they might.")
    deed: Deed | str = Field(union_mode="left_to_right")
    matter: Matter | str | None = Field(default=None, description="What sort of thing it was done to.")
    matter_id: str | None = None
    title: str | None = Field(
        default=None,
        description="What the request or offer of this node, or the organisation, is called that it is about.",
    )
    whose: tuple[str, ...] = Field(default=(), description="The members of this node whom it concerns.")
    done_at: datetime

    @property
    def system(self) -> str:
        """The service where it was done."""
        return self.service
