"""The pages to invite somebody by, and to take part by when one was invited: the link in the mail, and one button."""

from datetime import datetime
from typing import Annotated, Any
from urllib.parse import quote, urlencode

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from chassis import Now
from contracts.places import PROVINCES
from contracts.vocabulary import Role
from contracts.words import province_in_words
from services.gateway import signing_in
from services.gateway.pages.forms import Form
from services.gateway.pages.joining import FIELDS, NEW, person_of, step_of, where
from services.gateway.pages.parts import part
from services.gateway.pages.reading import AnyReader, Reader, Refused, SignedInReader
from services.gateway.pages.signing_in import enter
from services.gateway.pages.words import say
from services.gateway.upstreams import Answer

router = APIRouter(include_in_schema=False)

InvitationId = Annotated[str, Path(max_length=128)]
Cursor = Annotated[str, Query(max_length=128)]


@router.get("/invitations")
async def show_invitations(reader: SignedInReader, cursor: Cursor = "", done: str = "") -> Response:
    """A form to invite by, and what was sent in the last fourteen days: for the node's team by everybody."""
    return await _page(reader, Form({"language": [reader.language.value]}), cursor=cursor, done=done)


@router.post("/invitations")
async def invite(reader: SignedInReader) -> Response:
    """Somebody is invited, or what is wrong is told at the field."""
    form = await reader.filled_in()
    if step_of(form, "invite") == "find":
        return await _page(reader, form)
    draft: dict[str, Any] = form.given("email", "name", "language")
    if not form.value("email"):
        form.asks("email", "wrong.invite-email", reader.language)
    if (chosen := form.value("organisation_id")) and chosen != NEW:
        draft["organisation_id"] = chosen
    elif form.value("organisation"):  # who is invited registers one that is not known
        form.asks("organisation", "wrong.invite-organisation", reader.language)
    if provinces := form.all("provinces"):
        draft["ambassador"] = {"provinces": provinces}
    if not form.wrong:
        try:
            made = await reader.ask("/v1/invitations", method="POST", body=draft, once=form.value("form"))
        except Refused as refused:
            if refused.status == 422:
                form.learn(refused.told, reader.language)
                if "email" in form.wrong:  # it is of whom they invite, not their own
                    form.wrong["email"] = say("wrong.invite-email", reader.language)
            elif refused.status in (403, 404, 429):
                return await _page(reader, form, status=refused.status, wrong=f"error.{refused.slug}")
            else:
                raise
        else:
            return reader.go_to("/invitations?done=invited" if made["is_new"] else "/invitations?done=invited-before")
    return await _page(reader, form, status=422)


@router.post("/invitations/{invitation_id}")
async def revoke(invitation_id: InvitationId, reader: SignedInReader) -> Response:
    """An invitation is taken back."""
    await reader.form()
    try:
        await reader.ask(f"/v1/invitations/{quote(invitation_id, safe='')}", method="DELETE")
    except Refused as refused:
        if refused.status != 404:
            raise
        return await _page(reader, Form(), status=404, wrong=f"error.{refused.slug}")
    return reader.go_to("/invitations?done=revoked")


@router.get("/invited")
async def show_invitation(reader: AnyReader, token: str = "") -> Response:
    """Who invites, and a form that is filled in as far as it is known. Looking uses nothing up."""
    answer = await signing_in.look_at_invitation(reader.gateway, reader.request, token)
    if answer.status != 200:
        return _gone(reader, answer)
    invited = answer.json()
    values = {"name": [invited["name"] or ""], "organisation_id": [invited["organisation_id"] or ""]}
    form = Form(values | {"organisation": [invited["organisation_name"] or ""]})
    return await _invited_page(reader, form, invited, token)


@router.post("/invited")
async def accept(reader: AnyReader, now: Now) -> Response:
    """Who was invited takes part, and is signed in: also who presses twice, when it waits no more."""
    form = await reader.filled_in(of_session=False)
    token, finds = form.value("token"), step_of(form, "accept") == "find"
    if not finds:
        if not form.value("name"):
            form.asks("name", "wrong.name", reader.language)
        draft = person_of(reader, form) | {"token": token}
        entered = "" if form.wrong else await _enter(reader, form, draft, now)
        if isinstance(entered, Answer):
            return _already(reader) if entered.status == 204 else _gone(reader, entered)
        if entered:
            return enter(reader, entered, "/?done=joined")
    answer = await signing_in.look_at_invitation(reader.gateway, reader.request, token)
    if answer.status != 200:
        return _gone(reader, answer)
    return await _invited_page(reader, form, answer.json(), token, status=200 if finds else 422)


async def _enter(reader: Reader, form: Form, draft: dict[str, Any], now: datetime) -> str | Answer:
    """The token of the session, or the answer to who takes part already or has one that does not work (any more).

    Empty when something was filled in wrong, which then is told in the form.
    """
    entered = await signing_in.accept_invitation(reader.gateway, reader.request, draft, now)
    if isinstance(entered, str) or entered.status == 204:
        return entered
    refused = Refused(entered)
    if refused.slug == "sign-in-link-invalid":
        return entered
    if refused.slug != "invalid-fields":
        raise refused
    form.learn(refused.told, reader.language, FIELDS)
    return ""


def _already(reader: Reader) -> Response:
    if reader.caller:
        return reader.go_to("/")
    return reader.page("sign_in.html", next="", wrong=None, email="", takes_part=True)


def _gone(reader: Reader, answer: Answer) -> Response:
    if answer.status != 422:
        raise Refused(answer)
    return reader.page("invitation_gone.html", status=404)


async def _invited_page(
    reader: Reader, form: Form, invited: dict[str, Any], token: str, *, status: int = 200
) -> Response:
    known = await where(reader, form) | {"signed_in": await _other(reader, invited["email"])}
    return reader.page("invited.html", status=status, form=form, invited=invited, token=token, **known)


async def _other(reader: Reader, email: str) -> dict[str, Any] | None:
    """Who is signed in with another address than was invited: the mail was passed on, or they have two addresses."""
    me = await part(reader, "/v1/members/me") if reader.caller else None
    return None if me is None or me["email"].casefold() == email.casefold() else dict(me)


async def _page(
    reader: Reader, form: Form, *, cursor: str = "", status: int = 200, done: str = "", wrong: str = ""
) -> Response:
    reader.must_have(Role.AMBASSADOR, Role.NODE_TEAM)
    assert reader.caller is not None
    of_team = reader.has(Role.NODE_TEAM)
    asked = {"limit": "20"} | ({"mine": "false"} if of_team else {}) | ({"cursor": cursor} if cursor else {})
    found = await reader.ask("/v1/invitations?" + urlencode(asked))
    provinces = [(name, province_in_words(name, reader.language)) for name in PROVINCES]
    return reader.page(
        "invitations.html", at="/invitations", status=status, form=form, invitations=found["items"],
        older=found["next_cursor"], cursor=cursor, provinces=provinces,
        own=reader.caller.identity.references, of_team=of_team, done=done, wrong=wrong,
        **(await where(reader, form) | {"new": None}),
    )  # fmt: skip
