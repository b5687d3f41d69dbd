"""The page where a member changes what we know of them: name, mail address, telephone number, language of the mails.

What was changed elsewhere meanwhile is shown beside what was typed, as `changing` does it.
"""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.pages.forms import Form
from services.gateway.pages.reading import Reader, Refused, SignedInReader
from services.gateway.pages.words import say

router = APIRouter(include_in_schema=False)

#: What can be changed, in the order of the page, and the key of its label.
FIELDS = {"name": "join.name", "email": "email", "phone": "join.phone", "language": "details.language"}
NEEDED = ("name", "email")


@router.get("/my-data/change")
async def show_details(reader: SignedInReader, done: str = "") -> Response:
    """What is known now."""
    return _page(reader, await reader.ask("/v1/members/me"), done=done)


@router.post("/my-data/change")
async def change_details(reader: SignedInReader) -> Response:
    """Only what differs is sent; another address counts when its link was followed, and the reader is told so."""
    form, me = await reader.filled_in(), await reader.ask("/v1/members/me")
    for name in NEEDED:
        if not form.value(name):
            form.asks(name, f"wrong.{name}", reader.language)
    if form.wrong:
        return _page(reader, me, form, status=422)
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
            return _page(reader, me, form, status=422, wrong="" if form.wrong else f"error.{refused.slug}")
        me = await reader.ask("/v1/members/me")
        if _changed(form, me):  # else the button was pressed twice
            form.values["version"] = [str(me["version"])]
            return _page(reader, me, form, status=412)
    return reader.go_to(f"/my-data/change?done={'details-mailed' if 'email' in changed else 'details'}")


def _changed(form: Form, me: dict[str, Any]) -> dict[str, str | None]:
    """The fields that have something else in them than what stands."""
    given: dict[str, str | None] = {**form.given("name", "email", "language"), "phone": form.value("phone") or None}
    return {name: value for name, value in given.items() if value != me[name]}


def _page(
    reader: Reader, me: dict[str, Any], form: Form | None = None, *, status: int = 200, done: str = "", wrong: str = ""
) -> Response:
    now = []
    if form and status == 412:
        words = me | {"language": say(f"language.{me['language']}", reader.language)}
        now = [(name, say(FIELDS[name], reader.language), words[name]) for name in _changed(form, me)]
    known = Form({name: [str(me[name] or "")] for name in (*FIELDS, "version")})
    return reader.page(
        "details.html", status=status, form=form or known, email_waits=me["new_email_waits"],
        done=done, wrong=wrong, now=now,
    )  # fmt: skip
