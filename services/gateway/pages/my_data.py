"""What the node keeps about the reader, on a page and as a file; where they are signed in; and to be forgotten."""

from datetime import date, datetime
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Path
from pydantic_core import to_json
from starlette.responses import Response

from chassis import Now
from contracts.vocabulary import Language
from services.gateway import my_data, signing_in
from services.gateway.pages import words
from services.gateway.pages.reading import AnyReader, Reader, SignedInReader

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]

#: What of each thing is read on the page; the file has all of it.
SHOWN = {
    "person": ("name", "email", "phone", "language", "joined_at"),
    "affiliations": ("organisation", "role", "since"),
    "appointments": ("appointed_at", "provinces", "themes"),
    "consents": ("terms_version", "given_at"),
    "sign-in-links": ("created_at", "used_at"),
    "said-by-networks": ("network", "field", "value", "said_at"),
    "compared": ("agrees", "status", "found_at"),
    "deeds-done": ("deed", "title", "done_at"),
    "deeds-about-you": ("deed", "role", "title", "done_at"),
    "invited": ("name", "email", "created_at"),
    "given-to-other-nodes": ("node", "sealed_at"),
    "requests-and-offers": ("title", "status", "created_at"),
    "listings": ("title", "status"),
    "sign-ups": ("title", "standing", "name", "asked_at"),
    "introductions": ("title", "introduced_at"),
    "initiatives": ("title", "status", "started_at", "ended_at"),
    "initiative-notes": ("happened_on", "text"),
    "introductions-looked-after": ("introduced_at",),
    "read-for-matching": ("title", "status"),
    "matches": ("state", "my_answer", "waiting_since"),
    "looked-at": ("match_id", "state"),
    "notes": ("note",),
    "asked-to-help": ("title", "note", "asked_at"),
    "help-you-asked": ("title", "note", "asked_at"),
    "hand-overs": ("match_id", "note", "asked_at"),
    "follow-ups": ("note", "due_on"),
    "desk": ("provinces", "themes"),
    "contact": ("name", "email", "phone", "organisation_name"),
    "preferences": ("rhythms", "quiet_from", "quiet_until", "weekends"),
    "push-devices": ("push_service", "added_at"),
    "mails": ("template", "status", "created_at"),
    "told": ("template", "created_at"),
    "records": ("partner_id", "thing", "own_id"),
    "receipts": ("partner_id", "event_type", "received_at"),
    "contact-of": ("partner_id",),
    "sessions": ("device", "started_at", "seen_at"),
}

#: More than this is read in the file.
LINES_MAX = 10


@router.get("/my-data")
async def show_my_data(reader: SignedInReader, now: Now) -> Response:
    """All of it, by what it is."""
    assert reader.caller is not None
    found = await my_data.kept(reader.gateway, reader.caller, now)
    things = [
        (name, [_line(one, name, reader.language) for one in rows[:LINES_MAX]], len(rows))
        for of_service in found["kept"].values()
        for name, rows in of_service.items()
        if rows
    ]
    return reader.page("my_data.html", things=things)


@router.get("/my-data/file")
async def take_my_data(reader: SignedInReader, now: Now) -> Response:
    """The same as a file."""
    assert reader.caller is not None
    found = await my_data.kept(reader.gateway, reader.caller, now)
    told = {"Content-Disposition": 'attachment; filename="om-de-hoek.json"'}
    return Response(to_json(found, indent=2), headers=told, media_type="application/json")


@router.get("/my-data/erase")
async def show_erase(reader: SignedInReader) -> Response:
    """What happens then, and the button."""
    return reader.page("erase.html", wrong="")


@router.post("/my-data/erase")
async def erase(reader: SignedInReader) -> Response:
    """The reader is forgotten, when they said that they know what that means."""
    filled_in = await reader.form()
    if not filled_in.get("sure"):
        return reader.page("erase.html", status=422, wrong="wrong.sure")
    asked = await reader.ask("/v1/members/me", method="DELETE")
    answer = reader.go_to(f"/erased/{quote(asked['erasure_id'], safe='')}")
    reader.gateway.sessions.take(answer)
    return answer


@router.get("/erased/{erasure_id}")
async def show_erased(erasure_id: Id, reader: AnyReader) -> Response:
    """What was removed; for whoever has the address, since who was erased cannot sign in."""
    report = await reader.ask(f"/v1/erasures/{quote(erasure_id, safe='')}")
    removed = sum(n for part in report["parts"] for n in part["removed"].values())
    return reader.page("erased.html", report=report, removed=removed)


@router.get("/sessions")
async def show_sessions(reader: SignedInReader, now: Now, done: str = "") -> Response:
    """Where the reader is signed in."""
    assert reader.caller is not None
    found = await signing_in.sessions_of(reader.gateway, reader.caller, now)
    shown = [one | {name: one[name].isoformat() for name in ("started_at", "seen_at")} for one in found]
    return reader.page("sessions.html", sessions=shown, done=done)


@router.post("/sessions")
async def end_sessions(reader: SignedInReader, now: Now) -> Response:
    """The reader signs out somewhere, or everywhere."""
    assert reader.caller is not None
    filled_in, gateway = await reader.form(), reader.gateway
    if filled_in.get("step") == "all":
        for reference in reader.caller.identity.references:
            await gateway.sessions.end_all(reference)
        return _signed_out(reader)
    if await signing_in.end_session(gateway, reader.caller, filled_in.get("step", ""), now):
        return _signed_out(reader)
    return reader.go_to("/sessions?done=session-ended")


def _signed_out(reader: Reader) -> Response:
    answer = reader.go_to("/")
    reader.gateway.sessions.take(answer)
    return answer


def _line(row: dict[str, Any], name: str, language: Language) -> str:
    """One thing in one line; what is empty is left out."""
    told = (_in_words(row.get(field), language) for field in SHOWN.get(name, tuple(row)))
    return ", ".join(filter(None, told)) or "-"


def _in_words(value: Any, language: Language) -> str:
    if isinstance(value, datetime):
        return words.moment(value.isoformat(), language)
    if isinstance(value, bool):
        return words.say("yes" if value else "no", language)
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_in_words(part, language)}" for key, part in value.items())
    if isinstance(value, list):
        return ", ".join(_in_words(part, language) for part in value)
    text = "" if value is None else str(value)
    try:
        return words.day(date.fromisoformat(text), language) if len(text) == 10 else _moment(text, language)
    except ValueError:
        return text


def _moment(text: str, language: Language) -> str:
    moment = datetime.fromisoformat(text) if text[4:5] == "-" and "T" in text else None
    return words.moment(text, language) if moment and moment.tzinfo else text
