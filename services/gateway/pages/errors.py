"""Refusals and faults as people read them: an answer that would be a problem document becomes a page for a browser.

Who sends a form after their session ended, or when it could not be handled right then, gets back what they filled in,
in the page itself, to be sent again: it is kept nowhere else.
"""

from contextlib import suppress
from typing import Any
from urllib.parse import urlencode

from pydantic_core import from_json
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from chassis.limits import BODY, again
from services.gateway.pages.forms import Form
from services.gateway.pages.languages import language_of
from services.gateway.pages.parts import part
from services.gateway.pages.reading import CALLER, Reader
from services.gateway.rules import CrossSite

#: Here programs call.
FOR_PROGRAMS = ("/api/", "/health/")

#: What passes: sent again as it was, it may go well.
PASSES = frozenset({429, 500, 502, 503, 504})

#: What is told of a page that may be there for somebody else.
ANOTHERS = frozenset({403, 404})


class ForPeople:
    """ASGI middleware: tells a problem in the reader's language, and sends to the sign-in page who must sign in."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(FOR_PROGRAMS) or not _is_browser(scope):
            await self.app(scope, receive, send)
            return
        held: Message | None = None
        body = b""

        async def send_unless_problem(message: Message) -> None:
            nonlocal held, body
            if message["type"] == "http.response.start":
                if Headers(raw=message["headers"]).get("content-type") == "application/problem+json":
                    held = message
                    return
            elif held is not None:
                body += message.get("body", b"")
                return
            await send(message)

        await self.app(scope, receive, send_unless_problem)
        if held is not None:
            request = Request(scope, again(scope.get(BODY) or b"", receive))
            await self._tell(request, held, from_json(body), receive, send)

    async def _tell(
        self, request: Request, held: Message, problem: dict[str, Any], receive: Receive, send: Send
    ) -> None:
        reader = Reader(request, request.app.state.gateway, language_of(request), request.scope.get(CALLER))
        slug = str(problem["type"]).rpartition("/")[2]
        passes = request.method == "POST" and problem["status"] in PASSES
        sent = await _sent(reader) if passes or problem["status"] == 401 or slug == CrossSite.slug else None
        if sent:
            page = reader.page(
                "again.html",
                status=problem["status"],
                problem=problem,
                sent=sent.values,
                written=sent.written(),
                passes=passes,
                unsure=reader.caller is None,  # a link to sign in by in this tab would take the page away
            )
        elif problem["status"] == 401:
            wanted = reader.here if request.method == "GET" else request.url.path
            page = RedirectResponse("/sign-in?" + urlencode({"next": wanted}), 303)
        else:
            unsure = CALLER not in request.scope  # it went wrong before anybody asked who is calling
            is_anothers = request.method == "GET" and problem["status"] in ANOTHERS
            page = reader.page(
                "error.html",
                status=problem["status"],
                problem=problem,
                slug=slug,
                unsure=unsure,
                signed_in_as=await _signed_in_as(reader) if is_anothers else None,
            )
        if retry_after := Headers(raw=held["headers"]).get("retry-after"):
            page.headers["Retry-After"] = retry_after
        await page(request.scope, receive, send)


async def _sent(reader: Reader) -> Form | None:
    """What was filled in, when it was on a page of ours: what another site sends is not shown as somebody's own."""
    with suppress(CrossSite):
        return await reader.sent()
    return None


async def _signed_in_as(reader: Reader) -> str | None:
    """The address of who is signed in; none when nobody is, or when it cannot be told now."""
    me = await part(reader, "/v1/members/me") if reader.caller else None
    return me and str(me["email"])


def _is_browser(scope: Scope) -> bool:
    """Whether a page is wanted; the script that asks for a part of one has no use for the whole of another."""
    headers = Headers(scope=scope)
    return "text/html" in headers.get("accept", "") and headers.get("hx-request") != "true"
