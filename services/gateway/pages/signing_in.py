"""The pages to sign in and out by: ask for a link, follow it, press the button. Following alone uses nothing up:
mail programs look at links before their readers do."""

from datetime import datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query
from starlette.responses import Response

from chassis import Now
from services.gateway import rules, signing_in
from services.gateway.pages.reading import AnyReader, Reader, Refused

router = APIRouter(include_in_schema=False)

#: Where somebody wanted to go when they asked for a link; the link itself knows nothing of it.
NEXT_COOKIE, NEXT_SECONDS = "odh-next", 3600

Next = Annotated[str, Query(alias="next")]

#: What a link may be for besides signing in, and the page that goes on from there: it says `done` when it worked.
ADDRESS, JOINING = "address", "joining"
GOES_ON = {ADDRESS: ("/my-data/change", "address-confirmed"), JOINING: ("/", "joined")}


@router.get("/sign-in")
async def show_sign_in(
    reader: AnyReader,
    token: str = "",
    wanted: Next = "",
    purpose: Annotated[str, Query(alias="for")] = "",
    entered: str = "",
) -> Response:
    """A form to ask for a link, or for whoever followed one the button that does what the link is for.

    Who just signed in goes on from here; when nobody is, though they `entered`, their browser kept no cookie.
    """
    path = rules.local_path(wanted) or ""
    if token:
        purpose = purpose if purpose in GOES_ON else ""
        path = "" if purpose == ADDRESS else path or remembered(reader)  # who confirms it was changing their details
        return reader.page("almost.html", token=token, next=path, purpose=purpose)
    if reader.caller:
        return reader.go_to(path or "/")
    if entered:
        return reader.page("no_cookies.html", next=path)
    return reader.page("sign_in.html", next=path, wrong=None, email="")


@router.post("/sign-in")
async def use_sign_in(reader: AnyReader, now: Now) -> Response:
    """Asks for a link, or signs in with the token of one."""
    filled_in = await reader.form(of_session=False)
    path = rules.local_path(filled_in.get("next")) or ""
    if "token" in filled_in:
        return await _sign_in(reader, filled_in["token"], path, filled_in.get("for", ""), now)
    return await _ask_link(reader, filled_in.get("email", ""), path)


@router.post("/sign-out")
async def sign_out(reader: AnyReader) -> Response:
    """Signs out here; on to signing in as somebody else, who comes back to the page that is theirs."""
    path = rules.local_path((await reader.form()).get("next"))
    if reader.caller:
        await reader.gateway.sessions.end(reader.caller.session.token_hash)
    answer = reader.go_to("/sign-in?" + urlencode({"next": path}) if path else "/")
    reader.gateway.sessions.take(answer)
    return answer


async def _ask_link(reader: Reader, email: str, path: str) -> Response:
    answer = await signing_in.ask_link(reader.gateway, reader.request, email)
    if answer.status == 422:
        return reader.page("sign_in.html", status=422, next=path, wrong="sign-in.wrong-address", email=email)
    if answer.status != 202:
        raise Refused(answer)
    mailed = reader.page("mailed.html", next=path, email=email)
    remember(reader, mailed, path, NEXT_SECONDS)
    return mailed


async def _sign_in(reader: Reader, token: str, path: str, purpose: str, now: datetime) -> Response:
    own, done = GOES_ON.get(purpose, ("/", ""))
    session_token = await signing_in.sign_in(reader.gateway, reader.request, token, now)
    if not isinstance(session_token, str):
        if session_token.status != 422:
            raise Refused(session_token)
        return reader.page("used.html", status=422, next=path or own, purpose=purpose)
    return enter(reader, session_token, path or (f"{own}?done={done}" if done else own))


def enter(reader: Reader, session_token: str, path: str) -> Response:
    """Somebody is signed in and goes on to a page of ours, by way of the one that sees whether the cookie was kept."""
    answer = reader.go_to("/sign-in?" + urlencode({"entered": "yes", "next": path}))
    reader.gateway.sessions.give(answer, session_token)
    remember(reader, answer, "", 0)
    return answer


def remembered(reader: Reader) -> str:
    """Where somebody wanted to go on when they began to sign in."""
    return rules.local_path(reader.request.cookies.get(NEXT_COOKIE)) or ""


def remember(reader: Reader, answer: Response, path: str, seconds: int) -> None:
    """Where somebody goes on after signing in, for as long as they may take for it."""
    secure = reader.gateway.settings.is_https
    answer.set_cookie(NEXT_COOKIE, path, max_age=seconds, secure=secure, httponly=True, samesite="lax")
