"""The page to change what one asks or offers: the form that it was placed with, filled in with what stands.

Only what differs is sent, with the version that the form was made from. What was changed elsewhere meanwhile is shown
beside what was typed, and nothing of either is lost.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from contracts.members import Place
from contracts.vocabulary import Language
from contracts.words import kinds_in_words, themes_in_words
from services.gateway.pages.around import is_own
from services.gateway.pages.forms import Form, places_in_words
from services.gateway.pages.placing import ID_OF_SIDE, WORDS_OF_SIDE, SideOf, draft_of, organisations_of
from services.gateway.pages.propositions import Id
from services.gateway.pages.reading import Reader, Refused, SignedInReader
from services.gateway.pages.words import day, say

router = APIRouter(include_in_schema=False)

#: What can be changed, in the order of the page, and the key of its label; `{its}` is `ask` or `offer`.
FIELDS = {
    "text": "{its}.text",
    "themes": "{its}.themes",
    "mbo_level": "request.level",
    "title": "{its}.summary",
    "kind": "{its}.kind",
    "place": "{its}.place",
    "organisation_id": "form.organisation",
    "reach_km": "{its}.reach",
    "starts_on": "form.starts-on",
    "ends_on": "form.ends-on",
    "participants": "{its}.participants",
    "language": "form.language",
    "from_time": "form.from-time",
    "until_time": "form.until-time",
    "venue": "form.venue",
    "sign_up_url": "form.sign-up-url",
}
DAYS = frozenset({"starts_on", "ends_on"})

#: How what everybody reads stands while it stays what it is; people come to a meeting until it is withdrawn.
STANDS = frozenset({"open", "in-conversation"})
KEEPS_KIND = {"tip": STANDS, "meeting": STANDS | {"expired", "fulfilled"}}


@router.get("/requests/{proposition_id}/change")
@router.get("/offers/{proposition_id}/change")
async def show_change(side: SideOf, proposition_id: Id, reader: SignedInReader) -> Response:
    """What stands, for its own member; others go to what they may see of it."""
    there = _path(side, proposition_id)
    one = await reader.ask(f"/v1{there}")
    return await _page(reader, side, one, _standing(reader, one)) if is_own(reader, one) else reader.go_to(there)


@router.post("/requests/{proposition_id}/change")
@router.post("/offers/{proposition_id}/change")
async def change(side: SideOf, proposition_id: Id, reader: SignedInReader) -> Response:
    """Changes what differs from what stands; or tells what is wrong, or what was changed meanwhile."""
    form, there = await reader.filled_in(), _path(side, proposition_id)
    one = await reader.ask(f"/v1{there}")
    if not is_own(reader, one):
        return reader.go_to(there)
    if _keeps_kind(side, one):
        form.values["kind"] = [one["kind"]]
    draft = draft_of(reader, form)
    if form.wrong:
        return await _page(reader, side, one, form, status=422)
    changed = {name: draft.get(name) for name in _differing(form, _standing(reader, one))}
    if changed:
        try:
            version = f'"{form.value("version")}"'
            await reader.ask(f"/v1{there}", method="PATCH", body=changed, if_match=version)
        except Refused as refused:
            if refused.status == 422:
                form.learn(refused.told, reader.language, {"expires_on": "ends_on"})
                return await _page(reader, side, one, form, status=422)
            if refused.status != 412:
                raise
            one = await reader.ask(f"/v1{there}")
            if _differing(form, _standing(reader, one)):  # else the button was pressed twice
                form.values["version"] = [str(one["version"])]
                return await _page(reader, side, one, form, status=412)
    return reader.go_to(f"{there}?done=changed")


async def _page(reader: Reader, side: str, one: dict[str, Any], form: Form, *, status: int = 200) -> Response:
    language, its = reader.language, WORDS_OF_SIDE[side]
    kinds, themes = kinds_in_words(language), themes_in_words(language)
    organisations = await _organisations(reader, one)
    now = []
    if status == 412:
        languages = [(one.value, say(f"language.{one}", language)) for one in Language]
        standing, words = _standing(reader, one), dict([*kinds, *themes, *organisations, *languages])
        for name in _differing(form, standing):
            told = [day(value, language) if name in DAYS else words.get(value, value) for value in standing.all(name)]
            now.append((name, say(FIELDS[name].format(its=its), language), ", ".join(told)))
    return reader.page(
        "change.html",
        status=status,
        side=side,
        its=its,
        there=_path(side, one[ID_OF_SIDE[side]]),
        one=one,
        form=form,
        now=now,
        keeps_kind=_keeps_kind(side, one),
        kinds=kinds,
        organisations=organisations,
        themes=themes,
        answers=[],
        enough=False,
    )


async def _organisations(reader: Reader, one: dict[str, Any]) -> list[tuple[str, str]]:
    """Of which its member can choose: their own, and the one that it is of when they belong there no more."""
    found = [(own["organisation_id"], own["name"]) for own in await organisations_of(reader)]
    if found and one["organisation_id"] not in dict(found):
        with suppress(Refused):
            its = await reader.ask(f"/v1/organisations/{quote(one['organisation_id'], safe='')}")
            found.append((one["organisation_id"], its["name"]))
    return found


def _standing(reader: Reader, one: dict[str, Any]) -> Form:
    """What stands, as it would be filled in."""
    values = {name: [str(one[name])] for name in ("version", *FIELDS) if one[name] is not None}
    values |= {name: [one[name][:5]] for name in ("from_time", "until_time") if one[name]}
    place = list(places_in_words([Place.model_validate(one["place"])], reader.language))
    return Form(values | {"themes": one["themes"], "place": place})


def _differing(form: Form, standing: Form) -> list[str]:
    """The fields that were on the page and have something else in them than what stands."""
    filled_in = (name for name in FIELDS if name in form.values)
    return [name for name in filled_in if _read(form, name) != _read(standing, name)]


def _read(form: Form, name: str) -> list[str]:
    """What a field says, however a browser ends its lines and in whichever order choices come."""
    return sorted(form.all(name)) if name == "themes" else form.value(name).splitlines()


def _keeps_kind(side: str, one: dict[str, Any]) -> bool:
    return side == "offers" and one["status"] in KEEPS_KIND.get(one["kind"], ())


def _path(side: str, proposition_id: str) -> str:
    return f"/{side}/{quote(proposition_id, safe='')}"
