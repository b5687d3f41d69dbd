"""The page where a member changes what we know of them: name, mail address, telephone number, language of the mails,
and the organisations that they belong to.

What was changed elsewhere meanwhile is shown beside what was typed, as `changing` does it.
"""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from chassis.identity import ORGANISATIONS_MAX
from services.gateway.pages.forms import Form
from services.gateway.pages.joining import FIELDS as OF_ORGANISATION
from services.gateway.pages.joining import NEW, choose_what_is_there, new_organisation, step_of, where
from services.gateway.pages.reading import Reader, Refused, SignedInReader
from services.gateway.pages.words import say

router = APIRouter(include_in_schema=False)

#: What can be changed, in the order of the page, and the key of its label.
FIELDS = {"name": "join.name", "email": "email", "phone": "join.phone", "language": "details.language"}
NEEDED = ("name", "email")


@router.get("/my-data/change")
async def show_details(reader: SignedInReader, done: str = "") -> Response:
    """What is known now."""
    return await _page(reader, await reader.ask("/v1/members/me"), done=done)


@router.post("/my-data/change")
async def change_details(reader: SignedInReader) -> Response:
    """Only what differs is sent; another address counts when its link was followed, and the reader is told so."""
    form, me = await reader.filled_in(), await reader.ask("/v1/members/me")
    if step := step_of(form, "add"):
        return await _belong(reader, me, form, step)
    for name in NEEDED:
        if not form.value(name):
            form.asks(name, f"wrong.{name}", reader.language)
    if form.wrong:
        return await _page(reader, me, form, status=422)
    changed = _changed(form, me)
    if not changed:
        return reader.go_to("/my-data/change?done=details")
    try:
        await reader.ask("/v1/members/me", method="PATCH", body=changed, if_match=f'"{form.value("version")}"')
    except Refused as refused:
        if refused.status not in (412, 422):
            raise
        if refused.status == 422:
            form.learn(refused.told, reader.language)
            return await _page(reader, me, form, status=422, wrong="" if form.wrong else f"error.{refused.slug}")
        me = await reader.ask("/v1/members/me")
        if _changed(form, me):  # else the button was pressed twice
            form.values["version"] = [str(me["version"])]
            return await _page(reader, me, form, status=412)
    return reader.go_to(f"/my-data/change?done={'details-mailed' if 'email' in changed else 'details'}")


async def _belong(reader: Reader, me: dict[str, Any], form: Form, step: str) -> Response:
    """The reader belongs to one organisation less, or to one more; or looks one up, for who has no script."""
    own, done = "/v1/members/me/affiliations", "belongs" if step == "add" else "belongs-no-more"
    try:
        if step == "end":
            await reader.ask(f"{own}/{quote(form.value('affiliation_id'), safe='')}", method="DELETE")
        elif step != "add":
            return await _page(reader, me, form)
        elif len(me["affiliations"]) >= ORGANISATIONS_MAX:  # before one is registered here to which nobody belongs
            form.asks("organisation", "error.too-many-affiliations", reader.language)
        elif organisation_id := await _chosen(reader, form):
            draft = {"organisation_id": organisation_id} | form.given("role")
            await reader.ask(own, method="POST", body=draft)
    except Refused as refused:
        if refused.status == 422:
            form.learn(refused.told, reader.language, OF_ORGANISATION)
        elif refused.slug in ("organisation-not-found", "too-many-affiliations"):
            form.asks("organisation", f"error.{refused.slug}", reader.language)
        elif refused.slug not in ("affiliation-not-found", "already-affiliated"):  # the button was pressed twice
            raise
    if form.wrong:
        return await _page(reader, me, form, status=422)
    return reader.go_to(f"/my-data/change?done={done}")


async def _chosen(reader: Reader, form: Form) -> str:
    """The organisation that was chosen, or that is registered here; empty when something is wrong, which is told."""
    chosen = form.value("organisation_id")
    if chosen not in ("", NEW):
        return chosen
    if not (chosen and form.value("organisation")):
        form.asks("organisation", "wrong.organisation", reader.language)
        return ""
    draft = new_organisation(reader, form)
    try:
        if not form.wrong:
            one = await reader.ask("/v1/organisations", method="POST", body=draft, once=form.value("form"))
            return str(one["organisation_id"])
    except Refused as refused:
        if refused.slug == "organisation-exists":
            choose_what_is_there(reader, form, refused)
        elif refused.status == 422:
            errors = [one | {"field": f"organisation.{one['field']}"} for one in refused.told["errors"]]
            form.learn({"errors": errors}, reader.language, OF_ORGANISATION)
        else:
            raise
    return ""


def _changed(form: Form, me: dict[str, Any]) -> dict[str, str | None]:
    """The fields that have something else in them than what stands."""
    given: dict[str, str | None] = {**form.given("name", "email", "language"), "phone": form.value("phone") or None}
    return {name: value for name, value in given.items() if value != me[name]}


async def _page(
    reader: Reader, me: dict[str, Any], form: Form | None = None, *, status: int = 200, done: str = "", wrong: str = ""
) -> Response:
    now = []
    if form and status == 412:
        words = me | {"language": say(f"language.{me['language']}", reader.language)}
        now = [(name, say(FIELDS[name], reader.language), words[name]) for name in _changed(form, me)]
    known = Form({name: [str(me[name] or "")] for name in (*FIELDS, "version")})
    shown = Form(known.values | form.values, form.wrong) if form else known
    return reader.page(
        "details.html", status=status, form=shown, email_waits=me["new_email_waits"], done=done, wrong=wrong, now=now,
        affiliations=me["affiliations"], is_adding="organisation" in shown.values, **await where(reader, shown),
    )  # fmt: skip
