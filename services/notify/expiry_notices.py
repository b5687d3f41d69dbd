"""Who is told that what they ask or offer expires soon or expired, or asked what came of it: decisions, without
database or clock.
"""

from datetime import datetime, timedelta
from typing import Any

from contracts.days import AMSTERDAM
from contracts.expiry import ConversationQuiet, ExpiryNear
from contracts.requests import OfferClosed, RequestClosed
from contracts.vocabulary import Kind, Side, Status
from services.notify.rules import Notice
from services.notify.templates import Template

#: What expired longer ago is not told any more: who begins to hear this hears of years.
NEWS_FOR = timedelta(days=7)


def near_notices(event: ExpiryNear, now: datetime) -> list[Notice]:
    """Its member, once for each time until which it stands; not when that came before this was heard."""
    if event.expires_at <= now:
        return []
    template = Template.REQUEST_EXPIRY_NEAR if event.side == Side.REQUEST else Template.OFFER_EXPIRY_NEAR
    last_day = (event.expires_at - timedelta(seconds=1)).astimezone(AMSTERDAM).date()
    by_period = event.ends_on is not None and event.ends_on <= last_day
    return [_notice(event, template, {"title": event.title, "last_day": last_day.isoformat(), "by_period": by_period})]


def expiry_notices(event: RequestClosed | OfferClosed, said_at: datetime, now: datetime) -> list[Notice]:
    """Its member, once for each time that it expired; of a meeting they know when it is."""
    if event.status != Status.EXPIRED or event.kind == Kind.MEETING or now - said_at > NEWS_FOR:
        return []
    template = Template.REQUEST_EXPIRED if isinstance(event, RequestClosed) else Template.OFFER_EXPIRED
    return [_notice(event, template, {"title": event.title, "day_over": _is_over(event, said_at)})]


def quiet_notices(event: ConversationQuiet) -> list[Notice]:
    """Its member, once for each time that a conversation began."""
    template = Template.REQUEST_QUIET if event.side == Side.REQUEST else Template.OFFER_QUIET
    return [_notice(event, template, {"title": event.title})]


def _is_over(event: RequestClosed | OfferClosed, said_at: datetime) -> bool:
    """Whether its last day was over by then, so that it is opened again only with another one."""
    return event.ends_on is not None and event.ends_on < said_at.astimezone(AMSTERDAM).date()


def _notice(
    event: ExpiryNear | RequestClosed | OfferClosed | ConversationQuiet, template: Template, facts: dict[str, Any]
) -> Notice:
    return Notice(
        event.member_id,
        template,
        event.entity_id,
        facts,
        occurrence=str(event.version),
        about=(event.member_id,),
        needs=(event.member_id,),
    )
