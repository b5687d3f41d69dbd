"""The page of a member whom somebody asks to help with a request: yes with an offer of theirs, or no."""

from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Path
from starlette.responses import Response

from services.gateway.pages.parts import colleagues
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

AskId = Annotated[str, Path(max_length=128)]

#: So many of the reader's own offers can be chosen from; that there are more is said.
OFFERS_MAX = 100


@router.get("/asks/{ask_id}")
async def show_ask(ask_id: AskId, reader: SignedInReader, done: str = "") -> Response:
    """The request, and what whoever looks after it wrote with it."""
    return await _page(reader, ask_id, done=done)


@router.post("/asks/{ask_id}")
async def answer_ask(ask_id: AskId, reader: SignedInReader) -> Response:
    """Yes with one of their offers, or no."""
    filled_in = await reader.form()
    button = filled_in.get("step", "")
    if button not in ("yes", "no"):
        return await _page(reader, ask_id, status=422, wrong="error.422")
    offer_id = (button == "yes" and filled_in.get("offer_id")) or None
    try:
        await help_with(reader, ask_id, {"accepted": button == "yes", "offer_id": offer_id})
    except Refused as refused:
        if refused.status not in (404, 409, 422):
            raise
        return await _page(reader, ask_id, status=refused.status, wrong=f"error.{refused.slug}")
    return reader.go_to(f"/asks/{quote(ask_id, safe='')}?done=help-{button}")


async def help_with(reader: Reader, ask_id: str, answer: dict[str, object]) -> None:
    """Tells matching what a member answers; raises `Refused`."""
    await reader.ask(f"/v1/asks/{quote(ask_id, safe='')}/answer", method="POST", body=answer)


async def _page(reader: Reader, ask_id: str, *, status: int = 200, done: str = "", wrong: str = "") -> Response:
    asked = await reader.ask(f"/v1/asks/{quote(ask_id, safe='')}")
    mine = await reader.ask(f"/v1/offers?mine=true&status=open&limit={OFFERS_MAX}")
    return reader.page(
        "ask.html",
        status=status,
        asked=asked,
        request=asked["request"],
        offers=mine["items"],
        more=mine["next_cursor"] is not None,
        by=(await colleagues(reader)).get(asked["asked_by"]),
        may_answer=asked["request"]["is_open"] and asked["accepted"] is not False and not asked["offer_id"],
        done=done,
        wrong=wrong,
    )
