"""Who may do what at every route of every service: a table of rules, in which a route that is new has to be put.

Not what guards a route (`tests/test_architecture.py` looks at that), but whose it is: the difference between somebody
who is signed in and the one whose it is shows only in what is answered (OWASP API1, API5).
"""

from dataclasses import dataclass, field
from enum import StrEnum


class Whose(StrEnum):
    """For whom a route is."""

    EVERYBODY = "everybody"  # nobody need be known
    MEMBERS = "members"  # who is signed in, each for themselves
    AMBASSADORS = "ambassadors"  # who is an ambassador, each for themselves
    TEAM = "team"  # the node's team
    OWNER = "owner"  # the one whose it is, in the path or in the body
    GATEWAY = "gateway"  # the gateway itself, for whoever it found to be calling
    PARTNERS = "partners"  # a partner network's system, each for itself
    PARTNER = "partner"  # the one partner network whose it is
    MONITOR = "monitor"  # who watches over the process: it is nowhere to be reached but at the process itself


@dataclass(frozen=True)
class Rule:
    """`owner` is who of the world it is for, where not everybody is alike.

    `things` are what else than its own name an id stands for: the draft of an offer, say, and not one that is open.
    """

    whose: Whose
    owner: str = ""
    things: dict[str, str] = field(default_factory=dict)


EVERYBODY = Rule(Whose.EVERYBODY)
MEMBERS = Rule(Whose.MEMBERS, "asker")
AMBASSADORS = Rule(Whose.AMBASSADORS, "ambassador")
TEAM = Rule(Whose.TEAM, "team")
GATEWAY = Rule(Whose.GATEWAY)
PARTNERS = Rule(Whose.PARTNERS)


def of(owner: str, **things: str) -> Rule:
    return Rule(Whose.OWNER, owner, things)


def team(**things: str) -> Rule:
    return Rule(Whose.TEAM, "team", things)


#: Every service has these.
OF_EACH = {
    "GET /health/live": Rule(Whose.MONITOR),
    "GET /health/ready": Rule(Whose.MONITOR),
    "GET /internal/figures": GATEWAY,
    "GET /internal/kept": GATEWAY,
    "GET /team/dead-letters": TEAM,
    "POST /team/dead-letters/{letter_id}/replay": TEAM,
    "DELETE /team/dead-letters/{letter_id}": TEAM,
}

RULES = {
    "members": {
        "POST /v1/members": EVERYBODY,
        "GET /v1/organisations": EVERYBODY,
        "GET /v1/organisations/{organisation_id}": EVERYBODY,
        "GET /v1/places": EVERYBODY,
        "GET /v1/erasures/{erasure_id}": EVERYBODY,
        "POST /v1/organisations": MEMBERS,
        "PATCH /v1/organisations/{organisation_id}": TEAM,  # and who is its ambassador: `tests/members/test_rules.py`
        "GET /v1/ambassadors": MEMBERS,
        "GET /v1/members/me": MEMBERS,
        "PATCH /v1/members/me": MEMBERS,
        "DELETE /v1/members/me": MEMBERS,
        "POST /v1/members/me/leave": MEMBERS,
        "GET /v1/members/me/deeds": MEMBERS,
        "GET /v1/members/me/merged": MEMBERS,
        "POST /v1/members/me/merged/{pair_id}/keep-apart": of("asker", pair_id="own_pair"),
        "POST /v1/members/me/affiliations": Rule(Whose.MEMBERS, "colleague"),
        "DELETE /v1/members/me/affiliations/{affiliation_id}": of("asker"),
        "GET /v1/members": AMBASSADORS,
        "GET /v1/members/{member_id}": of("ambassador", member_id="asker"),
        "DELETE /v1/members/{member_id}": team(member_id="victim"),
        "PUT /v1/members/{member_id}/block": team(member_id="victim"),
        "DELETE /v1/members/{member_id}/block": team(member_id="victim"),
        "POST /v1/members/{member_id}/contact-reads": team(member_id="asker"),
        "PUT /v1/ambassadors/{member_id}": team(member_id="other"),
        "DELETE /v1/ambassadors/{member_id}": team(member_id="other"),
        "PUT /v1/node-team/{member_id}": team(member_id="other"),
        "DELETE /v1/node-team/{member_id}": team(member_id="other"),
        "GET /v1/deeds": TEAM,
        "GET /v1/same-organisations": TEAM,
        "GET /v1/same-persons": TEAM,
        "POST /v1/same-organisations/{pair_id}/merge": team(pair_id="organisations_1"),
        "POST /v1/same-organisations/{pair_id}/keep-apart": team(pair_id="organisations_2"),
        "POST /v1/same-organisations/{pair_id}/later": team(pair_id="organisations_3"),
        "POST /v1/same-persons/{pair_id}/merge": team(pair_id="persons_1"),
        "POST /v1/same-persons/{pair_id}/keep-apart": team(pair_id="persons_2"),
        "POST /v1/same-persons/{pair_id}/later": team(pair_id="persons_3"),
        "POST /v1/invitations": AMBASSADORS,
        "GET /v1/invitations": AMBASSADORS,
        "DELETE /v1/invitations/{invitation_id}": of("ambassador"),
        "POST /internal/invitations/look": GATEWAY,
        "POST /internal/invitations/accept": GATEWAY,
        "POST /internal/sign-in-links": GATEWAY,
        "POST /internal/sign-ins": GATEWAY,
        "POST /internal/proven-sign-ins": GATEWAY,
        "GET /internal/identities/{member_id}": GATEWAY,
    },
    "requests": {
        "POST /v1/requests": MEMBERS,
        "GET /v1/requests": MEMBERS,
        "GET /v1/requests/{request_id}": of("asker", request_id="draft_request"),
        "PATCH /v1/requests/{request_id}": of("asker"),
        "DELETE /v1/requests/{request_id}": of("asker"),
        "POST /v1/requests/{request_id}/open": of("asker"),
        "POST /v1/requests/{request_id}/withdraw": of("asker"),
        "POST /v1/requests/{request_id}/fulfil": of("asker"),
        "POST /v1/requests/{request_id}/take-down": TEAM,
        "POST /v1/requests/{request_id}/reopen": of("asker"),
        "POST /v1/offers": MEMBERS,
        "GET /v1/offers": MEMBERS,
        "GET /v1/offers/{offer_id}": of("offerer", offer_id="draft_offer"),
        "PATCH /v1/offers/{offer_id}": of("offerer"),
        "DELETE /v1/offers/{offer_id}": of("offerer"),
        "POST /v1/offers/{offer_id}/open": of("offerer"),
        "POST /v1/offers/{offer_id}/withdraw": of("offerer"),
        "POST /v1/offers/{offer_id}/fulfil": of("offerer"),
        "POST /v1/offers/{offer_id}/take-down": TEAM,
        "POST /v1/offers/{offer_id}/reopen": of("offerer"),
        "GET /v1/tips": EVERYBODY,
        "GET /v1/tips/{offer_id}": EVERYBODY,
        "GET /v1/meetings": EVERYBODY,
        "GET /v1/meetings/{offer_id}": EVERYBODY,
        "GET /v1/meetings/{offer_id}/calendar": EVERYBODY,
        "GET /v1/meetings/mine": MEMBERS,
        "GET /v1/meetings/{offer_id}/sign-up": of("asker", offer_id="meeting"),
        "PUT /v1/meetings/{offer_id}/sign-up": Rule(Whose.MEMBERS, "asker", {"offer_id": "meeting"}),
        "DELETE /v1/meetings/{offer_id}/sign-up": Rule(Whose.MEMBERS, "asker", {"offer_id": "meeting"}),
        "GET /v1/meetings/{offer_id}/guests": of("offerer", offer_id="meeting"),
        "POST /v1/initiatives": of("asker"),
        "GET /v1/initiatives": MEMBERS,
        "GET /v1/initiatives/{initiative_id}": of("asker"),
        "PUT /v1/initiatives/{initiative_id}": of("asker"),
        "POST /v1/initiatives/{initiative_id}/notes": of("asker"),
        "POST /v1/initiatives/{initiative_id}/end": of("asker"),
        "GET /v1/introductions/{match_id}": of("asker"),
    },
    "matching": {
        "GET /v1/matches": MEMBERS,
        "GET /v1/matches/{match_id}": of("asker"),
        "POST /v1/matches/{match_id}/endorse": of("ambassador"),
        "POST /v1/matches/{match_id}/dismiss": of("ambassador"),
        "POST /v1/matches/{match_id}/hand-over": of("ambassador"),
        "POST /v1/matches/{match_id}/answer": of("asker"),
        "POST /v1/matches": of("ambassador", request_id="second_request"),
        "GET /v1/escalations/{request_id}": of("asker"),
        "POST /v1/escalations": of("ambassador", request_id="second_request"),
        "GET /v1/desk/new": AMBASSADORS,
        "GET /v1/desk/open": AMBASSADORS,
        "GET /v1/desk/waiting": AMBASSADORS,
        "GET /v1/desk/absent": AMBASSADORS,
        "PUT /v1/desk/absent": AMBASSADORS,
        "GET /v1/desk/requests/{request_id}": of("ambassador"),
        "GET /v1/hand-overs": AMBASSADORS,
        "POST /v1/hand-overs/{match_id}/answer": of("colleague", match_id="second_match"),
        "DELETE /v1/hand-overs/{match_id}": of("ambassador", match_id="third_match"),
        "GET /v1/asks": MEMBERS,
        "POST /v1/asks": of("ambassador", request_id="second_request", member_id="offerer"),
        "GET /v1/asks/{ask_id}": of("offerer"),
        "POST /v1/asks/{ask_id}/answer": of("offerer"),
        "GET /v1/follow-ups": AMBASSADORS,
        "POST /v1/follow-ups": of("ambassador", matter_id="request"),
        "PUT /v1/follow-ups/{follow_up_id}": of("ambassador"),
        "DELETE /v1/follow-ups/{follow_up_id}": of("ambassador"),
        "POST /v1/suggestions": MEMBERS,
        "POST /v1/suggestions/offers": MEMBERS,
    },
    "notify": {
        "GET /v1/inbox": MEMBERS,
        "GET /v1/inbox/stream": MEMBERS,
        "POST /v1/inbox/{item_id}/read": of("asker"),
        "POST /v1/inbox/read": of("asker", item_id="item"),
        "GET /v1/preferences": MEMBERS,
        "PUT /v1/preferences": MEMBERS,
        "GET /v1/push-devices": MEMBERS,
        "PUT /v1/push-devices/{device_id}": MEMBERS,
        "DELETE /v1/push-devices/{device_id}": MEMBERS,
        "GET /v1/unsubscribe/{token}": EVERYBODY,
        "POST /v1/unsubscribe/{token}": EVERYBODY,
        "GET /v1/notifications": TEAM,
    },
    "partners": {
        "POST /v1/token": EVERYBODY,
        "GET /v1/schemas": EVERYBODY,
        "GET /v1/schemas/{name}": EVERYBODY,
        "POST /v1/events": Rule(Whose.PARTNER),
        "POST /v1/checks": Rule(Whose.PARTNER),
        "GET /v1/events": PARTNERS,
        "GET /v1/news": PARTNERS,
        "GET /v1/receipts/{receipt_id}": Rule(Whose.PARTNER),
        "GET /v1/partners": MEMBERS,
        "GET /v1/partners/{partner_id}": of("offerer"),
        "GET /v1/partners/{partner_id}/events": of("offerer"),
        "GET /v1/partners/{partner_id}/webhooks": of("offerer"),
        "POST /v1/partners/{partner_id}/webhooks/{webhook_id}/enable": of("offerer"),
        "POST /v1/partners/{partner_id}/webhooks/{webhook_id}/resend": of("offerer"),
    },
    "insight": {
        "GET /v1/insight/summary": MEMBERS,
        "GET /v1/insight/counts": MEMBERS,
        "GET /v1/insight/counts.csv": MEMBERS,
        "GET /v1/insight/spots": MEMBERS,
        "GET /v1/insight/spots.csv": MEMBERS,
        "GET /v1/insight/initiatives": MEMBERS,
        "GET /v1/insight/initiatives.csv": MEMBERS,
        "GET /v1/insight/regions": MEMBERS,
    },
    "gateway": {
        "POST /api/v1/sign-in-links": EVERYBODY,
        "POST /api/v1/sessions": EVERYBODY,
        "GET /api/v1/openapi.json": EVERYBODY,
        "GET /api/v1/docs": EVERYBODY,
        "GET /api/v1/sessions": MEMBERS,
        "GET /api/v1/sessions/current": MEMBERS,
        "GET /api/v1/my-data": MEMBERS,
        "DELETE /api/v1/sessions/current": MEMBERS,
        "DELETE /api/v1/sessions": MEMBERS,
        "DELETE /api/v1/sessions/{session_id}": MEMBERS,  # of somebody else: nothing is ended
    },
}

#: By these somebody ends what they are here, or where they are signed in: done last, by who is here for that.
ENDS = {
    "members POST /v1/members/me/leave",
    "members DELETE /v1/members/me",
    "gateway DELETE /api/v1/sessions/current",
    "gateway DELETE /api/v1/sessions",
}


def rule_of(service: str, route: str) -> Rule | None:
    """The rule of a route, as `METHOD /path`; none for one that nobody thought about."""
    return RULES[service].get(route) or OF_EACH.get(route)
