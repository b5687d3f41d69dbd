"""The words of a notice: subject, text and HTML of a mail, and the lines of an inbox item, in Dutch or English.

Each template is one file per language, in `mail/`; `layout.txt` and `layout.html` (with `parts.txt` and `parts.html`)
make it into plain text and into HTML, so that the two never say different things. What comes from people is data: never
a template, escaped in HTML, one line without control or direction characters everywhere.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any, Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2 import Template as JinjaTemplate

from contracts.calendar import when_in_words
from contracts.days import AMSTERDAM
from contracts.matching import Reason, reference
from contracts.meetings import Meeting
from contracts.vocabulary import Language
from contracts.words import asked_about_in_words, kind_in_words, reasons_in_words, scope_in_words
from services.notify.leading import page_of
from services.notify.templates import Template
from services.notify.texts import as_dialled, as_greeted, as_one_line, clean

SUBJECT_CHARACTERS_MAX = 120
_FOLDER = Path(__file__).parent / "mail"


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
    signed: str = "Om de Hoek"
    team: str | None = None  # where the node's team is reached, if that is told
    persons: Mapping[str, Person] | None = None  # by member id; only those whom the reader may see
    unsubscribe_url: str | None = None
    category: str | None = None  # what the link to unsubscribe stops
    items: "tuple[Lines, ...]" = ()  # of a digest


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
    url: str


def mail_words(reading: Reading) -> Words:
    """The words of a mail; raises `jinja2.UndefinedError` when a fact is missing that the template needs."""
    context = _context(reading)
    plain, html = _template("txt", reading), _template("html", reading)
    return Words(_subject(plain, context), _tidy(plain.render(context)), html.render(context))


def inbox_lines(reading: Reading) -> Lines:
    """The words of an inbox item."""
    context = _context(reading)
    plain = _template("txt", reading)
    return Lines(_subject(plain, context), _block(plain, "short", context), url_of(reading))


def unsubscribe_page(category: str, language: Language, state: Literal["asked", "off", "on"]) -> str:
    """The page behind an unsubscribe link: before anything is done, with the mails off, and on again."""
    page = _environment("html").get_template(f"unsubscribe.{language}.jinja")
    return page.render(lang=language.value, category=category, state=state)


def unsubscribe_link_unknown_page(team: str | None) -> str:
    """The page behind a link that is of nobody (any more); whose language it was, nobody knows."""
    return _environment("html").get_template("unsubscribe-unknown.jinja").render(lang=Language.DUTCH.value, team=team)


def _context(reading: Reading) -> dict[str, Any]:
    facts = clean(dict(reading.facts))
    context = facts | {
        "lang": reading.language.value,
        "matter_id": reading.matter_id,
        "name": as_greeted(reading.name),
        "by": as_greeted(str(facts.get("by_name", ""))),
        "signed": reading.signed,
        "team": reading.team,
        "url": url_of(reading),
        "unsubscribe_url": reading.unsubscribe_url,
        "category": reading.category,
        "items": reading.items,
        "until": _hour_of(facts.get("expires_at"), reading.language),
        "confirms": facts.get("confirms", False),
        "day_over": facts.get("day_over", False),
        "area": scope_in_words(facts.get("scope", {}), reading.language),
        "refused": _shown(reading, reading.matter_id),
    }
    if "asker" in facts:
        context |= _match_context(reading, facts)
    if "last_day" in facts:
        context["day"] = when_in_words(date.fromisoformat(facts["last_day"]), None, None, None, reading.language)
    if "meeting" in facts:
        context |= _meeting_context(reading, facts["meeting"])
    return context


def _meeting_context(reading: Reading, told: dict[str, Any]) -> dict[str, Any]:
    meeting = Meeting.model_validate(told)
    hours = (meeting.starts_on, meeting.ends_on, meeting.from_time, meeting.until_time)
    return {
        "title": meeting.title,
        "when": when_in_words(*hours, reading.language),
        "day": when_in_words(meeting.starts_on, None, None, None, reading.language),
        "where": ", ".join(filter(None, (meeting.venue, meeting.place.name))),
        "by_whom": meeting.organisation_name,
    }


def _match_context(reading: Reading, facts: dict[str, Any]) -> dict[str, Any]:
    asker, offerer = facts["asker"], facts["offerer"]
    offers = reading.member_id == offerer["member_id"] and not offerer.get("node")
    mine, theirs = (offerer, asker) if offers else (asker, offerer)
    other = _shown(reading, reference(theirs["member_id"], theirs.get("node")))
    if other is not None:  # who belongs to several organisations takes part in this for one of them
        other["organisation_name"] = theirs["organisation_name"] or other["organisation_name"]
    return {
        "is_side": reading.member_id in (asker["member_id"], offerer["member_id"]),
        "offers": offers,
        "mine": mine,
        "theirs": theirs,
        "day": _day_of(facts.get("answer_by"), reading.language),
        "then_the_team": facts.get("then_the_team"),
        "own_id": facts.get("own_id"),
        "other": other,
        "asked": kind_in_words(facts["request_kind"], reading.language),
        "offered": kind_in_words(facts["offer_kind"], reading.language),
        "why": _why(facts, reading.language),
    }


def _why(facts: dict[str, Any], language: Language) -> list[str]:
    reasons = [Reason.model_construct(**reason) for reason in facts.get("reasons", ())]
    about = [asked_about_in_words(language)] if facts.get("asked_about") else []
    return [*about, *reasons_in_words(reasons, language)]


def _shown(reading: Reading, member_id: str) -> dict[str, Any] | None:
    person = (reading.persons or {}).get(member_id)
    if person is None:
        return None
    shown = {name: clean(getattr(person, name)) for name in Person.__dataclass_fields__}
    return shown | {"dialled": person.phone and as_dialled(person.phone)}


def url_of(reading: Reading) -> str:
    """The page that a notice leads to, at the public address."""
    return f"{reading.public_url}{page_of(reading.template, reading.matter_id, reading.facts)}"


def _day_of(moment: str | None, language: Language) -> str | None:
    day = moment and datetime.fromisoformat(moment).astimezone(AMSTERDAM).date()
    return when_in_words(day, None, None, None, language) if day else None


def _hour_of(moment: str | None, language: Language) -> str | None:
    """With its day: a mail may be read long after it came."""
    at = "om" if language is Language.DUTCH else "at"
    clock = moment and datetime.fromisoformat(moment).astimezone(AMSTERDAM).strftime("%H:%M")
    return f"{_day_of(moment, language)} {at} {clock}" if clock else None


def _subject(template: JinjaTemplate, context: dict[str, Any]) -> str:
    subject = _block(template, "subject", context).replace("=?", "= ?")  # a header would decode what follows
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
    names = ("p", "action", "link", "party", "because", "person", "mailto", "item", "meeting_card")
    environment.globals.update({name: getattr(parts, name) for name in names})
    environment.globals["about"] = environment.get_template("about.jinja").module.about  # type: ignore[attr-defined]
    return environment
