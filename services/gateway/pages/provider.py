"""Signing in with an account elsewhere: to the provider, and back. Off on a node that names none."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from starlette.responses import RedirectResponse, Response

from chassis import Now
from services.gateway import rules, signing_in
from services.gateway.catalogue import NotServed
from services.gateway.pages.reading import AnyReader, Reader, Refused
from services.gateway.pages.signing_in import NEXT_SECONDS, Next, enter, remember, remembered
from services.gateway.provider import AddressNotVerified, NotProven, Provider, ProviderAway

router = APIRouter(include_in_schema=False)

#: For how long somebody may take to sign in there.
SECONDS_MAX = 600

Text = Annotated[str, Query(max_length=4096)]


async def _provider(reader: AnyReader) -> Provider:
    if reader.gateway.provider is None:
        raise NotServed
    return reader.gateway.provider


TheProvider = Annotated[Provider, Depends(_provider)]


@router.get("/sign-in/provider")
async def go_there(reader: AnyReader, provider: TheProvider, wanted: Next = "") -> Response:
    """The reader signs in there; what they must bring back stays in their browser."""
    await reader.gateway.limits.count("sign-in", reader.gateway.callers.address(reader.request))
    try:
        begun = await provider.begin()
    except ProviderAway:
        return _told(reader, 503, "error.sign-in-provider-away")
    answer = RedirectResponse(begun.url, 303)
    _keep(reader, answer, begun.secret, SECONDS_MAX)
    remember(reader, answer, rules.local_path(wanted) or "", NEXT_SECONDS)
    return answer


@router.get("/sign-in/provider/done")
async def come_back(
    reader: AnyReader, provider: TheProvider, now: Now, state: Text = "", code: Text = "", error: Text = ""
) -> Response:
    """The reader comes back, and is signed in when the provider vouches for an address that a member has."""
    await reader.gateway.limits.count("sign-in", reader.gateway.callers.address(reader.request))
    secret = reader.request.cookies.get(_cookie(reader), "")
    try:
        answer = await _sign_in(reader, provider, secret, state, code, now) if not error else None
    except (NotProven, AddressNotVerified, ProviderAway) as problem:
        forgot = not secret and not reader.caller  # it took too long, or their browser keeps no cookies
        answer = _told(reader, problem.status, "sign-in.provider-forgot" if forgot else f"error.{problem.slug}")
    if answer is None:  # they were asked something there, and said no
        answer = _told(reader, 403, "sign-in.provider-denied")
    _keep(reader, answer, "", 0)
    return answer


async def _sign_in(reader: Reader, provider: Provider, secret: str, state: str, code: str, now: datetime) -> Response:
    email = await provider.finish(secret, state, code)
    token = await signing_in.sign_in_as(reader.gateway, reader.request, email, now)
    if not isinstance(token, str):
        if token.status != 404:
            raise Refused(token)
        return _told(reader, 404, "sign-in.provider-unknown")
    return enter(reader, token, remembered(reader) or "/")


def _told(reader: Reader, status: int, wrong: str) -> Response:
    """The page to sign in by, with what went wrong; a link by mail always works."""
    return reader.page(
        "sign_in.html", status=status, next=remembered(reader), wrong=None, email="", provider_wrong=wrong
    )


def _cookie(reader: Reader) -> str:
    return "__Host-odh-provider" if reader.gateway.settings.is_https else "odh-provider"


def _keep(reader: Reader, answer: Response, secret: str, seconds: int) -> None:
    answer.set_cookie(
        _cookie(reader),
        secret,
        max_age=seconds,
        path="/",
        secure=reader.gateway.settings.is_https,
        httponly=True,
        samesite="lax",  # it has to come along when the provider sends the browser back
    )
