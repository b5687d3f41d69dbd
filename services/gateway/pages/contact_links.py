"""Mail addresses and telephone numbers in a text, as links that write or call."""

import re

from markupsafe import Markup, escape

_FOUND = re.compile(r"(?P<email>[^\s@<>]+@(?:[\w-]+\.)+[\w-]+)|(?P<phone>\+?\d(?:[ -]?\d){8,14})")


def with_links(text: str) -> Markup:
    """The text as HTML, escaped; a long address may go on to the next line after its @ and its dots."""
    parts, end = [], 0
    for found in _FOUND.finditer(text):
        parts += [escape(text[end : found.start()]), _link(found)]
        end = found.end()
    return Markup("").join([*parts, escape(text[end:])])


def _link(found: re.Match[str]) -> Markup:
    if phone := found["phone"]:
        return Markup('<a href="tel:{}">{}</a>').format(re.sub("[ -]", "", phone), phone)
    address = found["email"]
    shown = Markup("").join(Markup("{}<wbr>").format(one) if one in "@." else escape(one) for one in address)
    return Markup('<a href="mailto:{}">{}</a>').format(address, shown)
