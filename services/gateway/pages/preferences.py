"""The page where a member says when they want their mail, and on which devices they are told things."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway import rules
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

#: The sorts of mail, and how often each can come; an ambassador's desk has one rhythm more.
SORTS = ("proposals", "reminders", "unanswered", "outcomes", "initiatives")
RHYTHMS = ("at-once", "daily", "weekly", "none")
DESK_RHYTHMS = ("at-once", "at-most-daily", "daily", "weekly", "none")


@router.get("/preferences")
async def show_preferences(reader: SignedInReader, done: str = "") -> Response:
    """What the reader chose, or what comes when they never did."""
    return await _page(reader, await reader.ask("/v1/preferences"), done=done)


@router.post("/preferences/push")
async def set_push(reader: SignedInReader) -> Response:
    """The browser that the reader uses tells them things from now on, or does so no more."""
    assert reader.caller is not None
    filled_in, sessions, member_id = await reader.form(), reader.gateway.sessions, reader.caller.session.member_id
    turned_off = filled_in.get("step") == "off"
    answer = reader.go_to(f"/preferences?done=push-{'off' if turned_off else 'on'}")
    device_id = rules.pushed_device(sessions.know_again(reader.request, answer), member_id)
    device = {name: filled_in.get(name, "") for name in ("endpoint", "p256dh", "auth")}
    method, body = ("DELETE", None) if turned_off else ("PUT", device)
    if not turned_off:  # before it is told anything: whatever breaks off here, signing out there ends it
        await sessions.note_device(reader.caller.session.token_hash, device_id)
    try:
        await reader.ask_service("notify", f"/v1/push-devices/{device_id}", method, body)
    except Refused as refused:
        if refused.status != 422:
            raise
        return await _page(reader, await reader.ask("/v1/preferences"), status=422, wrong="wrong.push")
    if turned_off:
        await sessions.note_device(reader.caller.session.token_hash, None)
    return answer


@router.post("/preferences")
async def set_preferences(reader: SignedInReader) -> Response:
    """The reader chooses; when it was chosen elsewhere meanwhile, they see that first."""
    filled_in = await reader.form()
    chosen = _chosen(filled_in)
    if chosen["quiet_from"] is not None and chosen["quiet_from"] == chosen["quiet_until"]:
        now = await reader.ask("/v1/preferences")
        shown = now | chosen | {"version": filled_in.get("version", "")}
        return await _page(reader, shown, status=422, wrong="wrong.quiet_hours")
    try:
        await reader.ask("/v1/preferences", method="PUT", body=chosen, if_match=f'"{filled_in.get("version", "")}"')
    except Refused as refused:
        if refused.status not in (412, 422):
            raise
        now = await reader.ask("/v1/preferences")
        shown = now | (chosen if refused.status == 422 else {})
        if refused.status == 422 or now | chosen != now:  # else the button was pressed twice
            return await _page(reader, shown, status=refused.status, wrong=f"error.{refused.slug}")
    return reader.go_to("/preferences?done=preferences")


def _chosen(filled_in: Mapping[str, str]) -> dict[str, Any]:
    hours = {name: _hour(filled_in.get(name, "")) for name in ("quiet_from", "quiet_until")}
    # Who chose other hours wants them, whether or not they saw the box above: the page says which hours it showed.
    is_quiet = bool(filled_in.get("quiet")) or any(
        filled_in.get(name, "") != filled_in.get(f"shown-{name}", filled_in.get(name, "")) for name in hours
    )
    pushed = [sort for sort in ("desk", *SORTS) if filled_in.get(f"push-{sort}")]
    return (
        {sort: filled_in.get(sort, "") for sort in ("desk", *SORTS)}
        | (hours if is_quiet else dict.fromkeys(hours))
        | {"weekends": bool(filled_in.get("weekends")), "pushed": pushed}
    )


def _hour(text: str) -> int | str:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 3 else text


async def _page(
    reader: Reader, chosen: dict[str, Any], *, status: int = 200, done: str = "", wrong: str = ""
) -> Response:
    brings_together = reader.has(Role.AMBASSADOR, Role.NODE_TEAM)
    sorts = dict.fromkeys(SORTS, RHYTHMS)
    told = await reader.ask_service("notify", "/v1/push-devices")
    return reader.page(
        "preferences.html",
        at="/preferences",
        status=status,
        chosen=chosen,
        email_refused=chosen.get("email_refused"),  # a notify of a release before does not say it
        sorts=({"desk": DESK_RHYTHMS} if brings_together else {}) | sorts,
        kept=() if brings_together else ("desk",),
        push_key=told["public_key"],
        is_told_here=_device_of(reader) in told["device_ids"],
        is_told=bool(told["device_ids"]),
        done=done,
        wrong=wrong,
    )


def _device_of(reader: Reader) -> str | None:
    assert reader.caller is not None
    return reader.gateway.sessions.pushed_device(reader.request, reader.caller.session.member_id)
