"""The routes of requests and of offers: two doors to the same rules."""

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Response

from chassis import Command, IfMatch, MaybeIfMatch, NodeTeam, Page, Paging, ReadSession
from contracts.vocabulary import Kind, Side, Status, Theme
from services.requests import life, placing, store, taking_down
from services.requests.calls import Call
from services.requests.inputs import PropositionChange, PropositionDraft, RequestDraft
from services.requests.rules import Step
from services.requests.store import Wanted
from services.requests.taking_down import TakeDown
from services.requests.views import OfferView, RequestView

requests = APIRouter(prefix="/v1/requests", tags=["requests"])
offers = APIRouter(prefix="/v1/offers", tags=["offers"])
routers = (requests, offers)

Id = Annotated[str, Path(max_length=128)]


async def _wanted(
    mine: bool = False, status: Status | None = None, kind: Kind | None = None, theme: Theme | None = None
) -> Wanted:
    return Wanted(mine, status, kind, theme)


Narrowed = Annotated[Wanted, Depends(_wanted)]


@requests.post("", status_code=201, response_model=RequestView)
async def place_request(draft: RequestDraft, call: Call, command: Command) -> Response:
    """Somebody asks something, or keeps a draft of it."""
    return await command(lambda session: placing.place(session, Side.REQUEST, draft, call))


@requests.get("", response_model=Page[RequestView])
async def list_requests(call: Call, session: ReadSession, wanted: Narrowed, paging: Paging) -> Page[RequestView]:
    """The caller's own; ambassadors and the node's team see those of others too, but for drafts. Newest first."""
    found = await store.page(session, Side.REQUEST, call.who, wanted, paging)
    return Page.of([RequestView.of(one, call) for one in found], paging, key=lambda view: view.request_id)


@requests.get("/{request_id}", response_model=RequestView)
async def show_request(request_id: Id, call: Call, session: ReadSession, response: Response) -> RequestView:
    """One request."""
    request = await store.seen(session, Side.REQUEST, request_id, call.who)
    response.headers["ETag"] = f'"{request.version}"'
    return RequestView.of(request, call)


@requests.patch("/{request_id}", response_model=RequestView)
async def change_request(
    request_id: Id, change: PropositionChange, call: Call, expected: IfMatch, command: Command
) -> Response:
    """Changes what is given and leaves the rest."""
    return await command(lambda s: placing.change(s, Side.REQUEST, request_id, change, expected, call))


@requests.delete("/{request_id}", status_code=204)
async def remove_request(request_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """A draft is removed; what was opened is withdrawn instead."""
    return await command(lambda s: placing.remove_draft(s, Side.REQUEST, request_id, expected, call))


@requests.post("/{request_id}/open", response_model=RequestView)
async def open_request(request_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """A draft is asked from now on."""
    return await command(lambda s: life.take(s, Side.REQUEST, request_id, Step.OPEN, expected, call))


@requests.post("/{request_id}/withdraw", response_model=RequestView)
async def withdraw_request(request_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """It is not asked any more."""
    return await command(lambda s: life.take(s, Side.REQUEST, request_id, Step.WITHDRAW, expected, call))


@requests.post("/{request_id}/fulfil", response_model=RequestView)
async def fulfil_request(request_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """It was answered, here or elsewhere."""
    return await command(lambda s: life.take(s, Side.REQUEST, request_id, Step.FULFIL, expected, call))


@requests.post("/{request_id}/take-down", response_model=RequestView)
async def take_down_request(
    request_id: Id, why: TakeDown, _: NodeTeam, call: Call, expected: MaybeIfMatch, command: Command
) -> Response:
    """The node's team withdraws what should not stand here; its member hears why."""
    return await command(lambda s: taking_down.take_down(s, Side.REQUEST, request_id, why, expected, call))


@requests.post("/{request_id}/reopen", response_model=RequestView)
async def reopen_request(request_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """It is asked again: the conversation led nowhere, or it was closed too soon."""
    return await command(lambda s: life.take(s, Side.REQUEST, request_id, Step.REOPEN, expected, call))


@offers.post("", status_code=201, response_model=OfferView)
async def place_offer(draft: PropositionDraft, call: Call, command: Command) -> Response:
    """Somebody offers something, or keeps a draft of it."""
    return await command(lambda session: placing.place(session, Side.OFFER, draft, call))


@offers.get("", response_model=Page[OfferView])
async def list_offers(call: Call, session: ReadSession, wanted: Narrowed, paging: Paging) -> Page[OfferView]:
    """The caller's own and others' open ones; ambassadors and the node's team see all but drafts. Newest first."""
    found = await store.page(session, Side.OFFER, call.who, wanted, paging)
    names = await store.organisation_names(session, found)
    views = [OfferView.of(one, call, names.get(one.organisation_id)) for one in found]
    return Page.of(views, paging, key=lambda view: view.offer_id)


@offers.get("/{offer_id}", response_model=OfferView)
async def show_offer(offer_id: Id, call: Call, session: ReadSession, response: Response) -> OfferView:
    """One offer."""
    offer = await store.seen(session, Side.OFFER, offer_id, call.who)
    names = await store.organisation_names(session, [offer])
    response.headers["ETag"] = f'"{offer.version}"'
    return OfferView.of(offer, call, names.get(offer.organisation_id))


@offers.patch("/{offer_id}", response_model=OfferView)
async def change_offer(
    offer_id: Id, change: PropositionChange, call: Call, expected: IfMatch, command: Command
) -> Response:
    """Changes what is given and leaves the rest."""
    return await command(lambda s: placing.change(s, Side.OFFER, offer_id, change, expected, call))


@offers.delete("/{offer_id}", status_code=204)
async def remove_offer(offer_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """A draft is removed; what was opened is withdrawn instead."""
    return await command(lambda s: placing.remove_draft(s, Side.OFFER, offer_id, expected, call))


@offers.post("/{offer_id}/open", response_model=OfferView)
async def open_offer(offer_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """A draft is offered from now on."""
    return await command(lambda s: life.take(s, Side.OFFER, offer_id, Step.OPEN, expected, call))


@offers.post("/{offer_id}/withdraw", response_model=OfferView)
async def withdraw_offer(offer_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """It is not offered any more."""
    return await command(lambda s: life.take(s, Side.OFFER, offer_id, Step.WITHDRAW, expected, call))


@offers.post("/{offer_id}/fulfil", response_model=OfferView)
async def fulfil_offer(offer_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """It was taken up, here or elsewhere."""
    return await command(lambda s: life.take(s, Side.OFFER, offer_id, Step.FULFIL, expected, call))


@offers.post("/{offer_id}/take-down", response_model=OfferView)
async def take_down_offer(
    offer_id: Id, why: TakeDown, _: NodeTeam, call: Call, expected: MaybeIfMatch, command: Command
) -> Response:
    """The node's team withdraws what should not stand here; its member hears why."""
    return await command(lambda s: taking_down.take_down(s, Side.OFFER, offer_id, why, expected, call))


@offers.post("/{offer_id}/reopen", response_model=OfferView)
async def reopen_offer(offer_id: Id, call: Call, expected: MaybeIfMatch, command: Command) -> Response:
    """It is offered again: the conversation led nowhere, or there is room once more."""
    return await command(lambda s: life.take(s, Side.OFFER, offer_id, Step.REOPEN, expected, call))
