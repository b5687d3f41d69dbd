"""The page where a member changes what we know of them: name, mail address, telephone number, language of the mails."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from services.gateway.pages.forms import Form
from services.gateway.pages.reading import Reader, Refused, SignedInReader

router = APIRouter(include_in_schema=False)

FIELDS = ("name", "email", "phone", "language")
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
    given = form.given("name", "email", "language") | {"phone": form.value("phone") or None}
    changed = {name: value for name, value in given.items() if value != me[name]}
    if not changed:
        return reader.go_to("/my-data/change?done=details")
    try:
        await reader.ask("/v1/members/me", method="PATCH", body=changed, if_match=f'"{form.value("version")}"')
    except Refused as refused:
        if refused.status not in (412, 422):
            raise
        form.learn(refused.told, reader.language)
        wrong, shown = "" if form.wrong else f"error.{refused.slug}", None if refused.status == 412 else form
        return _page(reader, me, shown, status=refused.status, wrong=wrong)
    return reader.go_to(f"/my-data/change?done={'details-mailed' if 'email' in changed else 'details'}")


def _page(
    reader: Reader, me: dict[str, Any], form: Form | None = None, *, status: int = 200, done: str = "", wrong: str = ""
) -> Response:
    known = Form({name: [str(me[name] or "")] for name in (*FIELDS, "version")})
    return reader.page(
        "details.html", status=status, form=form or known, email_waits=me["new_email_waits"],
        done=done, wrong=wrong,
    )  # fmt: skip
