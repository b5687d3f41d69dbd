"""What a partner's own people, and the node's team, see of its events and endpoints, and the little they can do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from chassis import Command, Identity, Input, Now, Page, Paging, ReadSession, Reply, ShortText, SignedIn
from contracts.deeds import Deed
from contracts.vocabulary import Role
from services.partners import contacts, store
from services.partners.api import ReceiptView
from services.partners.deeds import note
from services.partners.rules import EndpointDisabled, EndpointNotFound, NewsNotFound, PartnerNotFound
from services.partners.tables import Attempt, Delivery, News, Partner, Webhook
from services.partners.webhooks import endpoints

router = APIRouter(prefix="/v1/partners", tags=["partners"])

#: How much of what was sent to an endpoint is shown: the newest.
DELIVERIES_SHOWN = 10


class PartnerView(BaseModel):
    """A partner network's system."""

    partner_id: str
    network: str
    source: str
    sandbox: bool = Field(description="It tries things out: nothing that it tells counts.")
    endpoints_disabled: int = Field(description="How many of its endpoints get nothing any more.")

    @classmethod
    def of(cls, partner: Partner, disabled: int) -> "PartnerView":
        """As its people see it."""
        return cls(
            partner_id=partner.partner_id,
            network=partner.network,
            source=partner.source,
            sandbox=partner.sandbox,
            endpoints_disabled=disabled,
        )


class Partners(BaseModel):
    """The partners that the caller may look at."""

    items: list[PartnerView]


class DeliveryView(BaseModel):
    """Something that was sent to an endpoint, or is to be, and what came of the last try."""

    news_id: str
    kind: str
    about: str | None = Field(description="The partner's own id of what it is about, or of its event.")
    status: Literal["waiting", "delivered", "failed"]
    said_at: datetime
    tries: int
    next_try_at: datetime | None
    tried_at: datetime | None = None
    took_ms: int | None = None
    answer_status: int | None = None
    answer: str | None = Field(default=None, description="The beginning of what the endpoint answered.")
    problem: str | None = Field(default=None, description="Why there was no answer.")

    @classmethod
    def of(cls, delivery: Delivery, news: News, last: Attempt | None) -> "DeliveryView":
        """As it is shown."""
        tried = {}
        if last:
            tried = {"tried_at": last.at, "took_ms": last.ms, "answer_status": last.status}
            tried |= {"answer": last.answer, "problem": last.problem}
        return cls(
            news_id=news.news_id,
            kind=news.kind,
            about=news.data.get("own_id") or news.data.get("event_id"),
            status=delivery.status,
            said_at=news.said_at,
            tries=delivery.tries,
            next_try_at=delivery.due_at,
            **tried,
        )


class EndpointView(BaseModel):
    """Where a partner's news goes, and how that goes."""

    webhook_id: str
    address: str = Field(description="Without what comes after a question mark, which may be secret.")
    kinds: list[str] = Field(description="None: every kind of news.")
    state: Literal["on", "failing", "disabled"]
    since: datetime | None = Field(description="Since when it is failing or disabled.")
    because: str | None
    waiting: int
    deliveries: list[DeliveryView]

    @classmethod
    def of(cls, webhook: Webhook, waiting: int, deliveries: list[DeliveryView]) -> "EndpointView":
        """As it is shown."""
        state = "disabled" if webhook.disabled_at else "failing" if webhook.failing_since else "on"
        return cls(
            webhook_id=webhook.webhook_id,
            address=urlsplit(webhook.url)._replace(query="").geturl(),
            kinds=webhook.kinds,
            state=state,
            since=webhook.disabled_at or webhook.failing_since,
            because=webhook.disabled_because,
            waiting=waiting,
            deliveries=deliveries,
        )


class Endpoints(BaseModel):
    """The endpoints of a partner, the oldest first."""

    items: list[EndpointView]


class Resend(Input):
    """What is to be sent again."""

    news_id: ShortText


async def _visible(
    partner_id: Annotated[str, Path(max_length=128)], identity: SignedIn, session: ReadSession
) -> Partner:
    """The partner, for its own people and the node's team; for anybody else it is not there."""
    theirs = await contacts.partners_of(session, _references(identity))
    found = next((one for one in theirs if one.partner_id == partner_id), None)
    if found is None:
        raise PartnerNotFound
    return found


Visible = Annotated[Partner, Depends(_visible)]


@router.get("")
async def list_partners(identity: SignedIn, session: ReadSession) -> Partners:
    """The partners whose page the caller may see: their own, or for the node's team every one."""
    found = await contacts.partners_of(session, _references(identity))
    disabled = await endpoints.disabled(session)
    return Partners(items=[PartnerView.of(one, disabled.get(one.partner_id, 0)) for one in found])


@router.get("/{partner_id}")
async def show_partner(partner: Visible, session: ReadSession) -> PartnerView:
    """One partner."""
    return PartnerView.of(partner, (await endpoints.disabled(session)).get(partner.partner_id, 0))


@router.get("/{partner_id}/events")
async def list_partner_events(
    partner: Visible,
    session: ReadSession,
    paging: Paging,
    only: Annotated[Literal["rejected"] | None, Query(description="Leaves out what went well.")] = None,
) -> Page[ReceiptView]:
    """What came in of a partner, the newest first, and what became of each."""
    found = await store.newest_receipts(session, partner.partner_id, paging.cursor, paging.limit + 1, status=only)
    return Page[ReceiptView].of([ReceiptView.of(one) for one in found], paging, key=lambda one: one.receipt_id)


@router.get("/{partner_id}/webhooks")
async def list_endpoints(partner: Visible, session: ReadSession) -> Endpoints:
    """Where a partner's news goes, with what was sent there last."""
    waiting = await endpoints.waiting(session, partner.partner_id)
    items = []
    for one in await endpoints.of_partner(session, partner.partner_id):
        newest = await endpoints.newest_deliveries(session, one.webhook_id, DELIVERIES_SHOWN)
        views = [DeliveryView.of(*row) for row in newest]
        items.append(EndpointView.of(one, waiting.get(one.webhook_id, 0), views))
    return Endpoints(items=items)


@router.post("/{partner_id}/webhooks/{webhook_id}/enable", status_code=204)
async def enable_endpoint(
    partner: Visible, webhook_id: Annotated[str, Path(max_length=128)], who: SignedIn, command: Command, now: Now
) -> Response:
    """News goes to the endpoint again, from now on."""

    async def enable(session: AsyncSession) -> Reply:
        await endpoints.enable(session, await _endpoint(session, partner, webhook_id))
        note(session, who, Deed.ENDPOINT_ENABLED, partner.partner_id, now)
        return Reply(status=204)

    return await command(enable)


@router.post("/{partner_id}/webhooks/{webhook_id}/resend", status_code=204)
async def resend_news(
    partner: Visible,
    webhook_id: Annotated[str, Path(max_length=128)],
    what: Resend,
    who: SignedIn,
    command: Command,
    now: Now,
) -> Response:
    """Sends one thing again to an endpoint, under the same id."""

    async def resend(session: AsyncSession) -> Reply:
        webhook = await _endpoint(session, partner, webhook_id)
        if webhook.disabled_at is not None:
            raise EndpointDisabled
        if not await endpoints.send_one_again(session, webhook, what.news_id, now):
            raise NewsNotFound
        note(session, who, Deed.NEWS_RESENT, partner.partner_id, now)
        return Reply(status=204)

    return await command(resend)


def _references(identity: Identity) -> Sequence[str] | None:
    """As who the caller may be named; the node's team need not be."""
    return None if identity.has(Role.NODE_TEAM) else identity.references


async def _endpoint(session: AsyncSession, partner: Partner, webhook_id: str) -> Webhook:
    try:
        return await endpoints.one(session, partner.partner_id, webhook_id)
    except ValueError:
        raise EndpointNotFound from None
