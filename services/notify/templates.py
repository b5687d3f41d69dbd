"""What people are told, what of it they may stop in their mail, and where a mail is on its way."""

from collections.abc import Iterable
from enum import StrEnum


class Category(StrEnum):
    """What a member may stop in their mail, one by one; the inbox keeps it all."""

    PROPOSALS = "proposals"
    REMINDERS = "reminders"
    UNANSWERED = "unanswered"
    OUTCOMES = "outcomes"


class Template(StrEnum):
    """What people are told; each has a text in every language."""

    SIGN_IN = "sign-in"
    JOINING = "joining"
    MATCH_PROPOSED = "match-proposed"
    MATCH_HANDED_OVER = "match-handed-over"
    MATCH_ENDORSED = "match-endorsed"
    MATCH_ANSWERED = "match-answered"
    ANSWER_OVERDUE = "answer-overdue"
    INTRODUCTION = "introduction"
    INTRODUCED = "introduced"
    MATCH_LAPSED = "match-lapsed"
    REQUEST_UNANSWERED = "request-unanswered"
    TEAM_REQUEST_UNANSWERED = "team-request-unanswered"
    REQUEST_ESCALATED = "request-escalated"
    TEAM_MAIL_REFUSED = "team-mail-refused"


#: A template without a category cannot be stopped: nobody can sign in or be introduced without it.
CATEGORY_OF: dict[Template, Category] = {
    Template.MATCH_PROPOSED: Category.PROPOSALS,
    Template.MATCH_HANDED_OVER: Category.PROPOSALS,
    Template.MATCH_ENDORSED: Category.PROPOSALS,
    Template.ANSWER_OVERDUE: Category.REMINDERS,
    Template.REQUEST_UNANSWERED: Category.UNANSWERED,
    Template.TEAM_REQUEST_UNANSWERED: Category.UNANSWERED,
    Template.REQUEST_ESCALATED: Category.UNANSWERED,
    Template.INTRODUCED: Category.OUTCOMES,
    Template.MATCH_LAPSED: Category.OUTCOMES,
}


#: These carry a token and go to the address that came along; the others go to the member's own.
SIGN_IN_TEMPLATES = frozenset({Template.SIGN_IN, Template.JOINING})


class Delivery(StrEnum):
    """Where a mail is on its way."""

    AWAITING_CONTACT = "awaiting-contact"
    WAITING = "waiting"
    SENDING = "sending"
    SENT = "sent"
    FAILED = "failed"
    UNWANTED = "unwanted"
    EXPIRED = "expired"


def may_be_mailed(template: Template, muted: Iterable[str]) -> bool:
    """Whether the member wants this by mail."""
    category = CATEGORY_OF.get(template)
    return category is None or category not in muted
