"""The desk of who brings people together: what waits for them, what is new near them, and what they come back to.

A part that cannot be told now, because its service is away, does not take the others along.
"""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway.pages.matches import REASONS, STEPS, done_with, done_with_hand_over, wrong_at, wrong_with
from services.gateway.pages.parts import ABSENT, AMBASSADORS, colleagues_of, part
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]
Cursor = Annotated[str, Query(max_length=128)]

#: What a step of others is called in the notice afterwards.
ANSWERS = {"accept": True, "decline": False}

SHOWN_REFUSALS = (403, 404, 409, 412, 422)


@router.get("/desk")
async def show_desk(
    reader: SignedInReader, done: str = "", waiting_after: Cursor = "", cursor: Cursor = ""
) -> Response:
    """Everything on one page; what waits longest first, and of what is new the newest, or from where the reader was."""
    return await _page(reader, done=done, waiting_after=waiting_after, cursor=cursor)


@router.post("/desk/matches/{match_id}")
async def judge(match_id: Id, reader: SignedInReader) -> Response:
    """A match is endorsed, dismissed, handed over, or taken back from who was asked to look instead."""
    filled_in = await reader.form()
    button, one = filled_in.get("step", ""), quote(match_id, safe="")
    if button == "take-back":
        return await _do(reader, f"/v1/hand-overs/{one}", "take-back", method="DELETE")
    if button not in ("endorse", "dismiss", "hand-over"):
        return await _page(reader, status=422, wrong="error.422")
    verb, body = STEPS[button]
    told = {name: filled_in[name] for name in ("because", "note", "member_id") if filled_in.get(name, "").strip()}
    done = done_with_hand_over(reader, told) if button == "hand-over" else button
    if_match = f'"{filled_in.get("version", "")}"'
    kept = told | {"match_id": match_id, "step": button}
    return await _do(reader, f"/v1/matches/{one}/{verb}", done, body=body | told, if_match=if_match, kept=kept)


@router.post("/desk/hand-overs/{match_id}")
async def answer_hand_over(match_id: Id, reader: SignedInReader) -> Response:
    """Who was asked to look at a match instead says yes, and goes on to it; or no."""
    button = (await reader.form()).get("step", "")
    if button not in ANSWERS:
        return await _page(reader, status=422, wrong="error.422")
    one = quote(match_id, safe="")
    then, body = f"/matches/{one}" if ANSWERS[button] else "/desk", {"accepted": ANSWERS[button]}
    return await _do(reader, f"/v1/hand-overs/{one}/answer", f"hand-over-{button}", body=body, then=then)


@router.post("/desk/absent")
async def keep_absence(reader: SignedInReader) -> Response:
    """An ambassador is not there until a day, or there again."""
    filled_in = await reader.form()
    is_back = filled_in.get("step") == "back"
    until = None if is_back else filled_in.get("until", "").strip()
    if until == "":
        return await _page(reader, status=422, wrong="wrong.until", kept={"until": ""})
    try:
        await reader.ask("/v1/desk/absent", method="PUT", body={"until": until})
    except Refused as refused:
        if refused.status not in SHOWN_REFUSALS:
            raise
        wrong = "wrong.until" if refused.status == 422 else f"error.{refused.slug}"
        return await _page(reader, status=refused.status, wrong=wrong, kept={"until": until or ""})
    return reader.go_to("/desk?done=absent-no-more" if is_back else "/desk?done=absent")


@router.post("/desk/follow-ups")
async def note_follow_up(reader: SignedInReader) -> Response:
    """A note to oneself about a request or a match."""
    filled_in = await reader.form()
    told = {name: filled_in.get(name, "").strip() for name in ("matter", "matter_id", "note", "due_on")}
    return await _do(reader, "/v1/follow-ups", "follow-up", body=told, once=filled_in["form"], kept=told)


@router.post("/desk/follow-ups/{follow_up_id}")
async def change_follow_up(follow_up_id: Id, reader: SignedInReader) -> Response:
    """It is done, or moved to another day."""
    filled_in = await reader.form()
    address = f"/v1/follow-ups/{quote(follow_up_id, safe='')}"
    if filled_in.get("step") == "done":
        return await _do(reader, address, "follow-up-done", method="DELETE")
    told = {name: filled_in.get(name, "").strip() for name in ("note", "due_on")}
    return await _do(reader, address, "follow-up", method="PUT", body=told, kept=told | {"follow_up_id": follow_up_id})


async def _do(
    reader: Reader,
    address: str,
    done: str,
    *,
    method: str = "POST",
    body: dict[str, Any] | None = None,
    if_match: str | None = None,
    once: str | None = None,
    kept: dict[str, str] | None = None,
    then: str = "/desk",
) -> Response:
    try:
        told = await reader.ask(address, method=method, body=body, if_match=if_match, once=once)
    except Refused as refused:
        if refused.status not in SHOWN_REFUSALS:
            raise
        step = (kept or {}).get("step")
        wrong = wrong_with_follow_up(refused) if kept and not step else wrong_with(step, refused)
        return await _page(reader, status=refused.status, wrong=wrong, kept=kept)
    return reader.go_to(f"{then}?done={done_with(done, told)}")


def wrong_with_follow_up(refused: Refused) -> str:
    """The key of what is wrong with a note to oneself."""
    return wrong_at(refused, {"due_on": "wrong.due_on", "note": "wrong.follow-up-note"})


async def _page(
    reader: Reader,
    *,
    status: int = 200,
    done: str = "",
    wrong: str = "",
    waiting_after: str = "",
    cursor: str = "",
    kept: dict[str, str] | None = None,
) -> Response:
    reader.must_have(Role.AMBASSADOR, Role.NODE_TEAM)
    language = f"language={reader.language}"
    paths = {
        "waiting": f"/v1/desk/waiting?asked_instead=false&{_ten(waiting_after)}&{language}",
        "asked": f"/v1/desk/waiting?asked_instead=true&limit=100&{language}",
        "hand_overs": f"/v1/hand-overs?{language}",
        "new": f"/v1/desk/new?{_ten(cursor)}",
        "follow_ups": "/v1/follow-ups",
        "deeds": "/v1/members/me/deeds?limit=10",
        "ambassadors": AMBASSADORS,
        "absent": ABSENT,
    }
    found = await asyncio.gather(*(part(reader, path) for path in paths.values()))
    told = dict(zip(paths, found, strict=True))
    others = colleagues_of(reader, told.pop("ambassadors"), told["absent"])
    own = reader.caller.identity.references if reader.caller else ()
    until = next((one["until"] for one in told["absent"] or () if one["member_id"] in own), None)
    return reader.page(
        "desk.html", at="/desk", status=status, reasons=REASONS, colleagues=others, done=done,
        wrong=wrong, waiting_after=waiting_after, cursor=cursor, kept=kept or {},
        until=until, **told,
    )  # fmt: skip


def _ten(cursor: str) -> str:
    return urlencode({"limit": 10} | ({"cursor": cursor} if cursor else {}))
