"""What others offer around here: a page to look through it, and how a request becomes one about an offer."""

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from contracts.vocabulary import Kind, Status
from contracts.words import kinds_in_words, themes_in_words
from services.gateway.pages.forms import Form
from services.gateway.pages.reading import Reader, Refused, SignedInReader
from services.gateway.pages.words import say

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Query(max_length=128)]

#: The longest title that the page to ask by takes.
TITLE_MAX = 150


@router.get("/offers/all")
async def show_all(reader: SignedInReader, kind: Text = "", theme: Text = "", cursor: Text = "") -> Response:
    """All that is open, the newest first, narrowed as the reader wants it."""
    form = Form({name: [value] for name, value in {"kind": kind, "theme": theme}.items() if value})
    chosen, status = form.given("kind", "theme"), 200
    asked = {"status": Status.OPEN.value} | chosen | ({"cursor": cursor} if cursor else {})
    try:
        found = await reader.ask("/v1/offers?" + urlencode(asked))
    except Refused as refused:
        if refused.status != 422:
            raise
        form.learn(refused.told, reader.language)
        found, status = {"items": [], "next_cursor": None}, 422
    return reader.page(
        "around.html",
        status=status,
        form=form,
        kinds=kinds_in_words(reader.language),
        themes=themes_in_words(reader.language),
        items=[one | {"is_own": is_own(reader, one)} for one in found["items"]],
        here="/offers/all" + (f"?{urlencode(chosen)}" if chosen else ""),
        is_narrowed=bool(chosen),
        older=found["next_cursor"],
        cursor=cursor,
    )


def is_own(reader: Reader, one: dict[str, Any]) -> bool:
    """Whether the reader asks or offers it."""
    return reader.caller is not None and one["member_id"] in reader.caller.identity.references


def may_ask_about(reader: Reader, offer: dict[str, Any]) -> bool:
    """Whether a request of the reader can be about an offer that is open: not their own, nor a colleague's."""
    return offer["status"] == Status.OPEN and not is_ours(reader, offer)


def is_ours(reader: Reader, offer: dict[str, Any]) -> bool:
    """Whether it is the reader's own, or of the only organisation that they can ask for."""
    own = reader.caller.identity.organisation_ids if reader.caller else ()
    return is_own(reader, offer) or set(own) == {offer["organisation_id"]}


async def seen_offer(reader: Reader, offer_id: str | None) -> dict[str, Any] | None:
    """An offer that a request is about, where the reader can see it now."""
    if offer_id:
        with suppress(Refused):
            found: dict[str, Any] = await reader.ask(f"/v1/offers/{quote(offer_id, safe='')}")
            return found
    return None


async def seen_tip(reader: Reader, offer_id: str) -> dict[str, Any] | None:
    """A tip that everybody can read, of the nation too, as an offer that a request is about."""
    with suppress(Refused):
        found: dict[str, Any] = await reader.ask(f"/v1/tips/{quote(offer_id, safe='')}")
        return found | {"kind": Kind.TIP.value}
    return None


def fill_in(reader: Reader, form: Form, offer: dict[str, Any] | None) -> None:
    """What a request about an offer begins with, where who asks filled in nothing else; of none, nothing any more."""
    filled: dict[str, list[str]] = {"kind": [], "themes": [], "title": []}
    if offer:
        title = say("ask.about-title", reader.language, title=offer["title"])[:TITLE_MAX]
        filled = {"kind": [offer["kind"]], "themes": list(offer["themes"]), "title": [title]}
    for name, values in filled.items():
        kept = f"filled_{name}"  # so that another offer takes its place, and what they wrote themselves stays
        if form.value(name) and " ".join(form.all(name)) != form.value(kept):
            continue
        for one in (name, kept):
            form.values.pop(one, None)
        if values:
            form.values[name], form.values[kept] = values, [" ".join(values)]
