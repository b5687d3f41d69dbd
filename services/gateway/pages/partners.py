"""A partner's page, for its own people and the node's team: what became of its events, and how its endpoints do."""

import asyncio
from typing import Annotated
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

PartnerId = Annotated[str, Path(max_length=128)]

#: What can be chosen to be shown.
REJECTED = "rejected"


@router.get("/partner")
async def show_partners(reader: SignedInReader) -> Response:
    """Those that the reader looks after; for the node's team every one."""
    found = await reader.ask("/v1/partners")
    return reader.page("partners.html", partners=found["items"])


@router.get("/partner/{partner_id}")
async def show_partner(
    partner_id: PartnerId,
    reader: SignedInReader,
    done: str = "",
    only: str = "",
    cursor: Annotated[str, Query(max_length=128)] = "",
) -> Response:
    """One partner."""
    return await _page(reader, partner_id, done=done, only=only, cursor=cursor)


@router.post("/partner/{partner_id}")
async def press_button(partner_id: PartnerId, reader: SignedInReader) -> Response:
    """An endpoint is enabled again, or something is sent to it once more."""
    filled_in = await reader.form()
    step, webhook_id = filled_in.get("step", ""), quote(filled_in.get("webhook_id", "-") or "-", safe="")
    endpoint = f"{_address(partner_id)}/webhooks/{webhook_id}"
    try:
        if step == "resend":
            await reader.ask(f"{endpoint}/resend", method="POST", body={"news_id": filled_in.get("news_id", "")})
        elif step == "enable":
            await reader.ask(f"{endpoint}/enable", method="POST")
        else:
            return await _page(reader, partner_id, status=422, wrong="error.422")
    except Refused as refused:
        if refused.slug not in ("endpoint-not-found", "endpoint-disabled", "news-not-found", "invalid-fields"):
            raise
        slug = "422" if refused.slug == "invalid-fields" else refused.slug
        return await _page(reader, partner_id, status=refused.status, wrong=f"error.{slug}")
    return reader.go_to(f"/partner/{quote(partner_id, safe='')}?done=partner-{step}")


async def _page(
    reader: Reader, partner_id: str, *, status: int = 200, done: str = "", wrong: str = "", **asked: str
) -> Response:
    only, cursor = asked.get("only", ""), asked.get("cursor", "")
    narrowed = {"only": only} if only == REJECTED else {}
    query = narrowed | ({"cursor": cursor} if cursor else {})
    address = _address(partner_id)
    partner, events, webhooks = await asyncio.gather(
        reader.ask(address),
        reader.ask(f"{address}/events?{urlencode(query)}"),
        reader.ask(f"{address}/webhooks"),
    )
    return reader.page(
        "partner.html",
        status=status,
        partner=partner,
        events=events["items"],
        older=events["next_cursor"],
        only_rejected=bool(narrowed),
        cursor=cursor,
        webhooks=webhooks["items"],
        done=done,
        wrong=wrong,
    )


def _address(partner_id: str) -> str:
    return f"/v1/partners/{quote(partner_id, safe='')}"
