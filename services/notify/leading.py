"""The page that each notice leads to. Pure."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from services.notify.templates import INITIATIVE_TEMPLATES, MEETING_TEMPLATES, Template


def page_of(template: Template, matter_id: str, facts: Mapping[str, Any]) -> str:
    """The path at the node's public address, for what it is about and what is known of that."""
    about = _quoted(matter_id)
    match template:
        case Template.SIGN_IN | Template.JOINING:
            also = "joining" if template is Template.JOINING else facts.get("confirms") and "address"
            return f"/sign-in?{f'for={also}&' if also else ''}token={_quoted(facts['token'])}"
        case Template.INVITATION:
            return "/sign-in" if facts["is_member"] else f"/invited?token={_quoted(facts['token'])}"
        case Template.ADDRESS_REPLACED:
            return "/help"
        case (
            Template.REQUEST_UNANSWERED
            | Template.TEAM_REQUEST_UNANSWERED
            | Template.REQUEST_ESCALATED
            | Template.REQUEST_EXPIRY_NEAR
            | Template.REQUEST_EXPIRED
            | Template.REQUEST_QUIET
        ):
            return f"/requests/{about}"
        case Template.OFFER_EXPIRY_NEAR | Template.OFFER_EXPIRED | Template.OFFER_QUIET:
            return f"/offers/{about}"
        case Template.TAKEN_DOWN:
            return f"/{facts['side']}s/{about}"
        case template if template in INITIATIVE_TEMPLATES:
            return f"/initiatives/{about}"
        case (
            Template.HAND_OVER_ASKED
            | Template.HAND_OVER_ACCEPTED
            | Template.HAND_OVER_DECLINED
            | Template.FOLLOW_UP
            | Template.AMBASSADOR_APPOINTED
        ):
            return "/desk"
        case Template.AMBASSADOR_STOOD_DOWN | Template.TEAM_LEFT:
            return "/"
        case Template.TEAM_JOINED:
            return "/team"
        case Template.INVITATION_ACCEPTED:
            return "/my-data"
        case Template.LET_IN_AGAIN:
            return "/sign-in"
        case Template.HELP_ASKED:
            return f"/asks/{about}"
        case Template.HELP_ANSWERED:
            return f"/desk/requests/{_quoted(facts['request_id'])}"
        case Template.PARTNER_ENDPOINT_DISABLED:
            return f"/partner/{_quoted(facts['partner'])}"
        case Template.PERSON_MERGED:
            return "/same/mine"
        case Template.TEAM_PERSON_MERGED:
            return "/same?thing=persons&state=merged"
        case Template.TEAM_MAIL_REFUSED:
            return f"/members/{about}"
        case Template.DIGEST:
            return "/inbox"
        case Template.MEETING_CALLED_OFF:
            return "/meetings"
        case template if template in MEETING_TEMPLATES:
            return f"/meetings/{about}"
        case Template.MATCH_LAPSED if facts["lapsed_because"] == "erased":
            return _what_stays(facts)
        case _:
            return f"/matches/{about}"


def _what_stays(facts: Mapping[str, Any]) -> str:
    """A match is gone with whoever was erased; what the other side asked or offered is not."""
    if not (own_id := facts.get("own_id")):  # not of a side, or told by the release before
        return "/matches"
    asks = facts["asker"]["member_id"]  # nothing where the asker was erased
    return f"{'/requests' if asks else '/offers'}/{_quoted(own_id)}"


def _quoted(text: object) -> str:
    return quote(str(text), safe="")
