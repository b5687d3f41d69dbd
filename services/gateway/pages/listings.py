"""Tips and meetings, which everybody can read; who is signed in comes to a meeting, or stays away after all."""

from contextlib import suppress
from datetime import date, datetime, time
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Depends, Path, Query, Request
from starlette.responses import Response

from contracts.calendar import when_in_words
from contracts.days import AMSTERDAM
from contracts.vocabulary import Language
from contracts.words import themes_in_words
from services.gateway.pages.forms import Form, place_in
from services.gateway.pages.reading import AnyReader, Reader, Refused, SignedInReader
from services.gateway.upstreams import on_behalf, whole

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]
Text = Annotated[str, Query(max_length=200)]

#: How far away something may be, in kilometres.
DISTANCES = ("10", "25", "50", "100")

#: Where a sign-up counts.
COUNTS = frozenset({"asked", "place", "waiting"})

#: What somebody reads who signed up, by where that counts.
DONE = {"asked": "signed-up-asked", "place": "signed-up", "waiting": "signed-up-waiting"}


async def _what(request: Request) -> str:
    return request.url.path.split("/")[1]


#: `tips` or `meetings`, as the address has it.
What = Annotated[str, Depends(_what)]


@router.get("/tips")
@router.get("/meetings")
async def show_listings(
    what: What,
    reader: AnyReader,
    words: Annotated[str, Query(alias="q", max_length=200)] = "",
    theme: Text = "",
    near: Text = "",
    km: Text = "25",
    since: Text = "",
    until: Text = "",
    cursor: Text = "",
) -> Response:
    """What stands, narrowed as the reader wants it."""
    values = {"q": words, "theme": theme, "near": near, "km": km, "since": since, "until": until}
    form = Form({name: [value] for name, value in values.items() if value})
    asked = form.given("q", "theme", "since", "until") | ({"cursor": cursor} if cursor else {})
    if near and (place := place_in(form, "near", reader.language)):
        asked |= {"near": place["name"], "near_province": place["province"], "within_km": km}
    status = 200
    try:
        found = await reader.ask(f"/v1/{what}?" + urlencode(asked))
    except Refused as refused:
        if refused.status != 422:
            raise
        form.learn(refused.told, reader.language, {"within_km": "km"})
        found, status = {"items": [], "next_cursor": None}, 422
    themes = themes_in_words(reader.language)
    chosen = form.given(*values)
    return reader.page(
        "listings.html",
        status=status,
        what=what,
        offered=what.removesuffix("s"),
        form=form,
        themes=themes,
        distances=DISTANCES,
        is_narrowed=bool(form.given("q", "theme", "near", "since", "until")),
        items=found["items"],
        older=urlencode(chosen | {"cursor": found["next_cursor"]}) if found["next_cursor"] else None,
        first=f"/{what}?{urlencode(chosen)}" if cursor else None,
        own=await _own(reader) if what == "meetings" and not cursor else [],
        when=lambda one: _when(one, reader.language),
    )


@router.get("/tips/{offer_id}")
async def show_tip(offer_id: Id, reader: AnyReader) -> Response:
    """One tip."""
    return reader.page("tip.html", tip=await reader.ask(f"/v1/tips/{quote(offer_id, safe='')}"))


@router.get("/meetings/{offer_id}")
async def show_meeting(offer_id: Id, reader: AnyReader, done: str = "") -> Response:
    """One meeting: when, where, by whom, how many can come, and whether the reader does."""
    return await _page(reader, offer_id, done=done)


@router.post("/meetings/{offer_id}")
async def take_step(offer_id: Id, reader: SignedInReader) -> Response:
    """The reader signs up, cancels, or shows their name or not; or reads why that cannot be."""
    filled_in = await reader.form()
    step, done = filled_in.get("step"), "sign-up-cancelled"
    at, page = f"{_address(offer_id)}/sign-up", f"/meetings/{quote(offer_id, safe='')}"
    try:
        if step == "cancel":
            await reader.ask(at, method="DELETE")
        elif step == "name" and (await reader.ask(at))["standing"] not in COUNTS:  # they cancelled elsewhere meanwhile
            return reader.go_to(page)
        else:
            name = (await reader.ask("/v1/members/me"))["name"] if filled_in.get("seen") else None
            standing = (await reader.ask(at, method="PUT", body={"name": name}))["standing"]
            done = "changed" if step == "name" else DONE[standing]
    except Refused as refused:
        closed = refused.slug == "meeting-not-found"  # its page is there for as long as it is known
        if refused.status != 409 and not closed:
            raise
        wrong = "meeting.closed" if closed else f"error.{refused.slug}"
        return await _page(reader, offer_id, status=refused.status, wrong=wrong)
    return reader.go_to(f"{page}?done={done}")


@router.get("/meetings/{offer_id}/calendar.ics")
async def show_calendar(offer_id: Id, reader: AnyReader) -> Response:
    """The meeting as a file for the reader's calendar."""
    gateway = reader.gateway
    at = f"{_address(offer_id)}/calendar"
    async with await gateway.upstreams.send("requests", "GET", at, on_behalf(None), repeatable=True) as answer:
        file = await whole(answer)
        told = {"Content-Disposition": answer.headers.get("Content-Disposition", "attachment")}
        return Response(file, answer.status, told, answer.headers.get("Content-Type"))


async def _page(reader: Reader, offer_id: str, *, status: int = 200, done: str = "", wrong: str = "") -> Response:
    meeting = await reader.ask(_address(offer_id))
    own, guests, today = None, None, _today(reader).isoformat()
    if reader.caller:
        with suppress(Refused):
            own = await reader.ask(f"{_address(offer_id)}/sign-up")
        with suppress(Refused):  # only its organiser and the node's team see who comes
            guests = await reader.ask(f"{_address(offer_id)}/guests")
    return reader.page(
        "meeting.html",
        status=status,
        meeting=meeting,
        own=own,
        comes=own is not None and own["standing"] in COUNTS,
        guests=guests,
        is_to_come=not meeting["is_called_off"] and _last_day(meeting, today) >= today,
        when=_when(meeting, reader.language),
        done=done,
        wrong=wrong,
    )


async def _own(reader: Reader) -> list[dict[str, Any]]:
    """The meetings to come that the reader signed up for."""
    if reader.caller is None:
        return []
    found: list[dict[str, Any]] = (await reader.ask("/v1/meetings/mine?to_come=true"))["items"]
    return found


def _today(reader: Reader) -> date:
    now: datetime = reader.request.app.state.service.now()
    return now.astimezone(AMSTERDAM).date()


def _last_day(meeting: dict[str, Any], unknown: str) -> str:
    return meeting["ends_on"] or meeting["starts_on"] or unknown


def _when(meeting: dict[str, Any], language: Language) -> str:
    first, last = (date.fromisoformat(meeting[name]) if meeting[name] else None for name in ("starts_on", "ends_on"))
    begin, end = (time.fromisoformat(meeting[name]) if meeting[name] else None for name in ("from_time", "until_time"))
    return when_in_words(first, last, begin, end, language)


def _address(offer_id: str) -> str:
    return f"/v1/meetings/{quote(offer_id, safe='')}"
