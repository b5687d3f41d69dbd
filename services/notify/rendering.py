"""The words of a notice: subject, text and HTML of a mail, and the lines of an inbox item, in Dutch or English.

Each template is one file per language, in `mail/`; `layout.txt` and `layout.html` (with `parts.txt` and `parts.html`)
make it into plain text and into HTML, so that the two never say different things. What comes from people is data: never
a template, escaped in HTML, one line without control or direction characters everywhere.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2 import Template as JinjaTemplate

from contracts.matching import Reason
from contracts.vocabulary import Language
from contracts.words import kind_in_words, reason_in_words
from services.notify.rules import CATEGORY_OF, Category, Template

SUBJECT_CHARACTERS_MAX = 120
_FOLDER = Path(__file__).parent / "mail"

# Everything that Unicode calls a control, a format character (the direction overrides), a surrogate or a line end.
_NOT_TEXT = {"Cc", "Cf", "Cs", "Zl", "Zp"}


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody's contact details, as far as the reader may see them."""

    name: str
    email: str
    phone: str | None = None
    organisation_name: str | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What is told, to whom, and what they may see of others."""

    template: Template
    language: Language
    member_id: str
    matter_id: str
    facts: Mapping[str, Any]
    public_url: str
    name: str = ""
    persons: Mapping[str, Person] | None = None  # by member id; only those whom the reader may see
    unsubscribe_url: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """A mail's words."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Lines:
    """An inbox item's words, and where it leads."""

    title: str
    text: str
    url: str | None


def mail_words(reading: Reading) -> Words:
    """The words of a mail; raises `jinja2.UndefinedError` when a fact is missing that the template needs."""
    context = _context(reading)
    plain, html = _template("txt", reading), _template("html", reading)
    return Words(_subject(plain, context), _tidy(plain.render(context)), html.render(context))


def inbox_lines(reading: Reading) -> Lines:
    """The words of an inbox item."""
    context = _context(reading)
    plain = _template("txt", reading)
    return Lines(_subject(plain, context), _block(plain, "short", context), _url(reading))


def unsubscribe_page(category: Category, language: Language, *, done: bool) -> str:
    """The page behind an unsubscribe link, before and after."""
    page = _environment("html").get_template(f"unsubscribe.{language}.html")
    return page.render(category=category.value, done=done)


def as_one_line(value: str) -> str:
    """A text without anything that ends a line, controls a terminal or turns the reading direction."""
    spaced = "".join(" " if c in "\n\r\t\v\f\u2028\u2029\u0085" else c for c in value)
    shown = "".join(c for c in spaced if unicodedata.category(c) not in _NOT_TEXT)
    return re.sub(r"\s+", " ", shown).strip()


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return as_one_line(value)
    if isinstance(value, Mapping):
        return {key: _clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(part) for part in value]
    return value


def _context(reading: Reading) -> dict[str, Any]:
    facts = _clean(dict(reading.facts))
    context = facts | {
        "lang": reading.language.value,
        "name": as_one_line(reading.name),
        "url": _url(reading),
        "unsubscribe_url": reading.unsubscribe_url,
        "category": CATEGORY_OF.get(reading.template),
        "matter_id": reading.matter_id,
    }
    if "asker" in facts:
        context |= _match_context(reading, facts)
    return context


def _match_context(reading: Reading, facts: dict[str, Any]) -> dict[str, Any]:
    asker, offerer = facts["asker"], facts["offerer"]
    mine, theirs = (offerer, asker) if reading.member_id == offerer["member_id"] else (asker, offerer)
    return {
        "is_side": reading.member_id in (asker["member_id"], offerer["member_id"]),
        "mine": mine,
        "theirs": theirs,
        "other": _other(reading, theirs),
        "asked": kind_in_words(facts["request_kind"], reading.language),
        "offered": kind_in_words(facts["offer_kind"], reading.language),
        "why": [
            reason_in_words(Reason.model_construct(**reason), reading.language) for reason in facts.get("reasons", ())
        ],
    }


def _other(reading: Reading, theirs: dict[str, Any]) -> dict[str, Any] | None:
    person = (reading.persons or {}).get(theirs["member_id"])
    if person is None:
        return None
    shown = {name: _clean(getattr(person, name)) for name in Person.__dataclass_fields__}
    return shown | {"organisation_name": shown["organisation_name"] or theirs["organisation_name"]}


def _url(reading: Reading) -> str | None:
    match reading.template:
        case Template.SIGN_IN | Template.JOINING:
            return f"{reading.public_url}/sign-in?token={quote(str(reading.facts.get('token', '')), safe='')}"
        case Template.REQUEST_UNANSWERED | Template.TEAM_REQUEST_UNANSWERED:
            return f"{reading.public_url}/requests/{quote(reading.matter_id, safe='')}"
        case Template.TEAM_MAIL_REFUSED:
            return None
        case _:
            return f"{reading.public_url}/matches/{quote(reading.matter_id, safe='')}"


def _subject(template: JinjaTemplate, context: dict[str, Any]) -> str:
    subject = _block(template, "subject", context)
    return subject if len(subject) <= SUBJECT_CHARACTERS_MAX else subject[: SUBJECT_CHARACTERS_MAX - 1].rstrip() + "…"


def _block(template: JinjaTemplate, name: str, context: dict[str, Any]) -> str:
    return as_one_line("".join(template.blocks[name](template.new_context(context))))


def _tidy(text: str) -> str:
    lines = [line.strip() for line in text.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _template(form: str, reading: Reading) -> JinjaTemplate:
    return _environment(form).get_template(f"{reading.template}.{reading.language}.jinja")


@cache
def _environment(form: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=form == "html",  # noqa: S701  the other form is plain text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.globals["layout"] = f"layout.{form}"
    parts = environment.get_template(f"parts.{form}").module
    environment.globals.update({name: getattr(parts, name) for name in ("p", "action", "party", "because", "person")})
    return environment
