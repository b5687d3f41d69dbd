"""What a member can ask notify and set there, and what the node's team can look up."""

from typing import Annotated, Literal, cast
from urllib.parse import parse_qs

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import HTMLResponse, JSONResponse, Response

from chassis import (
    Command,
    FieldErrors,
    IfMatch,
    Input,
    NodeTeam,
    Now,
    Page,
    Paging,
    ReadSession,
    Reply,
    SignedIn,
    check_version,
)
from chassis.paging import cursor_of, moment
from contracts.vocabulary import Language
from services.notify import contacts, inbox, one_person, planning, post, preferences
from services.notify.moments import wishes_from
from services.notify.rendering import unsubscribe_link_unknown_page, unsubscribe_page
from services.notify.rules import InboxItemNotFound, PreferencesNotFound, UnsubscribeLinkUnknown
from services.notify.settings import NotifySettings
from services.notify.streaming import InboxStream
from services.notify.templates import EVERYTHING, Delivery
from services.notify.views import (
    InboxItemView,
    NotificationView,
    PreferencesDraft,
    PreferencesView,
    inbox_views,
    notification_view,
    preferences_view,
)

router = APIRouter(prefix="/v1", tags=["notify"])


@router.get("/inbox")
async def read_inbox(request: Request, who: SignedIn, session: ReadSession, paging: Paging) -> Page[InboxItemView]:
    """What the member was told, newest first."""
    items = await inbox.page(session, who.references, paging.cursor, paging.limit + 1)
    shown = items[: paging.limit]
    views = await inbox_views(session, shown, _public_url(request))
    return Page(items=views, next_cursor=shown[-1].item_id if len(items) > len(shown) else None)


@router.get("/inbox/stream", response_class=Response, responses={200: {"content": {"text/event-stream": {}}}})
async def stream_inbox(
    request: Request,
    who: SignedIn,
    session: ReadSession,
    after: Annotated[
        int | None, Query(ge=0, le=2**62, description="The position to go on from; without it: from now on.")
    ] = None,
    last_event_id: Annotated[str | None, Header(description="What a browser sends when it comes back.")] = None,
) -> Response:
    """The member's items as they come in, as server-sent events; nothing is missed between two connections."""
    position = _position(last_event_id) if last_event_id else after
    if position is None:
        position = await inbox.last_position(session, who.references)
    await session.close()  # a stream may last for minutes: it must not keep a connection
    return InboxStream(request.app.state.service, who.references, position)


@router.post("/inbox/{item_id}/read", status_code=204)
async def mark_read(item_id: str, who: SignedIn, now: Now, command: Command) -> Response:
    """The member has read an item; the first time counts."""

    async def read(session: AsyncSession) -> Reply:
        item = await inbox.item(session, item_id, who.references)
        if item is None:
            raise InboxItemNotFound
        item.read_at = item.read_at or now
        session.add(item)
        return Reply(status=204)

    return await command(read)


class ReadUpTo(Input):
    """What the member has seen."""

    item_id: str = Field(min_length=1, max_length=128, description="The newest item that was seen.")


@router.post("/inbox/read", status_code=204)
async def mark_all_read(draft: ReadUpTo, who: SignedIn, now: Now, command: Command) -> Response:
    """The member has read an item and all that came before it; what came since stays new."""

    async def read(session: AsyncSession) -> Reply:
        if await inbox.item(session, draft.item_id, who.references) is None:
            raise InboxItemNotFound
        await inbox.read_up_to(session, draft.item_id, who.references, now)
        return Reply(status=204)

    return await command(read)


@router.get("/preferences")
async def read_preferences(
    request: Request, response: Response, who: SignedIn, session: ReadSession
) -> PreferencesView:
    """Which mails the member gets, and when."""
    preference = await preferences.preference_of(session, who.member_id)
    response.headers["ETag"] = f'"{preference.version}"'
    contact = await contacts.contact_of(session, who.member_id)
    return preferences_view(wishes_from(vars(preference)), settings_of(request).habits, contact, preference.version)


@router.put("/preferences", response_model=PreferencesView)
async def set_preferences(
    request: Request, draft: PreferencesDraft, who: SignedIn, expected: IfMatch, now: Now, command: Command
) -> Response:
    """The member chooses which mails they get, and when; what was gathered for them goes by the new choice."""
    habits, wishes = settings_of(request).habits, draft.wishes()

    async def choose(session: AsyncSession) -> Reply:
        version = await preferences.choose(session, who.member_id, wishes, expected)
        if version is None:
            check_version(expected, (await preferences.preference_of(session, who.member_id)).version)
            raise PreferencesNotFound
        await planning.plan_again(session, who.member_id, habits, now)
        for other in who.also:  # one person, one choice
            await preferences.choose(session, other, wishes)
            await planning.plan_again(session, other, habits, now)
        contact = await contacts.contact_of(session, who.member_id)
        view = preferences_view(wishes, habits, contact, version)
        return Reply(view, version=version)

    return await command(choose)


@router.get("/unsubscribe/{token}")
async def show_unsubscribe(request: Request, token: str, session: ReadSession) -> Response:
    """Says what the link would stop, or that it is off, and stops nothing: mail scanners follow links."""
    found = await preferences.unsubscribe_token(session, token)
    if found is None:
        return _unsubscribe_link_unknown(request)
    language = await contacts.language_of(session, found.member_id)
    is_off = await preferences.is_muted(session, found.member_id, found.category)
    return _unsubscribe_reply(request, found.category, language, "off" if is_off else "asked")


@router.post("/unsubscribe/{token}")
async def unsubscribe(request: Request, token: str, command: Command, session: ReadSession) -> Response:
    """Stops the mails of one category, without signing in (RFC 8058: one click in the mail program).

    The page that then shows has a way back: the form field `mails=on`. Who stopped them all chooses anew at
    `/preferences`: what was stopped before that would come back too.
    """
    found = await preferences.unsubscribe_token(session, token)
    if found is None:
        return _unsubscribe_link_unknown(request)
    language = await contacts.language_of(session, found.member_id)
    await session.close()
    on_again = parse_qs((await request.body()).decode("latin-1")).get("mails") == ["on"]

    if on_again and found.category == EVERYTHING:  # the button of a page of a release before
        return _unsubscribe_reply(request, found.category, language, "off")

    async def set_category(session: AsyncSession) -> Reply:
        change = preferences.unmute if on_again else preferences.mute
        for reference in await one_person.references_of(session, found.member_id):
            await change(session, reference, found.category)
        return Reply()

    await command(set_category)
    return _unsubscribe_reply(request, found.category, language, "on" if on_again else "off")


@router.get("/notifications")
async def list_notifications(
    who: NodeTeam, session: ReadSession, paging: Paging, status: Delivery = Delivery.FAILED
) -> Page[NotificationView]:
    """The mails with a status, newest first, for the node's team; addresses are not shown."""
    rows = await post.page(session, status, paging.after(moment), paging.limit + 1)
    views = [notification_view(row) for row in rows]
    return Page[NotificationView].of(views, paging, key=lambda view: cursor_of(view.created_at, view.notification_id))


def _public_url(request: Request) -> str:
    return settings_of(request).public_url


def settings_of(request: Request) -> NotifySettings:
    """The service's settings."""
    return cast(NotifySettings, request.app.state.service.settings)


def _position(last_event_id: str) -> int:
    if not last_event_id.isascii() or not last_event_id.isdigit() or len(last_event_id) > 18:
        raise FieldErrors([("Last-Event-ID", "must be the id of an event of this stream")])
    return int(last_event_id)


_PAGE_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'",
    "Vary": "Accept",
}


def _unsubscribe_reply(
    request: Request, category: str, language: Language, state: Literal["asked", "off", "on"]
) -> Response:
    if _wants_page(request):
        return HTMLResponse(unsubscribe_page(category, language, state), headers=_PAGE_HEADERS)
    return JSONResponse({"category": category, "unsubscribed": state == "off"}, headers=_PAGE_HEADERS)


def _unsubscribe_link_unknown(request: Request) -> Response:
    if _wants_page(request):
        return HTMLResponse(
            unsubscribe_link_unknown_page(settings_of(request).node_team_email), 404, headers=_PAGE_HEADERS
        )
    return UnsubscribeLinkUnknown().response()


def _wants_page(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")
