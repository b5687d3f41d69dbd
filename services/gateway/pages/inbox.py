"""The inbox: what somebody was told, the newest first."""

from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.gateway import rules
from services.gateway.pages.reading import Reader, SignedInReader

router = APIRouter(include_in_schema=False)


@router.get("/inbox")
async def show_inbox(reader: SignedInReader, cursor: Annotated[str, Query(max_length=128)] = "") -> Response:
    """One page of it."""
    found = await reader.ask("/v1/inbox?" + urlencode({"cursor": cursor} if cursor else {}))
    items = [item | {"path": _path(reader, item["url"]), "is_new": _is_new(item)} for item in found["items"]]
    return reader.page("inbox.html", items=items, older=found["next_cursor"], cursor=cursor)


@router.post("/inbox/read")
async def mark_all_read(reader: SignedInReader) -> Response:
    """The reader has read what is on the page, and what is older."""
    form = await reader.form()
    await reader.ask("/v1/inbox/read", method="POST", body={"item_id": form.get("newest", "")})
    return reader.go_to(_back(form))


@router.post("/inbox/{item_id}/read")
async def mark_read(item_id: Annotated[str, Path(max_length=128)], reader: SignedInReader) -> Response:
    """The reader has read an item, and goes on to what it is about when they opened it; else they stay at it."""
    form, item = await reader.form(), quote(item_id, safe="")
    await reader.ask(f"/v1/inbox/{item}/read", method="POST")
    return reader.go_to(rules.local_path(form.get("to")) or f"{_back(form)}#item-{item}")


def _is_new(item: Mapping[str, Any]) -> bool:
    """Whether the reader may still have to look at it; what was answered by way of a mail was looked at there."""
    return not (item["read_at"] or item.get("is_over"))  # which the release before does not say


def _back(form: Mapping[str, str]) -> str:
    """The page of the inbox that somebody was on."""
    cursor = form.get("cursor")
    return f"/inbox?{urlencode({'cursor': cursor})}" if cursor else "/inbox"


def _path(reader: Reader, url: Any) -> str | None:
    """Where an item leads, on whatever address the reader uses; what is not ours is not followed."""
    ours = reader.gateway.settings.public_url + "/"
    return str(url)[len(ours) - 1 :] if url and str(url).startswith(ours) else None
