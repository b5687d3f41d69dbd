"""Who is told that what they asked or offered expired: a decision, without database, mail server or clock."""

from datetime import datetime, timedelta

from contracts.days import AMSTERDAM
from contracts.requests import OfferClosed, RequestClosed
from contracts.vocabulary import Kind, Status
from services.notify.rules import Notice
from services.notify.templates import Template

#: What expired longer ago is not told any more: who begins to hear this hears of years.
NEWS_FOR = timedelta(days=7)


def expiry_notices(event: RequestClosed | OfferClosed, said_at: datetime, now: datetime) -> list[Notice]:
    """Its member, once for each time that it expired; of a meeting they know when it is."""
    if event.status != Status.EXPIRED or event.kind == Kind.MEETING or now - said_at > NEWS_FOR:
        return []
    template = Template.REQUEST_EXPIRED if isinstance(event, RequestClosed) else Template.OFFER_EXPIRED
    return [
        Notice(
            event.member_id,
            template,
            event.entity_id,
            {"title": event.title, "day_over": _is_over(event, said_at)},
            occurrence=str(event.version),
            about=(event.member_id,),
            needs=(event.member_id,),
        )
    ]


def _is_over(event: RequestClosed | OfferClosed, said_at: datetime) -> bool:
    """Whether its last day was over by then, so that it is opened again only with another one."""
    return event.ends_on is not None and event.ends_on < said_at.astimezone(AMSTERDAM).date()
