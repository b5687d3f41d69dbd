"""What people are told, what of it they may stop in their mail, and where a mail is on its way."""

from collections.abc import Iterable
from enum import StrEnum


class Category(StrEnum):
    """What a member may stop in their mail, or have together, one by one; the inbox keeps it all."""

    DESK = "desk"
    PROPOSALS = "proposals"
    REMINDERS = "reminders"
    UNANSWERED = "unanswered"
    OUTCOMES = "outcomes"
    INITIATIVES = "initiatives"


#: Stands for every category, where a link stops them all.
EVERYTHING = "everything"


class Rhythm(StrEnum):
    """How often mails of a category come."""

    AT_ONCE = "at-once"
    AT_MOST_DAILY = "at-most-daily"
    DAILY = "daily"
    WEEKLY = "weekly"
    NONE = "none"


class Template(StrEnum):
    """What people are told; each has a text in every language."""

    SIGN_IN = "sign-in"
    JOINING = "joining"
    INVITATION = "invitation"
    INVITATION_ACCEPTED = "invitation-accepted"
    LET_IN_AGAIN = "let-in-again"
    ADDRESS_REPLACED = "address-replaced"
    MATCH_PROPOSED = "match-proposed"
    MATCH_HANDED_OVER = "match-handed-over"
    MATCH_ENDORSED = "match-endorsed"
    MATCH_ANSWERED = "match-answered"
    ANSWER_OVERDUE = "answer-overdue"
    INTRODUCTION = "introduction"
    INTRODUCED = "introduced"
    MATCH_LAPSED = "match-lapsed"
    INITIATIVE_STARTED = "initiative-started"
    INITIATIVE_CHANGED = "initiative-changed"
    INITIATIVE_ENDED = "initiative-ended"
    INITIATIVE_QUIET = "initiative-quiet"
    REQUEST_UNANSWERED = "request-unanswered"
    TEAM_REQUEST_UNANSWERED = "team-request-unanswered"
    REQUEST_ESCALATED = "request-escalated"
    REQUEST_EXPIRY_NEAR = "request-expiry-near"
    OFFER_EXPIRY_NEAR = "offer-expiry-near"
    REQUEST_EXPIRED = "request-expired"
    OFFER_EXPIRED = "offer-expired"
    REQUEST_QUIET = "request-quiet"
    OFFER_QUIET = "offer-quiet"
    TAKEN_DOWN = "taken-down"
    TEAM_MAIL_REFUSED = "team-mail-refused"
    PARTNER_ENDPOINT_DISABLED = "partner-endpoint-disabled"
    PERSON_MERGED = "person-merged"
    TEAM_PERSON_MERGED = "team-person-merged"
    AMBASSADOR_APPOINTED = "ambassador-appointed"
    AMBASSADOR_STOOD_DOWN = "ambassador-stood-down"
    TEAM_JOINED = "team-joined"
    TEAM_LEFT = "team-left"
    HAND_OVER_ASKED = "hand-over-asked"
    HAND_OVER_ACCEPTED = "hand-over-accepted"
    HAND_OVER_DECLINED = "hand-over-declined"
    HELP_ASKED = "help-asked"
    HELP_ANSWERED = "help-answered"
    FOLLOW_UP = "follow-up"
    MEETING_SIGNED_UP = "meeting-signed-up"
    MEETING_PLACE_FREED = "meeting-place-freed"
    MEETING_LEFT = "meeting-left"
    MEETING_MOVED = "meeting-moved"
    MEETING_CALLED_OFF = "meeting-called-off"
    MEETING_NEAR = "meeting-near"
    DIGEST = "digest"


#: What this release knows: a later one, which runs beside it during an upgrade, tells more, and sends that itself.
KNOWN = [template.value for template in Template]

#: A template without a category cannot be stopped: nobody can sign in or be introduced without it.
CATEGORY_OF: dict[Template, Category] = {
    Template.MATCH_PROPOSED: Category.DESK,
    Template.MATCH_HANDED_OVER: Category.DESK,
    Template.MATCH_ENDORSED: Category.PROPOSALS,
    Template.ANSWER_OVERDUE: Category.REMINDERS,
    Template.REQUEST_UNANSWERED: Category.UNANSWERED,
    Template.TEAM_REQUEST_UNANSWERED: Category.UNANSWERED,
    Template.REQUEST_ESCALATED: Category.UNANSWERED,
    Template.REQUEST_EXPIRY_NEAR: Category.UNANSWERED,
    Template.OFFER_EXPIRY_NEAR: Category.UNANSWERED,
    Template.REQUEST_EXPIRED: Category.UNANSWERED,
    Template.OFFER_EXPIRED: Category.UNANSWERED,
    Template.INTRODUCED: Category.DESK,
    Template.MATCH_LAPSED: Category.OUTCOMES,
    Template.INITIATIVE_STARTED: Category.INITIATIVES,
    Template.INITIATIVE_CHANGED: Category.INITIATIVES,
    Template.INITIATIVE_ENDED: Category.INITIATIVES,
    Template.INITIATIVE_QUIET: Category.INITIATIVES,
    Template.REQUEST_QUIET: Category.INITIATIVES,
    Template.OFFER_QUIET: Category.INITIATIVES,
    Template.HAND_OVER_ASKED: Category.DESK,
    Template.HAND_OVER_ACCEPTED: Category.DESK,
    Template.HAND_OVER_DECLINED: Category.DESK,
    Template.HELP_ASKED: Category.PROPOSALS,
    Template.HELP_ANSWERED: Category.DESK,
    Template.FOLLOW_UP: Category.DESK,
    Template.MEETING_NEAR: Category.REMINDERS,
}

#: What tells of what two people do together.
INITIATIVE_TEMPLATES = frozenset(template for template in Template if template.value.startswith("initiative-"))

#: What tells of a meeting that somebody signed up for.
MEETING_TEMPLATES = frozenset(template for template in Template if template.value.startswith("meeting-"))


#: These go to the address that came along, at once; the others go to the member's own.
SIGN_IN_TEMPLATES = frozenset({Template.SIGN_IN, Template.JOINING, Template.INVITATION, Template.ADDRESS_REPLACED})


class Delivery(StrEnum):
    """Where a mail is on its way."""

    AWAITING_CONTACT = "awaiting-contact"
    GATHERED = "gathered"
    IN_DIGEST = "in-digest"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNWANTED = "unwanted"
    EXPIRED = "expired"


def may_be_mailed(category: Category | None, muted: Iterable[str]) -> bool:
    """Whether the member wants this by mail."""
    return category is None or category not in muted
