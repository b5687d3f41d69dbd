"""What the node keeps about the reader, also as a file; where they are signed in; to stop, and to be forgotten."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from pydantic_core import to_json
from starlette.responses import Response

from chassis import Now
from services.gateway import my_data, signing_in
from services.gateway.pages.kept_words import facts_of
from services.gateway.pages.reading import AnyReader, Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]

#: More than this is read in the file.
LINES_MAX = 10


@router.get("/my-data")
async def show_my_data(reader: SignedInReader, now: Now) -> Response:
    """All of it, by what it is."""
    assert reader.caller is not None
    found = await my_data.kept(reader.gateway, reader.caller, now)
    things = [
        (name, [facts_of(one, name, reader.language) for one in rows[:LINES_MAX]], len(rows))
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
    """The reader is forgotten, when they said that they know what that means; or reads why that cannot be."""
    filled_in = await reader.form()
    if not filled_in.get("sure"):
        return reader.page("erase.html", status=422, wrong="wrong.sure")
    try:
        asked = await reader.ask("/v1/members/me", method="DELETE")
    except Refused as refused:
        if refused.status != 409:
            raise
        return reader.page("erase.html", status=409, wrong=f"error.{refused.slug}")
    answer = reader.go_to(f"/erased/{quote(asked['erasure_id'], safe='')}")
    reader.gateway.sessions.take(answer)
    return answer


@router.post("/my-data/erase/leave")
async def leave(reader: AnyReader) -> Response:
    """The reader stops taking part, and is not forgotten at once; or reads why that cannot be.

    Who presses twice has left when the second press comes: known for a moment as who they were, or as nobody.
    """
    await reader.form()
    if reader.caller is None:
        return reader.go_to("/?done=left-before")
    try:
        await reader.ask("/v1/members/me/leave", method="POST")
    except Refused as refused:
        if refused.status == 409:
            return reader.page("erase.html", at="/my-data/erase", status=409, wrong=f"error.{refused.slug}")
        if refused.slug != "member-not-found":
            raise
    answer = reader.go_to("/?done=left")
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
