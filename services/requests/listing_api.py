"""The routes of tips and meetings: everybody can read them; who is signed in comes to a meeting or not."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, FieldErrors, Now, Page, Paging, ReadSession
from chassis.places import place_called
from contracts.calendar import MEDIA_TYPE, calendar_file
from contracts.places import UnknownProvince, find_province
from contracts.vocabulary import Kind, Status, Theme
from services.requests import listings, rules, sign_up_rules, sign_ups
from services.requests.calls import Call
from services.requests.guests import guests_of, meeting_views, own_sign_ups, sign_up_of
from services.requests.listings import Sought
from services.requests.settings import RequestsSettings
from services.requests.sign_up_views import GuestsView, MeetingView, OwnSignUpView, SignUpDraft, SignUpView, TipView
from services.requests.tables import Listing

tips = APIRouter(prefix="/v1/tips", tags=["tips"])
meetings = APIRouter(prefix="/v1/meetings", tags=["meetings"])
routers = (tips, meetings)

Id = Annotated[str, Path(max_length=128)]
Words = Annotated[str, Query(alias="q", max_length=200, description="What its words begin with.")]
Text = Annotated[str, Query(max_length=100)]
Km = Annotated[int | None, Query(ge=1, le=400)]


async def _sought(
    words: Words = "",
    theme: Theme | None = None,
    province: Text = "",
    near: Text = "",
    near_province: Text = "",
    within_km: Km = None,
    since: date | None = None,
    until: date | None = None,
) -> Sought:
    try:
        found = find_province(province) if province else None
    except UnknownProvince as unknown:
        raise FieldErrors([("province", str(unknown))]) from None
    try:
        place = place_called(near, near_province or None) if near else None
    except ValueError as unknown:
        raise FieldErrors([("near", str(unknown))]) from None
    return Sought(words, theme, found, place, within_km, since, until)


Asked = Annotated[Sought, Depends(_sought)]


@tips.get("", response_model=Page[TipView])
async def list_tips(session: ReadSession, sought: Asked, paging: Paging, now: Now) -> Page[TipView]:
    """The tips that stand, of this node and of the whole country; the newest first."""
    found = await listings.page(session, Kind.TIP, sought, paging, now=now, today=rules.day_of(now))
    names = await listings.names_of(session, {one.organisation_id for one in found})
    views = [TipView.of(one, names.get(one.organisation_id)) for one in found]
    cursors = {one.offer_id: listings.next_cursor(one) for one in found}
    return Page.of(views, paging, key=lambda view: cursors[view.offer_id])


@tips.get("/{offer_id}", response_model=TipView)
async def show_tip(offer_id: Id, session: ReadSession) -> TipView:
    """One tip."""
    found = await listings.shown(session, Kind.TIP, offer_id)
    if found is None or found.status != Status.OPEN:
        raise sign_up_rules.TipNotFound
    return TipView.of(found, (await listings.names_of(session, {found.organisation_id})).get(found.organisation_id))


@meetings.get("", response_model=Page[MeetingView])
async def list_meetings(session: ReadSession, sought: Asked, paging: Paging, now: Now) -> Page[MeetingView]:
    """The meetings that are still to come, of this node and of the whole country; the first to come first."""
    found = await listings.page(session, Kind.MEETING, sought, paging, now=now, today=rules.day_of(now))
    views = await meeting_views(session, found, now)
    cursors = {one.offer_id: listings.next_cursor(one) for one in found}
    return Page.of(views, paging, key=lambda view: cursors[view.offer_id])


@meetings.get("/mine", response_model=Page[OwnSignUpView])
async def list_own(call: Call, session: ReadSession, paging: Paging, to_come: bool = False) -> Page[OwnSignUpView]:
    """The meetings that the caller signed up for, whatever became of that; what they asked last first.

    `to_come`: only those that are not over and that they did not cancel; the first to come first.
    """
    today = rules.day_of(call.now) if to_come else None
    rows = await own_sign_ups(session, call.who, paging, to_come_from=today)
    views = []
    for row, listing in rows:
        (meeting,) = await meeting_views(session, [listing], call.now)
        own = await sign_ups.view(session, listing, row, call.now)
        views.append(OwnSignUpView(meeting=meeting, sign_up=own))
    cursors = {row.offer_id: listings.next_cursor(listing) if to_come else row.sign_up_id for row, listing in rows}
    return Page.of(views, paging, key=lambda view: cursors[view.meeting.offer_id])


@meetings.get("/{offer_id}", response_model=MeetingView)
async def show_meeting(offer_id: Id, session: ReadSession, now: Now) -> MeetingView:
    """One meeting; when it is over or was called off too, for whoever wrote it down."""
    (view,) = await meeting_views(session, [await _found(session, offer_id)], now)
    return view


@meetings.get("/{offer_id}/calendar", response_class=Response, responses={200: {"content": {MEDIA_TYPE: {}}}})
async def show_calendar(offer_id: Id, request: Request, session: ReadSession, now: Now) -> Response:
    """The meeting as a file that calendars read (iCalendar)."""
    listing = await _found(session, offer_id)
    settings: RequestsSettings = request.app.state.service.settings
    meeting = await listings.meeting_of(session, listing)
    url = f"{settings.public_url}/meetings/{offer_id}"
    file = calendar_file(meeting, url=url, now=now, called_off=listing.status == Status.WITHDRAWN)
    if file is None:
        raise sign_up_rules.NoDayKnown
    headers = {"Content-Disposition": 'attachment; filename="om-de-hoek.ics"'}
    return Response(file, media_type=MEDIA_TYPE, headers=headers)


@meetings.get("/{offer_id}/sign-up", response_model=SignUpView)
async def show_sign_up(offer_id: Id, call: Call, session: ReadSession) -> SignUpView:
    """How the caller's own sign-up stands."""
    row = await sign_up_of(session, offer_id, call.who)
    if row is None:
        raise sign_up_rules.NotSignedUp
    return await sign_ups.view(session, await _found(session, offer_id), row, call.now)


@meetings.put("/{offer_id}/sign-up", response_model=SignUpView)
async def sign_up(offer_id: Id, draft: SignUpDraft, call: Call, command: Command) -> Response:
    """The caller comes, or waits for a place; again: only changes by which name the organiser sees them."""
    return await command(lambda session: sign_ups.sign_up(session, offer_id, draft, call))


@meetings.delete("/{offer_id}/sign-up", response_model=SignUpView)
async def cancel(offer_id: Id, call: Call, command: Command) -> Response:
    """The caller does not come after all; who waited longest has their place."""
    return await command(lambda session: sign_ups.cancel(session, offer_id, call))


@meetings.get("/{offer_id}/guests", response_model=GuestsView)
async def show_guests(offer_id: Id, call: Call, session: ReadSession) -> GuestsView:
    """Who comes, for the organiser and the node's team: by name, as far as they agreed to that."""
    return await guests_of(session, await _found(session, offer_id), call.who)


async def _found(session: AsyncSession, offer_id: str) -> Listing:
    found = await listings.shown(session, Kind.MEETING, offer_id)
    if found is None:
        raise sign_up_rules.MeetingNotFound
    return found
