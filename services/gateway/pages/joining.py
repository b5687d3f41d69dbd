"""The page to join by: who you are, and where you work or learn. The link that is mailed then makes a member of you."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from chassis.problems import Problem
from contracts.vocabulary import OrganisationKind
from contracts.words import organisation_kind_in_words
from services.gateway import rules
from services.gateway.pages.forms import Form, place_in, places_like
from services.gateway.pages.reading import AnyReader, Reader, Refused
from services.gateway.pages.signing_in import NEXT_SECONDS, Next, remember

router = APIRouter(include_in_schema=False)

#: Who is not in the list registers their organisation along with themselves.
NEW = "new"
SHOWN_MAX = 8

#: Where on the page what members calls wrong is told.
FIELDS = {
    "organisation.kind": "kind",
    "organisation.name": "organisation",
    "organisation.place": "place",
    "organisation.brin": "number",
    "organisation.kvk": "number",
    "organisation_id": "organisation",
}

Typed = Annotated[str, Query(max_length=100)]


@router.get("/join")
async def show_join(reader: AnyReader, wanted: Next = "") -> Response:
    """The form; who is a member already has no need of it."""
    path = rules.local_path(wanted) or ""
    if reader.caller:
        return reader.go_to(path or "/")
    return await _page(reader, Form({"next": [path]} if path else {}))


@router.post("/join")
async def join(reader: AnyReader) -> Response:
    """Asks to join, looks organisations up for who has no script, or tells what is missing."""
    form = await reader.filled_in(of_session=False)
    if step_of(form, "join") == "find":
        return await _page(reader, form)
    draft = _draft(reader, form)
    if not form.wrong:
        await reader.gateway.limits.count("join", reader.gateway.callers.address(reader.request))
        try:
            await reader.ask("/v1/members", method="POST", body=draft)
        except Refused as refused:
            if refused.slug == "organisation-exists":
                choose_what_is_there(reader, form, refused)
            elif refused.status == 422:
                form.learn(refused.told, reader.language, FIELDS)
            else:
                raise
    if form.wrong:
        return await _page(reader, form, status=422)
    mailed = reader.page("joined.html", email=form.value("email"), sent=form.values)
    remember(reader, mailed, rules.local_path(form.value("next")) or "/?done=joined", NEXT_SECONDS)
    return mailed


@router.get("/join/organisations")
async def find_organisations(
    reader: AnyReader, organisation: Typed = "", purpose: Annotated[str, Query(alias="for", max_length=100)] = ""
) -> Response:
    """The part of the form with what is found, while somebody types; for who invites only what is known already."""
    found = await _found(reader, organisation) | ({"new": None} if purpose == "invite" else {})
    return reader.page("organisations.html", form=Form(), **found)


@router.get("/join/places")
async def find_places(reader: AnyReader, place: Typed = "") -> Response:
    """Places to choose from, while somebody types."""
    return reader.page("places.html", places=places_like(place, reader.language))


def step_of(form: Form, last: str) -> str:
    """The button that was pressed. Enter presses the last one of the form, but where the organisation that was typed
    was not looked up or chosen yet, the one that looks it up: then nothing is wrong yet.
    """
    step, typed, chosen = (form.value(name) for name in ("step", "organisation", "organisation_id"))
    if step != "enter":
        return step
    is_chosen = chosen and (chosen != NEW or form.given("kind", "place", "number"))  # new is chosen where none is found
    return "find" if typed and (typed != form.value("sought") or not is_chosen) else last


def choose_what_is_there(reader: Reader, form: Form, refused: Refused) -> None:
    """Somebody registered the organisation before: it is chosen, and said so."""
    form.values["organisation_id"] = [str(refused.told["organisation_id"])]
    form.asks("organisation", "wrong.organisation-exists", reader.language)


async def _page(reader: Reader, form: Form, *, status: int = 200) -> Response:
    return reader.page("join.html", status=status, form=form, **await where(reader, form))


async def where(reader: Reader, form: Form) -> dict[str, Any]:
    """What the part of a form needs that asks where somebody works or learns."""
    found = await _found(reader, form.value("organisation"), form.value("organisation_id"))
    return found | {"kinds_in_words": _kinds(reader)}


async def _found(reader: Reader, typed: str, chosen: str = "") -> dict[str, Any]:
    """The first organisations with this in their name, and the one that was chosen; none when members is away."""
    has_more = False
    try:
        asked = "/v1/organisations?" + urlencode({"q": typed[:100], "limit": SHOWN_MAX})
        answer = await reader.ask(asked) if typed else {"items": []}
        found, has_more = answer["items"], bool(answer.get("next_cursor"))
        if chosen not in ("", NEW, *(one["organisation_id"] for one in found)):
            found = [await reader.ask(f"/v1/organisations/{quote(chosen, safe='')}"), *found]
    except Problem:
        found = []
    return {"found": found, "has_more": has_more, "typed": typed, "new": NEW}


def _draft(reader: Reader, form: Form) -> dict[str, Any]:
    """What members is asked; what is missing is told in the form."""
    for name in ("name", "email"):
        if not form.value(name):
            form.asks(name, f"wrong.{name}", reader.language)
    draft = form.given("email") | person_of(reader, form)
    if not form.value("consent"):
        form.asks("consent", "wrong.consent", reader.language)
    return draft


def person_of(reader: Reader, form: Form) -> dict[str, Any]:
    """Who takes part, and where they belong; that is missing is told in the form."""
    language, chosen = reader.language, form.value("organisation_id")
    draft: dict[str, Any] = form.given("name", "phone", "role") | {"consent": True, "language": language}
    if chosen == NEW and form.value("organisation"):  # its fields are seen when it has a name
        return draft | {"organisation": new_organisation(reader, form)}
    if chosen in ("", NEW):
        form.asks("organisation", "wrong.organisation", language)
    return draft | {"organisation_id": chosen}


def new_organisation(reader: Reader, form: Form) -> dict[str, Any]:
    """An organisation that is not known yet; what is missing is told in the form."""
    language, kind, number = reader.language, form.value("kind"), form.value("number")
    if kind not in set(OrganisationKind):
        form.asks("kind", "wrong.kind-of-organisation", language)
    numbered = {OrganisationKind.SCHOOL: "brin", OrganisationKind.COMPANY: "kvk"}.get(kind)  # type: ignore[call-overload]
    if numbered and not number:
        form.asks("number", f"wrong.organisation.{numbered}", language)
    organisation = {"kind": kind, "name": form.value("organisation"), "place": place_in(form, "place", language)}
    return organisation | ({numbered: number} if numbered else {})


def _kinds(reader: Reader) -> list[tuple[str, str]]:
    return [(kind.value, organisation_kind_in_words(kind, reader.language)) for kind in OrganisationKind]
