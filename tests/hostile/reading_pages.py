"""Every page that somebody can come to by its links, and every form that stands there."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

import html5lib
import httpx

#: More than anybody of these people has.
PAGES_MAX = 150

HTML = {"Accept": "text/html", "Accept-Language": "nl"}


@dataclass(frozen=True)
class Form:
    """A form as it would be sent by one of its buttons; `fields` without the token of who reads it."""

    action: str
    fields: tuple[tuple[str, str], ...]


async def pages_of(http: httpx.AsyncClient, start: str = "/") -> dict[str, Any]:
    """The pages by their address, each as a tree."""
    found: dict[str, Any] = {}
    waiting = [start]
    while waiting and len(found) < PAGES_MAX:
        address = waiting.pop(0)
        if address in found:
            continue
        answer = await http.get(address, headers=HTML)
        if not answer.headers.get("content-type", "").startswith("text/html"):
            continue
        found[address] = html5lib.HTMLParser(namespaceHTMLElements=False).parse(answer.text)
        waiting += [link for link in _links(found[address], address) if link not in found]
    return found


def _links(page: Any, address: str) -> list[str]:
    links = (urlsplit(urljoin(address, one.get("href", ""))) for one in page.iter("a"))
    return [link.path + (f"?{link.query}" if link.query else "") for link in links if not link.netloc]


def forms_of(pages: dict[str, Any]) -> set[Form]:
    """What can be sent from these pages: each form once for each of its buttons."""
    found = set()
    for address, page in pages.items():
        for one in page.iter("form"):
            if one.get("method", "get").lower() == "post":
                filled_in = [*_filled_in(one)]
                action = urljoin(address, one.get("action") or address)
                for button in [*one.iter("button")] or [{}]:
                    pressed = [(button.get("name"), button.get("value", ""))] if button.get("name") else []
                    found.add(Form(action, tuple(filled_in + pressed)))
    return found


def _filled_in(form: Any) -> list[tuple[str, str]]:
    """With a word where nothing stands yet, so that a form is not refused for what lacks."""
    fields = [(one.get("name"), one.get("value") or "Een woord") for one in form.iter("input")]
    fields += [(one.get("name"), one.text or "Een woord met meer woorden") for one in form.iter("textarea")]
    fields += [(one.get("name"), next(iter(one.iter("option"))).get("value", "")) for one in form.iter("select")]
    return [(name, value) for name, value in fields if name and name != "form"]
