"""The pages to ask and to offer by: in one's own words first; what it seems to be about is filled in, to be corrected.

Who asks is shown, while they write, the tips and offers that may answer them already.
"""

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from chassis.problems import Problem
from contracts.members import Place
from contracts.vocabulary import Kind, Language, Status
from contracts.words import kinds_in_words, themes_in_words
from services.gateway.pages.around import fill_in, is_ours, seen_offer, seen_tip
from services.gateway.pages.asks import help_with
from services.gateway.pages.forms import Form, place_in, places_in_words
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

#: Fewer letters tell too little to look for.
LETTERS_MIN = 12

WORDS_OF_SIDE = {"requests": "ask", "offers": "offer"}
ID_OF_SIDE = {"requests": "request_id", "offers": "offer_id"}


async def _side(request: Request) -> str:
    return request.url.path.split("/")[1]


Asked = Annotated[str, Query(max_length=128)]

#: `requests` or `offers`, as the address has it: two doors to the same pages.
SideOf = Annotated[str, Depends(_side)]


@router.get("/requests/new")
@router.get("/offers/new")
async def show_form(
    side: SideOf, reader: SignedInReader, asked: Asked = "", offer: Asked = "", kind: Asked = ""
) -> Response:
    """An empty form, with the place of one's organisation; for who comes to offer something of a kind, with that kind;
    for who was asked to help, with what that is about, and for who goes on with an offer that they read, with what
    that is.
    """
    own = await organisations_of(reader)
    places = list(places_in_words([Place.model_validate(own[0]["place"])], reader.language)) if own else []
    form = Form({"place": places} | ({"kind": [kind]} if kind else {}) | await _asked(reader, side, asked))
    if offer and side == "requests":
        form.values["about"] = [offer]
    return await _page(reader, side, form, own=own, begins=True)


@router.post("/requests/new")
@router.post("/offers/new")
async def place(side: SideOf, reader: SignedInReader) -> Response:
    """Places it; or looks along for who has no script, or tells what is missing."""
    form = await reader.filled_in()
    step, _, chosen = form.value("step").partition(":")
    if step == "about":
        form.values["about"] = [chosen]
        return await _page(reader, side, form, begins=True)
    if step == "look":
        if not _is_enough(form):
            form.asks("text", "wrong.too-little", reader.language)
        return await _page(reader, side, form, status=422 if form.wrong else 200)
    draft = draft_of(reader, form)
    if not form.wrong:
        if side == "requests" and (about := form.value("about")):
            offer = await seen_offer(reader, about)
            if offer is None or offer["organisation_id"] != draft.get("organisation_id"):  # no colleague's
                draft["about_offer_id"] = about
        try:
            placed = await reader.ask(f"/v1/{side}", method="POST", body=draft, once=form.value("form"))
        except Refused as refused:
            if refused.status != 422:
                raise
            form.learn(refused.told, reader.language)
        else:
            one = quote(placed[ID_OF_SIDE[side]], safe="")
            if (asked := form.value("asked")) and side == "offers":
                with suppress(Refused):  # it is placed; what they were asked may be over
                    await help_with(reader, asked, {"accepted": True, "offer_id": placed["offer_id"]})
                    return reader.go_to(f"/asks/{quote(asked, safe='')}?done=help-yes")
            return reader.go_to(f"/{side}/{one}?done=placed-{'about' if placed.get('about_offer_id') else side}")
    return await _page(reader, side, form, status=422)


@router.post("/requests/new/along")
@router.post("/offers/new/along")
async def look_along(side: SideOf, reader: SignedInReader) -> Response:
    """The part of the page that changes while somebody writes."""
    form = await reader.filled_in()
    return reader.page("along.html", form=form, **await _along(reader, side, form))


async def _page(
    reader: Reader,
    side: str,
    form: Form,
    *,
    status: int = 200,
    own: list[dict[str, Any]] | None = None,
    begins: bool = False,
) -> Response:
    own = await organisations_of(reader) if own is None else own
    organisations = [(one["organisation_id"], one["name"]) for one in own]
    along = await _along(reader, side, form)
    about, about_ours = await _about(reader, side, form, along["answers"])
    if begins and (about or form.value("filled_title")):
        fill_in(reader, form, about)
    along |= {
        "kinds": kinds_in_words(reader.language),
        "organisations": organisations,
        "about": about,
        "about_ours": about_ours,
    }
    return reader.page("place.html", status=status, form=form, **along)


async def _about(
    reader: Reader, side: str, form: Form, answers: list[dict[str, Any]]
) -> tuple[dict[str, Any] | None, bool]:
    """The offer that a request is to be about, where the reader can see it; the nation's stand among tips and answers.

    And whether the one that they chose is of their own organisation, so that it is about none.
    """
    offer_id = form.value("about")
    if not offer_id or side != "requests":
        return None, False
    offer = await seen_offer(reader, offer_id)
    if offer and is_ours(reader, offer):
        del form.values["about"]
        return None, True
    if offer and offer["status"] != Status.OPEN:
        return None, False
    offer = offer or next((one for one in answers if one["offer_id"] == offer_id), None)
    return offer or await seen_tip(reader, offer_id), False


async def _asked(reader: Reader, side: str, ask_id: str) -> dict[str, list[str]]:
    """What the request is about that somebody was asked to help with."""
    if not ask_id or side != "offers":
        return {}
    request = (await reader.ask(f"/v1/asks/{quote(ask_id, safe='')}"))["request"]
    return {"asked": [ask_id], "kind": [request["kind"]], "themes": request["themes"]}


async def _along(reader: Reader, side: str, form: Form) -> dict[str, Any]:
    """What the text seems to be about, and what may answer it; nothing when matching is away."""
    written = form.given("title", "text")
    enough, language = _is_enough(form), written_in(reader, form)
    answers: list[dict[str, Any]] = []
    if enough:
        with suppress(Problem):
            told = await reader.ask(f"/v1/suggestions?language={language}", method="POST", body=written)
            _suggest(form, [one["theme"] for one in told["themes"]], str(told["mbo_level"] or ""))
            if side == "requests":
                asked = written | form.given("kind") | _place(reader, form)
                asked_at = f"/v1/suggestions/offers?language={language}"
                answers = await reader.ask(asked_at, method="POST", body=asked)
    themes = themes_in_words(reader.language)
    return {"side": side, "its": WORDS_OF_SIDE[side], "themes": themes, "answers": answers, "enough": enough}


def _is_enough(form: Form) -> bool:
    return len(form.value("text")) >= LETTERS_MIN


def written_in(reader: Reader, form: Form) -> Language:
    """The language that was chosen to write in; the reader's own where none was."""
    chosen = form.value("language")
    return Language(chosen) if chosen in set(Language) else reader.language


def _suggest(form: Form, themes: list[str], level: str) -> None:
    """Chooses the themes and the level for who did not choose others than were suggested before."""
    before = form.value("suggested").split()
    if sorted(form.all("themes")) == sorted(before):
        form.values["themes"] = themes
    form.values["suggested"] = [" ".join(themes)]
    if form.value("mbo_level") == form.value("suggested_level"):
        form.values["mbo_level"] = form.values["suggested_level"] = [level]


def _place(reader: Reader, form: Form) -> dict[str, Any]:
    """The place as far as it was filled in well; while somebody writes nobody is told that it was not."""
    found = place_in(Form({"place": [form.value("place")]}), "place", reader.language)
    return {"place": found} if found else {}


def draft_of(reader: Reader, form: Form) -> dict[str, Any]:
    """What requests is asked; what is missing is told in the form."""
    for name in ("text", "themes", "title", "kind"):  # as they stand on the page
        if not form.value(name):
            form.asks(name, f"wrong.{name}", reader.language)
    draft: dict[str, Any] = form.given("title", "text", "kind", "starts_on", "ends_on", "organisation_id")
    draft |= form.given("from_time", "until_time", "venue", "sign_up_url")
    for name in ("reach_km", "participants", "mbo_level"):
        if (number := form.number(name)) is not None:
            draft[name] = number
        elif form.value(name):
            form.asks(name, f"wrong.{name}", reader.language)
    if draft.get("kind") == Kind.MEETING and draft.get("from_time") and not draft.get("starts_on"):
        form.asks("starts_on", "wrong.meeting-day", reader.language)
    place = place_in(form, "place", reader.language)
    return draft | {"themes": form.all("themes"), "place": place, "language": written_in(reader, form)}


async def organisations_of(reader: Reader) -> list[dict[str, Any]]:
    """Those that the reader belongs to."""
    me = await reader.ask("/v1/members/me")
    return [one["organisation"] for one in me["affiliations"]]
