"""A request on the desk of who looks after it: what was found, offers to choose from, and members to ask for help."""

import asyncio
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.vocabulary import Role
from services.gateway.pages.desk import SHOWN_REFUSALS, wrong_with_follow_up
from services.gateway.pages.forms import as_seen
from services.gateway.pages.matches import wrong_with_note
from services.gateway.pages.parts import colleagues, part
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]
Words = Annotated[str, Query(max_length=1000)]
Name = Annotated[str, Query(max_length=100)]

#: What a button does: where it is asked, what of the form it takes along, and what the notice afterwards is.
STEPS = {
    "match": ("/v1/matches", ("offer_id",), "matched"),
    "ask": ("/v1/asks", ("member_id", "note"), "asked"),
    "follow-up": ("/v1/follow-ups", ("note", "due_on"), "follow-up"),
}


@router.get("/desk/requests/{request_id}")
async def show_request(
    request_id: Id, reader: SignedInReader, words: Words = "", name: Name = "", done: str = ""
) -> Response:
    """The request, with offers by its own words or by others, and members by a part of their name."""
    return await _page(reader, request_id, words, name, done=done)


@router.post("/desk/requests/{request_id}")
async def take_step(request_id: Id, reader: SignedInReader, words: Words = "", name: Name = "") -> Response:
    """It is put next to an offer, shown to a member, or noted to come back to."""
    filled_in = await reader.form()
    button = filled_in.get("step", "")
    if button not in STEPS:
        return await _page(reader, request_id, words, name, status=422, wrong="error.422")
    address, fields, done = STEPS[button]
    body = {name: filled_in[name].strip() for name in fields if filled_in.get(name, "").strip()}
    about = {"matter": "request", "matter_id": request_id} if button == "follow-up" else {"request_id": request_id}
    try:
        said = await reader.ask(address, method="POST", body=body | about, once=filled_in["form"])
    except Refused as refused:
        if refused.status not in SHOWN_REFUSALS:
            raise
        wrong = wrong_with_follow_up(refused) if button == "follow-up" else wrong_with_note(refused)
        kept = body | {"step": button}
        return await _page(reader, request_id, words, name, status=refused.status, wrong=wrong, kept=kept)
    if button == "match" and said["state"] == "proposed":  # whoever looks after the offer elsewhere is still to look
        done = "endorsed-here"
    return reader.go_to(f"/desk/requests/{quote(request_id, safe='')}?done={done}")


async def _page(
    reader: Reader,
    request_id: str,
    words: str,
    name: str,
    *,
    status: int = 200,
    done: str = "",
    wrong: str = "",
    kept: dict[str, str] | None = None,
) -> Response:
    reader.must_have(Role.AMBASSADOR, Role.NODE_TEAM)
    found = await reader.ask(f"/v1/desk/requests/{quote(request_id, safe='')}")
    offers, members, asked, known = await asyncio.gather(
        _offers(reader, found, words), _members(reader, name.strip()), _asked(reader, found), colleagues(reader)
    )
    return reader.page(
        "desk_request.html", status=status, found=found, request=found["request"], offers=offers, members=members,
        names=asked | known, words=words, name=name, done=done, wrong=wrong, kept=kept or {},
        finds_members=_finds_members(reader),
    )  # fmt: skip


async def _offers(reader: Reader, found: dict[str, Any], words: str) -> list[dict[str, Any]] | None:
    """Offers of others that may answer it, without those that it was put next to; none when that cannot be told now.

    One that came to nothing without a no may be chosen again.
    """
    request = found["request"]
    asked: dict[str, Any] = {"text": as_seen(words).strip() or request["text"], "request_id": request["request_id"]}
    if not words.strip():
        place = {"name": request["place_name"], "province": request["province"]}
        asked |= {"title": request["title"], "kind": request["kind"], "place": place}
    try:
        offers = await reader.ask(f"/v1/suggestions/offers?language={reader.language}", method="POST", body=asked)
    except Refused:
        return None
    seen = {one["offer_id"] for one in found["matches"] if one["lapsed_because"] not in ("closed", "unanswered")}
    return [one for one in offers if one["offer_id"] not in seen]


def _finds_members(reader: Reader) -> bool:
    """Whether the reader finds members to ask: a scope of themes alone holds no persons."""
    scope = reader.caller.identity.scope if reader.caller else None
    return reader.has(Role.NODE_TEAM) or bool(scope and (scope.organisation_ids or scope.provinces))


async def _members(reader: Reader, name: str) -> dict[str, Any] | None:
    """The first members with a part of a name; nobody is looked for by less than two letters."""
    if len(name) < 2:
        return {"items": []}
    return await part(reader, "/v1/members?" + urlencode({"q": name, "limit": 10}))


async def _asked(reader: Reader, found: dict[str, Any]) -> dict[str, str]:
    """What they are called who were asked for help, by their references; not who left or is not the reader's to see."""
    ids = [one["member_id"] for one in found["asks"]]
    members = await asyncio.gather(*(part(reader, f"/v1/members/{quote(one, safe='')}") for one in ids))
    return {member_id: one["name"] for member_id, one in zip(ids, members, strict=True) if one and not one["has_left"]}
