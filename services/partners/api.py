"""The partners' door over HTTP: events in, what became of each, what came of it later, and the schemas."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Now, ReadSession, Reply, Service
from chassis.telemetry import traceparent
from chassis.transactions import Item
from contracts.event import FieldError
from services.partners import door, news, store
from services.partners.envelopes import BATCH, JSON, STRUCTURED, PartnerEvent, events_of
from services.partners.inputs import DATA
from services.partners.promises import BATCH_MAX
from services.partners.rules import TYPE_BEGIN, TYPE_END, SchemaNotFound, Status
from services.partners.settings import OwnSettings
from services.partners.tables import Receipt
from services.partners.tokens import SignedPartner
from services.partners.tokens import router as tokens
from services.partners.trying import Effect, Tried, try_out

router = APIRouter(prefix="/v1", tags=["partners"])
routers = (router, tokens)


class ProblemView(BaseModel):
    """Why an event had no effect."""

    type: str
    title: str
    errors: list[FieldError] = []


class ReceiptView(BaseModel):
    """An event of yours, and what became of it."""

    receipt_id: str
    source: str
    event_id: str
    event_type: str
    subject: str
    status: str = Field(description="pending, accepted or rejected")
    waiting: bool = Field(description="For a person or organisation that it refers to, or an earlier event about it.")
    late: bool = Field(description="Accepted, but something newer about the same counts.")
    received_at: datetime
    ended_at: datetime | None
    problem: ProblemView | None
    would_tell: dict[str, Any] | None = Field(default=None, description="In a sandbox: what would have been told on.")

    @classmethod
    def of(cls, receipt: Receipt) -> "ReceiptView":
        """As the partner sees it."""
        ended = receipt.status in (Status.ACCEPTED, Status.REJECTED)
        problem = None
        if receipt.problem:
            errors = [FieldError.model_validate(error) for error in receipt.errors]
            problem = ProblemView(type=receipt.problem, title=receipt.title or "", errors=errors)
        names = ("receipt_id", "source", "event_id", "event_type", "subject", "late", "received_at", "ended_at")
        return cls(
            status=receipt.status if ended else "pending",
            waiting=receipt.status == Status.WAITING,
            problem=problem,
            would_tell=receipt.data if ended else None,
            **{name: getattr(receipt, name) for name in names},
        )


class TriedView(BaseModel):
    """What pushing an event of yours would do now."""

    subject: str
    effect: Effect
    version: int = Field(description="How often it was told before.")
    unknown: list[str] = Field(description="Your ids of what it refers to and was not told; it would wait for them.")
    problem: ProblemView | None

    @classmethod
    def of(cls, tried: Tried) -> "TriedView":
        """As the partner sees it."""
        found, problem = tried.problem, None
        if found is not None:
            errors = [FieldError.model_validate(error) for error in found.facts.get("errors", ())]
            problem = ProblemView(type=found.type_uri, title=found.title, errors=errors)
        words = {name: getattr(tried, name) for name in ("subject", "effect", "version")}
        return cls(unknown=list(tried.unknown), problem=problem, **words)


class TriedPage(BaseModel):
    """What each event of a call would do, in their order."""

    items: list[TriedView]


class Receipts(BaseModel):
    """The receipts of a call, in the order of its events."""

    receipts: list[ReceiptView]


class FeedPage(BaseModel):
    """What ended, the first to end first; ask the next page `after` this one, also when it is empty."""

    items: list[ReceiptView]
    after: int


class NewsPage(BaseModel):
    """What you were told, in the order in which it was said; ask the next page `after` this one, also when empty."""

    items: list[dict[str, Any]] = Field(description="CloudEvents, as your endpoints get them.")
    after: int


_EVENT = PartnerEvent.model_json_schema()
_SCHEMAS = {STRUCTURED: _EVENT, BATCH: {"type": "array", "items": _EVENT, "minItems": 1}, JSON: {"type": "object"}}
_BODY = {"requestBody": {"required": True, "content": {kind: {"schema": own} for kind, own in _SCHEMAS.items()}}}


@router.post("/events", status_code=202, response_model=Receipts, openapi_extra=_BODY)
async def push_events(request: Request, partner: SignedPartner, now: Now, settings: OwnSettings) -> Response:
    """Takes in CloudEvents, all of the call or none; the same `source` and `id` again has no second effect."""
    body = await request.body()
    media_type = request.headers.get("content-type", "")
    events = events_of(media_type, request.headers, body, batch_max=BATCH_MAX)

    async def take_in(session: AsyncSession) -> Reply:
        receipts = await door.take_in(session, partner, events, now, settings)
        return Reply(Receipts(receipts=[ReceiptView.of(receipt) for receipt in receipts]), status=202)

    service: Service = request.app.state.service
    reply: Reply = await service.transactions.do(Item(take_in, cause=traceparent()))
    return reply.response()


@router.post("/checks", response_model=TriedPage, openapi_extra=_BODY)
async def check_events(
    request: Request, partner: SignedPartner, session: ReadSession, now: Now, settings: OwnSettings
) -> TriedPage:
    """What these events would do if they were pushed now; they are not. They count in what a minute takes."""
    media_type, body = request.headers.get("content-type", ""), await request.body()
    events = events_of(media_type, request.headers, body, batch_max=BATCH_MAX)
    await store.count_events(session, partner.partner_id, len(events), now, settings.partner_events_per_minute_max)
    await session.commit()
    tried = await try_out(session, partner, events, now)
    return TriedPage(items=[TriedView.of(one) for one in tried])


@router.get("/events", response_model=FeedPage)
async def read_feed(
    partner: SignedPartner,
    session: ReadSession,
    after: Annotated[int, Query(ge=0, le=2**62, description="`after` of the page before; 0 begins.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> FeedPage:
    """What ended of your events, in the order in which it did."""
    found = await store.ended_after(session, partner.partner_id, after, limit)
    last = found[-1].ended_number if found else None
    return FeedPage(items=[ReceiptView.of(receipt) for receipt in found], after=last or after)


@router.get("/news", response_model=NewsPage)
async def read_news(
    partner: SignedPartner,
    session: ReadSession,
    settings: OwnSettings,
    after: Annotated[int, Query(ge=0, le=2**62, description="`after` of the page before; 0 begins.")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> NewsPage:
    """What came of what you told: the events that your endpoints and your NATS subjects get too."""
    found = await news.after(session, partner.partner_id, after, limit)
    items = [news.as_cloud_event(one, settings.node) for one in found]
    return NewsPage(items=items, after=found[-1].number if found else after)


@router.get("/receipts/{receipt_id}", response_model=ReceiptView)
async def show_receipt(
    receipt_id: Annotated[str, Path(max_length=128)], partner: SignedPartner, session: ReadSession
) -> ReceiptView:
    """What became of one event."""
    return ReceiptView.of(await store.receipt(session, partner.partner_id, receipt_id))


@router.get("/schemas")
async def list_schemas() -> dict[str, str]:
    """The event types that you can push or are told, and where the schema of the data of each is."""
    pushed = {f"{TYPE_BEGIN}{kind}{TYPE_END}": f"/partners/v1/schemas/{kind}{TYPE_END}.json" for kind in DATA}
    told = {event.type_name(): f"/partners/v1/schemas/{kind}{TYPE_END}.json" for kind, event in news.KINDS.items()}
    return pushed | told


@router.get("/schemas/{name}")
async def show_schema(name: Annotated[str, Path(max_length=128)]) -> dict[str, Any]:
    """The JSON Schema of the data of an event type."""
    kind = name.removesuffix(f"{TYPE_END}.json")
    model = DATA.get(kind) or news.KINDS.get(kind)
    if model is None or name == kind:
        raise SchemaNotFound
    return model.model_json_schema() | {"$schema": "https://json-schema.org/draft/2020-12/schema"}
