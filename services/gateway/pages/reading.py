"""Who reads a page: in which language, signed in or not; and what is fetched and filled in on their behalf."""

import gzip
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qs, urlencode

from fastapi import Depends, Request
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse, RedirectResponse, Response

from chassis import Problem
from chassis.identity import NotAllowed, NotSignedIn
from contracts.skills import skill_in_words
from contracts.vocabulary import Language, Role
from contracts.words import (
    kind_in_words,
    network_in_words,
    organisation_kind_in_words,
    province_in_words,
    theme_in_words,
)
from services.gateway import rules
from services.gateway.callers import Caller
from services.gateway.catalogue import SERVICE_OF, NotServed
from services.gateway.gateway import Gateway
from services.gateway.pages import words
from services.gateway.pages.contact_links import with_links
from services.gateway.pages.forms import Form, as_seen
from services.gateway.pages.languages import LANGUAGE_COOKIE, language_of
from services.gateway.pages.static import PUSH, SCRIPT, STYLE
from services.gateway.upstreams import Answer

HERE = Path(__file__).parent
Body = Mapping[str, Any] | None

#: A page loads our own stylesheet, script and icon, and asks and sends to us: nothing else, from nowhere else, and
#: nothing that is written in the page itself is run.
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

FORM = "application/x-www-form-urlencoded"
FIELDS_MAX = 200  # a scope alone has at most a hundred organisations
PACKED_FROM = 20_000

#: Where the request keeps who was found to be calling, for a page that tells what went wrong after that.
CALLER = "odh.caller"


class Refused(Problem):
    """A service refused what a page asked of it, with a problem of its own."""

    def __init__(self, answer: Answer) -> None:
        told = answer.json() if answer.media_type == "application/problem+json" else {}
        self.slug = str(told.get("type", "http-error")).rpartition("/")[2]  # type: ignore[misc]  # as the service told it
        self.status = answer.status  # type: ignore[misc]
        self.title = str(told.get("title", "This request cannot be handled"))  # type: ignore[misc]
        self.told = told
        super().__init__()


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who reads a page."""

    request: Request
    gateway: Gateway
    language: Language
    caller: Caller | None

    def page(
        self, template: str, *, at: str | None = None, status: int = 200, holds_secrets: bool = True, **context: Any
    ) -> Response:
        """A page in the reader's language; their choice of one is kept.

        `at` is the path where it stands, when it is not the one that was asked: some are only there to be sent to.
        What a page holds of whom it is made for is a secret to others, unless it says that it holds no such thing.
        """
        known = {"reader": self, "taal": self.language.value, "path": at or self.request.url.path}
        content = _environment().get_template(template).render(context | _words_for(self.language) | known)
        answer = HTMLResponse(content, status, {"Content-Security-Policy": POLICY, "Content-Language": self.language})
        answer.headers["Vary"] = "Accept-Language, Accept-Encoding, Cookie"
        # What holds no secret may be packed: the length of a packed page tells of its content.
        if (
            (self.caller is None or not holds_secrets)
            and len(content) > PACKED_FROM
            and "gzip" in self.request.headers.get("accept-encoding", "")
        ):
            answer.body = gzip.compress(answer.body, 6)
            answer.headers.update({"Content-Encoding": "gzip", "Content-Length": str(len(answer.body))})
        if self.request.query_params.get("taal") == self.language:
            secure = self.gateway.settings.is_https
            answer.set_cookie(
                LANGUAGE_COOKIE, self.language, max_age=31_536_000, secure=secure, httponly=True, samesite="lax"
            )
        return answer

    def go_to(self, path: str) -> Response:
        """On to another page of ours, after a form."""
        return RedirectResponse(path, 303)

    @property
    def here(self) -> str:
        """The page that was asked for, to come back to."""
        url = self.request.url
        return url.path + (f"?{url.query}" if url.query else "")

    def in_other_language(self, path: str) -> str:
        """The page of a path in the other language."""
        other = Language.ENGLISH if self.language is Language.DUTCH else Language.DUTCH
        kept = [(name, value) for name, value in self.request.query_params.multi_items() if name != "taal"]
        path = "/" + path.lstrip("/\\")  # two at the begin are another site's
        return f"{path}?{urlencode([*kept, ('taal', other.value)])}"

    def has(self, *roles: Role | str) -> bool:
        """Whether the reader is signed in and has one of these roles, which a template calls by their words.

        What they may do is the services' to check.
        """
        return self.caller is not None and any(self.caller.identity.has(Role(role)) for role in roles)

    def must_have(self, *roles: Role) -> None:
        """Raises `NotAllowed` for who has none of these roles."""
        if not self.has(*roles):
            raise NotAllowed

    async def ask(
        self, path: str, *, method: str = "GET", body: Body = None, if_match: str | None = None, once: str | None = None
    ) -> Any:
        """What a service answers to the reader; raises `Refused`, or `NotServed` when this node does not have it.

        `once` is the token of the form that asks to make something: a button that is pressed twice makes it once.
        """
        return await self.ask_service(SERVICE_OF[re.split(r"[/?]", path)[2]], path, method, body, if_match, once)

    async def ask_service(
        self,
        service: str,
        path: str,
        method: str = "GET",
        body: Body = None,
        if_match: str | None = None,
        once: str | None = None,
    ) -> Any:
        """The same of a service that is named, also at an address that is not for the public."""
        if service not in self.gateway.upstreams.services:
            raise NotServed
        token = self.gateway.identities.token(self.caller.identity, service) if self.caller else None
        answer = await self.gateway.upstreams.call(
            service, method, path, token=token, body=body, if_match=if_match, once=once
        )
        if answer.status >= 400:
            raise Refused(answer)
        return answer.json() if answer.content else None

    async def form(self, *, of_session: bool = True) -> dict[str, str]:
        """What was filled in, when it was in a form of ours, which was made for the session that sends it."""
        return {name: values[-1] for name, values in (await self.filled_in(of_session=of_session)).values.items()}

    async def filled_in(self, *, of_session: bool = True) -> Form:
        """The same, where of one thing several can be chosen."""
        form = await self.sent()
        if self.caller and of_session:
            rules.check_form_token(self.caller.session_token, form.value("form"))
        return form

    async def sent(self) -> Form:
        """What was filled in, whichever session it was made for; raises `CrossSite` for what is no form of ours."""
        self.gateway.callers.check_own_origin(self.request)
        if self.request.headers.get("content-type", "").partition(";")[0].strip().lower() != FORM:
            raise rules.CrossSite
        try:
            values = parse_qs((await self.request.body()).decode(), keep_blank_values=True, max_num_fields=FIELDS_MAX)
        except ValueError:  # too many fields, or no UTF-8
            raise rules.CrossSite from None
        return Form({name: [as_seen(one, name) for one in several] for name, several in values.items()})


async def _reader(request: Request) -> Reader:
    gateway: Gateway = request.app.state.gateway
    caller = await gateway.callers.who(request)
    request.scope[CALLER] = caller
    return Reader(request, gateway, language_of(request), caller)


async def _signed_in_reader(reader: "AnyReader") -> Reader:
    if reader.caller is None:
        raise NotSignedIn
    return reader


AnyReader = Annotated[Reader, Depends(_reader)]
SignedInReader = Annotated[Reader, Depends(_signed_in_reader)]


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals |= {
        "style_version": STYLE.version,
        "script_version": SCRIPT.version,
        "push_version": PUSH.version,
        "languages": [one.value for one in Language],
    }
    return environment


@cache
def _words_for(language: Language) -> dict[str, Any]:
    """What templates say and how they write days and the glossary's words."""

    return {
        "t": partial(words.say, language=language),
        "has_words": lambda key: key in words.WORDS,
        "day": partial(words.day, language=language),
        "moment": partial(words.moment, language=language),
        "how_long": partial(words.how_long, language=language),
        "day_of": partial(words.day_of, language=language),
        "last_day": partial(words.last_day, language=language),
        "organisation_kind": lambda word: organisation_kind_in_words(word, language),
        "number": partial(words.number, language=language),
        "kind": lambda word: kind_in_words(word, language),
        "theme": lambda word: theme_in_words(word, language),
        "skill": lambda word: skill_in_words(word, language),
        "province": lambda word: province_in_words(word, language),
        "network": lambda word: network_in_words(word, language),
        "month": partial(words.month, language=language),
        "with_links": with_links,
    }
