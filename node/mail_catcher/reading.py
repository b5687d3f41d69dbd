"""The web side: a page to read what was sent, and the same as JSON for the story and the tests."""

import re
from collections import Counter
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader
from markupsafe import Markup
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from node.mail_catcher.behaviour import Behaviour
from node.mail_catcher.receiving import Receiver
from node.mail_catcher.store import Mail, body, header, headers, parsed

# Nothing in a caught mail may run, load or send anything; a link opens in a tab of its own.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
PAGE_POLICY = f"{POLICY}; frame-src 'self'"
MAIL_POLICY = f"{POLICY}; img-src data:; sandbox allow-popups allow-popups-to-escape-sandbox"

SHOWN_MAX = 200

pages = Environment(loader=FileSystemLoader(Path(__file__).parent / "pages"), autoescape=True)


def reading(receiver: Receiver) -> Starlette:
    store = receiver.store

    def found(request: Request) -> Mail:
        mail = store.get(request.path_params["id"])
        if mail is None:
            raise HTTPException(404, "deze mail is er niet (no such mail)")
        return mail

    async def list_page(request: Request) -> Response:
        to = request.query_params.get("to") or None
        mails = [_summary(mail, copies) for mail, copies in _with_copies(store.newest_first(to))]
        shown, follow = mails[:SHOWN_MAX], "follow" in request.query_params
        return _page("list.html", mails=shown, count=len(mails), to=to, follow=follow)

    async def mail_page(request: Request) -> Response:
        mail = found(request)
        message = parsed(store.content(mail))
        language = header(message, "Content-Language") or None
        names = ("From", "To", "Reply-To", "Subject", "Date", "Message-ID", "List-Unsubscribe")
        shown = [(name, value) for name in names if (value := header(message, name))]
        text, html = body(message, "plain"), body(message, "html")
        values = {"mail": mail, "language": language, "headers": shown, "html": html is not None}
        return _page("mail.html", text=text and _with_links(text), **values)

    async def mail_html(request: Request) -> Response:
        html = body(parsed(store.content(found(request))), "html") or ""
        return HTMLResponse(_with_links_in_new_tabs(html), headers={"Content-Security-Policy": MAIL_POLICY})

    async def mail_raw(request: Request) -> Response:
        return Response(store.content(found(request)), media_type="text/plain; charset=utf-8")

    async def list_json(request: Request) -> Response:
        mails = store.newest_first(request.query_params.get("to"))
        return JSONResponse({"count": len(mails), "messages": [_summary(*pair) for pair in _with_copies(mails)]})

    async def mail_json(request: Request) -> Response:
        mail = found(request)
        message = parsed(store.content(mail))
        return JSONResponse(
            _summary(mail)
            | {
                "headers": headers(message),
                "text": body(message, "plain"),
                "html": body(message, "html"),
            }
        )

    async def clear(request: Request) -> Response:
        return JSONResponse({"removed": store.clear()})

    async def behave(request: Request) -> Response:
        """PUT replaces the rules; PUT {} makes it behave again."""
        if request.method == "PUT":
            try:
                receiver.behaviour = Behaviour.model_validate_json(await request.body())
            except ValidationError as error:
                return Response(error.json(include_url=False), 422, media_type="application/json")
        return JSONResponse(receiver.behaviour.model_dump())

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ready"})

    return Starlette(
        routes=[
            Route("/", list_page),
            Route("/messages/{id}", mail_page),
            Route("/messages/{id}/html", mail_html),
            Route("/messages/{id}/raw", mail_raw),
            Route("/api/messages", list_json, methods=["GET"]),
            Route("/api/messages", clear, methods=["DELETE"]),
            Route("/api/messages/{id}", mail_json),
            Route("/api/behaviour", behave, methods=["GET", "PUT"]),
            Route("/health/live", health),
            Route("/health/ready", health),
        ],
        # The mails hold sign-in links: another site's page must not reach them by a name that points to loopback.
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=["127.0.0.1", "localhost"])],
    )


def _summary(mail: Mail, copies: int = 1) -> dict[str, Any]:
    return {
        "id": mail.id,
        "received_at": mail.received_at,
        "from": mail.sender,
        "to": list(mail.recipients),
        "subject": mail.subject,
        "message_id": mail.message_id,
        "copies": copies,
    }


def _with_copies(mails: list[Mail]) -> list[tuple[Mail, int]]:
    """With each mail, how many have its Message-ID: more than one is the same mail again."""
    counts = Counter(mail.message_id for mail in mails if mail.message_id)
    return [(mail, counts.get(mail.message_id, 1)) for mail in mails]


def _page(name: str, **values: Any) -> Response:
    return HTMLResponse(pages.get_template(name).render(values), headers={"Content-Security-Policy": PAGE_POLICY})


def _with_links_in_new_tabs(html: str) -> str:
    """In the head: before the doctype it would make the browser show the mail by the rules of the last century."""
    base = '<base target="_blank">'
    with_base, heads = re.subn(r"<head\b[^>]*>", lambda head: head[0] + base, html, count=1, flags=re.IGNORECASE)
    return with_base if heads else base + html


def _with_links(text: str) -> Markup:
    linked = re.sub(r"https?://[^\s<>\"']+", r'<a href="\g<0>" target="_blank" rel="noopener">\g<0></a>', escape(text))
    return Markup(linked)  # noqa: S704  escaped just before


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).astimezone().strftime("%d-%m-%Y %H:%M:%S")


pages.filters["clock"] = _clock
