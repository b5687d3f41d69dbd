"""The pages of initiatives: what two people who were introduced do together, what happened, and how it ended."""

from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from contracts.vocabulary import InitiativeStatus, Role, StoppedBecause
from services.gateway.pages.forms import Form
from services.gateway.pages.reading import Reader, Refused, SignedInReader
from services.gateway.pages.words import day, say

router = APIRouter(include_in_schema=False)

Id = Annotated[str, Path(max_length=128)]
Cursor = Annotated[str, Query(max_length=128)]
MatchId = Annotated[str, Query(alias="match", max_length=128)]

#: How it can end, and why it did not work out, in the order in which people choose.
ENDS = (InitiativeStatus.DONE, InitiativeStatus.LASTING, InitiativeStatus.STOPPED)
BECAUSE = tuple(because for because in StoppedBecause if because is not StoppedBecause.ERASED)

#: What can be changed, in the order of the page, and the key of its label.
FIELDS = {"title": "initiative.summary", "starts_on": "form.starts-on", "ends_on": "form.ends-on"}

#: While it is one of these, the two note what happens.
NOTED_WHILE = frozenset({InitiativeStatus.RUNNING, InitiativeStatus.LASTING})


@router.get("/initiatives")
async def show_all(reader: SignedInReader, cursor: Cursor = "") -> Response:
    """The reader's own; who brings people together reads those of their people too. The newest first."""
    found = await reader.ask("/v1/initiatives?" + urlencode({"limit": "20"} | ({"cursor": cursor} if cursor else {})))
    return reader.page(
        "initiatives.html",
        initiatives=found["items"],
        older=found["next_cursor"],
        cursor=cursor,
        brings_together=reader.has(Role.AMBASSADOR, Role.NODE_TEAM),
    )


@router.get("/initiatives/new")
async def show_form(reader: SignedInReader, match_id: MatchId) -> Response:
    """What the two will do; the title of what was asked is filled in."""
    suggested = await reader.ask(f"/v1/introductions/{quote(match_id, safe='')}")
    if suggested["is_started"]:
        return reader.go_to(_path(match_id))
    return _start_page(reader, Form({"title": [suggested["title"]]}), suggested)


@router.post("/initiatives/new")
async def start(reader: SignedInReader, match_id: MatchId) -> Response:
    """It begins; or the form is shown with what is missing, or what the other began meanwhile."""
    form = await reader.filled_in()
    suggested = await reader.ask(f"/v1/introductions/{quote(match_id, safe='')}")
    for name in ("title", "text"):
        if not form.value(name):
            form.asks(name, f"wrong.initiative-{name}", reader.language)
    if not form.wrong:
        draft = form.given("title", "text", "starts_on", "ends_on") | {"match_id": match_id}
        try:
            await reader.ask("/v1/initiatives", method="POST", body=draft)
        except Refused as refused:
            if refused.slug == "initiative-started-before":
                return reader.go_to(_path(match_id))
            if refused.status != 422:
                raise
            form.learn(refused.told, reader.language)
        else:
            return reader.go_to(f"{_path(match_id)}?done=initiative-started")
    return _start_page(reader, form, suggested, status=422)


@router.get("/initiatives/{initiative_id}")
async def show_one(initiative_id: Id, reader: SignedInReader, done: str = "") -> Response:
    """What the two do, and what happened."""
    return await _page(reader, initiative_id, Form(), done=done)


@router.post("/initiatives/{initiative_id}")
async def note(initiative_id: Id, reader: SignedInReader) -> Response:
    """One of the two notes what happened."""
    form = await reader.filled_in()
    if not form.value("text"):
        form.asks("text", "wrong.note-text", reader.language)
        return await _page(reader, initiative_id, form, status=422)
    try:
        body, once = form.given("text", "happened_on"), form.value("form")
        await reader.ask(f"/v1{_path(initiative_id)}/notes", method="POST", body=body, once=once)
    except Refused as refused:
        if refused.status not in (403, 409, 422):
            raise
        form.learn(refused.told, reader.language)
        wrong = "" if form.wrong else f"error.{refused.slug}"
        written = "" if refused.status == 422 else form.written()
        return await _page(reader, initiative_id, form, status=refused.status, wrong=wrong, written=written)
    return reader.go_to(f"{_path(initiative_id)}?done=noted")


@router.get("/initiatives/{initiative_id}/change")
async def show_change(initiative_id: Id, reader: SignedInReader) -> Response:
    """Its title and its days: a form."""
    return await _change_page(reader, initiative_id, None)


@router.post("/initiatives/{initiative_id}/change")
async def change(initiative_id: Id, reader: SignedInReader) -> Response:
    """One of the two gives it another title or other days; what the other changed meanwhile they see first."""
    form = await reader.filled_in()
    if not form.value("title"):
        form.asks("title", "wrong.initiative-title", reader.language)
        return await _change_page(reader, initiative_id, form, status=422)
    changed, version = form.given(*FIELDS), f'"{form.value("version")}"'
    try:
        await reader.ask(f"/v1{_path(initiative_id)}", method="PUT", body=changed, if_match=version)
    except Refused as refused:
        if refused.status not in (403, 409, 412, 422):
            raise
        form.learn(refused.told, reader.language)
        wrong = "" if form.wrong else f"error.{refused.slug}"
        return await _change_page(reader, initiative_id, form, status=refused.status, wrong=wrong)
    return reader.go_to(f"{_path(initiative_id)}?done=initiative-changed")


@router.get("/initiatives/{initiative_id}/end")
async def show_end(initiative_id: Id, reader: SignedInReader) -> Response:
    """How it ended: a form."""
    return await _end_page(reader, initiative_id, Form())


@router.post("/initiatives/{initiative_id}/end")
async def end(initiative_id: Id, reader: SignedInReader) -> Response:
    """One of the two tells how it ended."""
    form = await reader.filled_in()
    ending = _ending(reader, form)
    if not form.wrong:
        version, once = f'"{form.value("version")}"', form.value("form")
        try:
            there = f"/v1{_path(initiative_id)}/end"
            await reader.ask(there, method="POST", body=ending, if_match=version, once=once)
        except Refused as refused:
            if refused.status not in (403, 409, 412, 422):
                raise
            form.learn(refused.told, reader.language)
            wrong = "" if form.wrong else f"error.{refused.slug}"
            return await _end_page(reader, initiative_id, form, status=refused.status, wrong=wrong)
        return reader.go_to(f"{_path(initiative_id)}?done=initiative-ended")
    return await _end_page(reader, initiative_id, form, status=422)


def _ending(reader: Reader, form: Form) -> dict[str, Any]:
    """What requests is told; what is missing is told in the form. A reason is only of what did not work out."""
    ending: dict[str, Any] = form.given("status", "outcome")
    if not ending.get("status"):
        form.asks("status", "wrong.initiative-status", reader.language)
    if ending.get("status") == InitiativeStatus.STOPPED:
        ending |= form.given("because", "because_words")
        if "because" not in ending:
            form.asks("because", "wrong.because", reader.language)
    if (students := form.number("students")) is not None:
        ending["students"] = students
    elif form.value("students"):
        form.asks("students", "wrong.students", reader.language)
    return ending | {"may_be_told": bool(form.value("may_be_told"))}


def _start_page(reader: Reader, form: Form, suggested: dict[str, Any], *, status: int = 200) -> Response:
    return reader.page("initiative_new.html", status=status, form=form, suggested=suggested)


async def _page(
    reader: Reader,
    initiative_id: str,
    form: Form,
    *,
    status: int = 200,
    done: str = "",
    wrong: str = "",
    written: str = "",
) -> Response:
    one = await reader.ask(f"/v1{_path(initiative_id)}")
    return reader.page(
        "initiative.html",
        at=_path(initiative_id),
        status=status,
        one=one,
        form=form,
        may_note=one["my_side"] is not None and one["status"] in NOTED_WHILE,
        may_end=one["my_side"] is not None and one["status"] == InitiativeStatus.RUNNING,
        done=done,
        wrong=wrong,
        written=written,
    )


async def _told_before(reader: Reader, one: dict[str, Any], form: Form | None) -> Response:
    """To what the two do; who had filled in a form reads there that it is told already, and what they wrote."""
    if one["my_side"] is None or not (form and form.values):
        return reader.go_to(_path(one["initiative_id"]))
    return await _page(
        reader, one["initiative_id"], Form(), status=409, wrong="error.initiative-ended", written=form.written()
    )


async def _change_page(
    reader: Reader, initiative_id: str, form: Form | None, *, status: int = 200, wrong: str = ""
) -> Response:
    one = await reader.ask(f"/v1{_path(initiative_id)}")
    if one["my_side"] is None or one["status"] not in NOTED_WHILE:
        return await _told_before(reader, one, form)
    standing, now = Form({name: [str(one[name] or "")] for name in (*FIELDS, "version")}), []
    if form and status == 412:
        differs = [name for name in FIELDS if form.value(name) != standing.value(name)]
        if not differs:  # the button was pressed twice
            return reader.go_to(f"{_path(initiative_id)}?done=initiative-changed")
        form.values["version"] = standing.values["version"]
        for name in differs:
            value = standing.value(name)
            told = day(value, reader.language) if value and name != "title" else value
            now.append((name, say(FIELDS[name], reader.language), told))
    return reader.page("initiative_change.html", status=status, one=one, form=form or standing, now=now, wrong=wrong)


async def _end_page(reader: Reader, initiative_id: str, form: Form, *, status: int = 200, wrong: str = "") -> Response:
    one = await reader.ask(f"/v1{_path(initiative_id)}")
    if one["my_side"] is None or one["status"] != InitiativeStatus.RUNNING:
        return await _told_before(reader, one, form)
    return reader.page(
        "initiative_end.html",
        status=status,
        one=one,
        form=form,
        ends=[(end.value, say(f"initiative.end.{end}", reader.language)) for end in ENDS],
        because=[(one.value, say(f"initiative.because.{one}", reader.language)) for one in BECAUSE],
        wrong=wrong,
    )


def _path(initiative_id: str) -> str:
    return f"/initiatives/{quote(initiative_id, safe='')}"
