"""Somebody at a node's public address, with a mailbox: they join, follow links, ask, offer and answer.

The story, the demo data and the tests are played by such people. They know what anybody can know: the address, and the
mail that came for them.
"""

import asyncio
import re
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Self, TypeVar
from urllib.parse import parse_qs, urlsplit

import httpx

from node.addresses import Addresses

Found = TypeVar("Found")

PATIENCE_SECONDS = 30.0
BUSY = 429
#: A connection that is kept may be closed by the server at the moment that the next call takes it.
ONE_CALL_EACH = httpx.Limits(max_keepalive_connections=0)


class NotInTime(Exception):
    """What somebody waited for did not come."""


class Refused(Exception):
    """The node said no, and why."""

    def __init__(self, call: str, answer: httpx.Response) -> None:
        super().__init__(f"{call}: {answer.status_code} {_why(answer)}")
        self.answer = answer

    @property
    def problem(self) -> str:
        """The stable name of what was wrong, such as 'organisation-exists'."""
        return str(_problem(self.answer).get("type", "")).rpartition("/")[2]

    def fact(self, name: str) -> Any:
        return _problem(self.answer).get(name)


#: Whatever can keep people from going on: no answer, a no, or nothing in the mail.
TROUBLE = (httpx.HTTPError, Refused, NotInTime)


@dataclass(frozen=True)
class Mail:
    """A mail as its reader sees it."""

    id: str
    to: str
    subject: str
    message_id: str
    received_at: str
    text: str
    html: str

    def link(self, path: str = "/") -> str | None:
        """The first link whose path begins like this."""
        links = re.findall(r"https?://\S+", self.text)
        return next((link for link in links if urlsplit(link).path.startswith(path)), None)

    def id_after(self, path: str) -> str:
        """What the mail is about: the id that follows a path in its link, as in /matches/<id>."""
        return urlsplit(self.link(path) or "").path.removeprefix(path)


class Post:
    """What the node sent, as its mail catcher has it."""

    def __init__(self, where: Addresses) -> None:
        self._http = httpx.AsyncClient(base_url=where.mail, timeout=10, limits=ONE_CALL_EACH, verify=_tls())

    async def close(self) -> None:
        await self._http.aclose()

    async def ids(self, to: str | None = None) -> list[str]:
        """The mails there are, for everybody or for one, oldest first."""
        listed = (await self._http.get("/api/messages", params={"to": to} if to else None)).raise_for_status()
        return [one["id"] for one in reversed(listed.json()["messages"])]

    async def message_ids(self) -> list[str]:
        """Of every mail; one that came twice is there twice."""
        listed = (await self._http.get("/api/messages", timeout=300)).raise_for_status()  # the catcher reads each
        return [one["message_id"] for one in listed.json()["messages"]]

    async def read(self, id: str) -> Mail:
        found = (await self._http.get(f"/api/messages/{id}")).raise_for_status().json()
        return Mail(
            **{name: found[name] for name in ("id", "subject", "message_id", "received_at")},
            to=found["to"][0],
            text=found["text"] or "",
            html=found["html"] or "",
        )


class Person:
    """Somebody with a browser and a mailbox."""

    def __init__(self, where: Addresses, *, name: str, email: str, **details: Any) -> None:
        self.name, self.email, self.details = name, email, details
        self.http = httpx.AsyncClient(base_url=where.gateway, timeout=30, limits=ONE_CALL_EACH, verify=_tls())
        self._post = Post(where)
        self._read: set[str] = set()
        self._since = datetime.now(UTC).isoformat(timespec="milliseconds")

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.http.aclose()
        await self._post.close()

    # Coming in.

    async def join(self, **organisation_and_role: Any) -> Mail:
        """Fills in the form; the mail that confirms the address comes back. `follow` it to be a member."""
        filled_in = {"name": self.name, "email": self.email, "consent": True} | self.details | organisation_and_role
        await self.post("/members", filled_in)
        return await self.mail("/sign-in")

    async def ask_to_sign_in(self) -> Mail:
        await self.post("/sign-in-links", {"email": self.email})
        return await self.mail("/sign-in")

    async def follow(self, mail: Mail) -> None:
        """Follows the link in a mail; from then on the calls are this person's."""
        token = parse_qs(urlsplit(mail.link("/sign-in") or "").query)["token"][0]
        await self.post("/sessions", {"token": token})

    async def member_id(self) -> str:
        return str((await self.get("/members/me"))["member_id"])

    async def organisation_id(self) -> str:
        """Of the first organisation that they belong to."""
        me = await self.get("/members/me")
        return str(me["affiliations"][0]["organisation"]["organisation_id"])

    # Mail.

    async def mail(self, path: str, patience: float = PATIENCE_SECONDS) -> Mail:
        """The next mail, not read before, that links to a page; waits for it."""

        async def next_one() -> Mail | None:
            for id in await self._post.ids(to=self.email):
                if id not in self._read:
                    mail = await self._post.read(id)
                    if mail.received_at >= self._since and mail.link(path):
                        self._read.add(id)
                        return mail
            return None

        return await until(next_one, f"een mail aan {self.email} met een link naar {path}", patience)

    async def mail_to(self, email: str, path: str) -> Mail | None:
        """The newest mail to somebody that links to a page, for who looks over their shoulder."""
        for id in reversed(await self._post.ids(to=email)):
            mail = await self._post.read(id)
            if mail.link(path):
                return mail
        return None

    # Calls.

    async def get(self, path: str, **query: Any) -> Any:
        return (await self.call("GET", path, params=query)).json()

    async def post(self, path: str, body: Any = None, **headers: str) -> Any:
        """The answer's body, if it has one."""
        answer = await self.call("POST", path, json=body, headers=headers)
        return answer.json() if answer.content else None

    async def put(self, path: str, body: Any = None) -> Any:
        answer = await self.call("PUT", path, json=body)
        return answer.json() if answer.content else None

    async def call(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """One call of the API; who is told to wait a moment does so."""
        sent = {name: value for name, value in sent.items() if value is not None}
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = await self.http.request(method, f"/api/v1{path}", **sent)
            if answer.status_code != BUSY or time.monotonic() > deadline:
                break
            await asyncio.sleep(float(answer.headers.get("Retry-After", "1")))
        if not answer.is_success:
            raise Refused(f"{method} {path}", answer)
        return answer


async def until(look: Callable[[], Awaitable[Found | None]], what: str, patience: float = PATIENCE_SECONDS) -> Found:
    """Looks until there is something; raises `NotInTime`, which says what did not come."""
    deadline = time.monotonic() + patience
    while not (found := await look()):
        if time.monotonic() > deadline:
            raise NotInTime(f"Na {patience:.0f} s nog niet: {what}.")
        await asyncio.sleep(0.1)
    return found


@cache
def _tls() -> ssl.SSLContext:
    """One for everybody: making it reads every certificate that the machine trusts."""
    return ssl.create_default_context()


def _why(answer: httpx.Response) -> str:
    problem = _problem(answer)
    wrong = "; ".join(f"{error['field']} {error['message']}" for error in problem.get("errors", ()))
    return " ".join(filter(None, [problem.get("title", answer.reason_phrase), wrong and f"({wrong})"]))


def _problem(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
