"""What somebody asks and offers: each with how it stands and what can be done with it, and all of it together."""

from datetime import date, datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.days import AMSTERDAM
from contracts.taking_down import TakenDownBecause
from contracts.vocabulary import Role
from services.gateway.pages.around import is_own, may_ask_about, seen_offer
from services.gateway.pages.matches import wrong_with_note
from services.gateway.pages.parts import part
from services.gateway.pages.placing import ID_OF_SIDE, WORDS_OF_SIDE, SideOf
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]
Cursor = Annotated[str, Query(max_length=128)]

#: What its member can do with it, by how it stands.
STEPS = {
    "draft": ("open",),
    "open": ("fulfil", "withdraw"),
    "in-conversation": ("fulfil", "reopen", "withdraw"),
    "fulfilled": ("reopen",),
    "withdrawn": ("reopen",),
    "expired": ("fulfil", "reopen", "withdraw"),
}

#: How it stands after each step.
AFTER = {"open": "open", "fulfil": "fulfilled", "withdraw": "withdrawn", "reopen": "open", "take-down": "withdrawn"}

#: So many of its matches are on the page of what somebody asks or offers, the newest; the rest is on that of matches.
MATCHES_MAX = 10

#: Nobody takes up a meeting as a whole; that it is withdrawn is what those who come are told.
STEPS_OF_MEETING = STEPS | {
    "open": ("withdraw",),
    "in-conversation": ("reopen", "withdraw"),
    "fulfilled": ("reopen", "withdraw"),
    "expired": ("reopen", "withdraw"),
}


@router.get("/requests")
@router.get("/offers")
async def show_own(side: SideOf, reader: SignedInReader, cursor: Cursor = "") -> Response:
    """What the reader asks, or offers, the newest first."""
    found = await reader.ask(f"/v1/{side}?" + urlencode({"mine": "true"} | ({"cursor": cursor} if cursor else {})))
    items = [one | {"path": f"/{side}/{quote(one[ID_OF_SIDE[side]], safe='')}"} for one in found["items"]]
    return reader.page(
        "own.html", side=side, its=WORDS_OF_SIDE[side], items=items, older=found["next_cursor"], cursor=cursor
    )


@router.get("/requests/{proposition_id}")
@router.get("/offers/{proposition_id}")
async def show_one(side: SideOf, proposition_id: Id, reader: SignedInReader, done: str = "") -> Response:
    """A request for its own member, and for those who bring people together; an offer for everybody."""
    return await _page(reader, side, proposition_id, done=done)


@router.post("/requests/{proposition_id}")
@router.post("/offers/{proposition_id}")
async def take_step(side: SideOf, proposition_id: Id, reader: SignedInReader) -> Response:
    """Its member does something with it, who brings people together asks the whole country, or the team takes it down;
    or they read why not.
    """
    filled_in = await reader.form()
    step, there = filled_in.get("step", "escalate"), f"/{side}/{quote(proposition_id, safe='')}"
    if step not in {"escalate", "stand-on", "take-down", *(one for steps in STEPS.values() for one in steps)}:
        return await _page(reader, side, proposition_id, status=422, wrong="error.422")
    version = f'"{filled_in.get("version", "")}"'
    try:
        if step == "escalate":
            await reader.ask("/v1/escalations", method="POST", body={"request_id": proposition_id})
        elif step == "stand-on":  # no day of their own: until the end of its period, or as long as any other
            await reader.ask(f"/v1{there}", method="PATCH", body={"expires_on": None}, if_match=version)
        else:
            why = {"because": filled_in.get("because"), "note": filled_in.get("note") or None}
            body = why if step == "take-down" else None
            await reader.ask(f"/v1{there}/{step}", method="POST", body=body, if_match=version)
    except Refused as refused:
        if refused.status not in (403, 404, 409, 412, 422):
            raise
        if step == "take-down":
            wrong = wrong_with_note(refused)
            wrong = "wrong.taken-down-because" if wrong == "error.invalid-fields" else wrong
        else:
            over = refused.status == 422  # nothing but its days can be wrong
            wrong = f"{WORDS_OF_SIDE[side]}.day-over" if over else f"error.{refused.slug}"
        if refused.status != 412 or not _is_taken(reader, step, await reader.ask(f"/v1{there}")):
            kept = filled_in if step == "take-down" else {}
            return await _page(reader, side, proposition_id, status=refused.status, wrong=wrong, kept=kept)
    return reader.go_to(f"{there}?done={step}")


def _is_taken(reader: Reader, step: str, one: dict[str, Any]) -> bool:
    """Whether a step was taken already: its button was pressed twice."""
    if step == "stand-on":
        return bool(one["status"] == "open" and not one["expires_soon"])
    return bool(one["status"] == AFTER.get(step))


def _is_over(reader: Reader, one: dict[str, Any]) -> bool:
    """Whether its last day is over, so that it can only be opened again with another one."""
    last = _last_day(one)
    return last is not None and last < _now(reader).astimezone(AMSTERDAM).date()


def _is_by_period(one: dict[str, Any]) -> bool:
    """Whether it expires because its period is over, so that it stands on only with another last day."""
    last, ends = _last_day(one), datetime.fromisoformat(one["expires_at"]) - timedelta(seconds=1)
    return last is not None and last <= ends.astimezone(AMSTERDAM).date()


def _last_day(one: dict[str, Any]) -> date | None:
    last = one["ends_on"] or (one["starts_on"] if one["kind"] == "meeting" else None)
    return date.fromisoformat(last) if last else None


def _now(reader: Reader) -> datetime:
    now: datetime = reader.request.app.state.service.now()
    return now


async def _told_when_off(reader: Reader, one: dict[str, Any]) -> int:
    """How many are told that a meeting does not take place, when it is withdrawn: nobody of one that has been."""
    if one["status"] == "withdrawn" or _is_over(reader, one):
        return 0
    try:
        guests = await reader.ask(f"/v1/meetings/{quote(one['offer_id'], safe='')}/guests")
    except Refused:  # it was not heard of yet, so that nobody can have signed up
        return 0
    return int(guests["places_taken"] + guests["waiting"])


async def _member(reader: Reader, one: dict[str, Any]) -> dict[str, Any] | None:
    """Whose it is, for the team: by their name, as far as that can be told now."""
    if not one["member_id"]:
        return None
    found: dict[str, Any] | None = await part(reader, f"/v1/members/{quote(one['member_id'], safe='')}")
    return found or {"member_id": one["member_id"], "name": None}


async def _found(reader: Reader, side: str, one: dict[str, Any]) -> dict[str, Any] | None:
    """What was found for it, as far as its member may see it: a page of matches; none when that cannot be told now."""
    of = {ID_OF_SIDE[side]: one[ID_OF_SIDE[side]], "language": reader.language.value, "limit": str(MATCHES_MAX)}
    found: dict[str, Any] | None = await part(reader, "/v1/matches?" + urlencode(of))
    return found


async def _escalation(reader: Reader, one: dict[str, Any]) -> dict[str, Any] | None:
    """How far an answer to a request is sought, told to who asks and who looks after it; none when not, or not now."""
    found: dict[str, Any] | None = await part(reader, f"/v1/escalations/{quote(one['request_id'], safe='')}")
    return found


async def _page(
    reader: Reader,
    side: str,
    proposition_id: str,
    *,
    status: int = 200,
    done: str = "",
    wrong: str = "",
    kept: dict[str, str] | None = None,
) -> Response:
    one = await reader.ask(f"/v1/{side}/{quote(proposition_id, safe='')}")
    mine, is_meeting = is_own(reader, one), side == "offers" and one["kind"] == "meeting"
    possible = (STEPS_OF_MEETING if is_meeting else STEPS).get(one["status"], ())
    steps = possible if mine else ()
    explains, its = "", WORDS_OF_SIDE[side]
    taken_down = one.get("taken_down")
    if "reopen" in steps and taken_down and not taken_down["is_changed"]:
        steps, explains = (), "taken-down.change-it"
    elif "reopen" in steps and _is_over(reader, one):
        steps = tuple(step for step in steps if step != "reopen")
        explains = "meeting.day-over" if is_meeting else f"{its}.day-over"
    elif mine and one["expires_soon"]:
        explains = f"{its}.near-by-period" if _is_by_period(one) else f"{its}.near"
        steps = steps if _is_by_period(one) else ("stand-on", *steps)
    brings_together = reader.has(Role.AMBASSADOR, Role.NODE_TEAM)
    in_country = side == "requests" and one["status"] == "open" and reader.gateway.settings.is_region
    may_look_after = side == "requests" and brings_together and not mine
    escalation = await _escalation(reader, one) if may_look_after or (mine and in_country) else None
    return reader.page(
        "request.html",
        status=status,
        side=side,
        its=its,
        request=one,
        is_own=mine,
        steps=steps,
        withdraw="meeting.step.withdraw" if is_meeting and not _is_over(reader, one) else f"{its}.step.withdraw",
        explains=explains,
        looks_after=may_look_after and escalation is not None,
        escalation=escalation if in_country else None,
        found=await _found(reader, side, one) if mine else None,
        unanswered_after_days=reader.gateway.settings.unanswered_after_days,
        may_ask_about=side == "offers" and may_ask_about(reader, one),
        about=await seen_offer(reader, one.get("about_offer_id")),
        member=await _member(reader, one) if reader.has(Role.NODE_TEAM) else None,
        may_take_down=reader.has(Role.NODE_TEAM) and not mine and "withdraw" in possible,
        reasons=tuple(TakenDownBecause),
        kept=kept or {},
        told=await _told_when_off(reader, one) if mine and is_meeting else 0,
        done=done,
        wrong=wrong,
    )
