"""What somebody filled in on a page, and what is wrong with it: told at the field, in words that help."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from contracts.places import AmbiguousPlace, Place, UnknownPlace, UnknownProvince, find_place, suggest
from contracts.vocabulary import Language
from contracts.words import province_in_words
from services.gateway.pages.words import WORDS, number, say

#: How a service says that a text holds an email address or a phone number.
CONTACT_DETAILS = "contact details are exchanged at the introduction"

#: How a service says that a text is too long, and how long it may be.
_TOO_LONG = re.compile(r"must have at most (\d+) characters")

#: What people write in words of their own.
WRITTEN = ("title", "text", "note", "outcome", "because_words")

#: What other programs put between lines, and what is not seen: it comes along when text is pasted, and who pastes it
#: cannot take it out. The API refuses it (`chassis.inputs`).
_BETWEEN_LINES = re.compile("[\x0b\x0c\x85]")
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")
#: In a text these have a use.
_UNSEEN_IN_ADDRESSES = re.compile("[\u200b\u200e\u200f]")
_ADDRESSES = ("email", "phone")

#: Without a choice between two ways to read a bracket: a long row of them would be tried in each.
_WITH_PROVINCE = re.compile(r"([^()]+)\(([^()]+)\)")


@dataclass(frozen=True, slots=True)
class Form:
    """A form as a template shows it."""

    values: dict[str, list[str]] = field(default_factory=dict)
    wrong: dict[str, str] = field(default_factory=dict)
    """By field: what is wrong, in the reader's language."""

    def value(self, name: str) -> str:
        """What was filled in, without the space around it; empty when nothing was."""
        return self.values.get(name, [""])[-1].strip()

    def number(self, name: str) -> int | None:
        """A number that was filled in; none for what is no number of a form: '²' is a digit, and some are of a book."""
        typed = self.value(name)
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None

    def all(self, name: str) -> list[str]:
        """Everything that was chosen of several."""
        return [one for one in self.values.get(name, []) if one]

    def given(self, *names: str) -> dict[str, str]:
        """Those of these fields that were filled in."""
        return {name: self.value(name) for name in names if self.value(name)}

    def written(self) -> str:
        """What was written in words of their own, to be shown where it cannot be sent."""
        return "\n\n".join(self.given(*WRITTEN).values())

    def asks(self, name: str, key: str, language: Language, **values: str) -> None:
        """Something is wrong with a field; what is found first is told."""
        self.wrong.setdefault(name, say(key, language, n=None, **values))

    def learn(self, facts: Mapping[str, Any], language: Language, fields: Mapping[str, str] | None = None) -> None:
        """Takes over what a service found wrong. `fields` says which field of the form a field of the service is.

        A text of ours says what to do (`wrong.<field>`); where there is none, that it is not right. That a text holds
        contact details, or is too long, is said whatever field it is.
        """
        for error in facts.get("errors", ()):
            of_service = str(error["field"])
            name = (fields or {}).get(of_service, of_service.partition(".")[0])
            if CONTACT_DETAILS in str(error["message"]):
                self.asks(name, "wrong.contact-details", language)
                continue
            if long := _TOO_LONG.search(str(error["message"])):
                typed = self.value(name).replace("\r\n", "\n")  # a browser sends the end of a line as two
                counts = {"length": len(typed), "most": int(long[1])}
                told = {count: number(value, language) for count, value in counts.items()}
                self.asks(name, "wrong.too-long", language, **told)
                continue
            key = f"wrong.{of_service}" if f"wrong.{of_service}" in WORDS else f"wrong.{name}"
            self.asks(name, key if key in WORDS else "wrong.field", language)


def as_seen(text: str, name: str = "") -> str:
    """What was filled in in a field as its reader sees it, without what came along unseen."""
    seen = _UNSEEN.sub("", _BETWEEN_LINES.sub("\n", text))
    return _UNSEEN_IN_ADDRESSES.sub("", seen) if name in _ADDRESSES else seen


def place_in(form: Form, name: str, language: Language) -> dict[str, str] | None:
    """The place that was filled in, as `Bergen` or `Bergen (Limburg)`; none when it is not known, and that is told."""
    typed = form.value(name)
    named = _WITH_PROVINCE.fullmatch(typed)
    try:
        found = find_place(*map(str.strip, named.groups())) if named else find_place(typed)
    except AmbiguousPlace as several:
        choices = (_written(several.name, province, language) for province in several.provinces)
        form.asks(name, "wrong.place-several", language, choices=", ".join(choices))
        return None
    except UnknownPlace as unknown:
        if near := list(places_in_words(unknown.candidates[:3], language)) if typed else []:
            form.asks(name, "wrong.place-near", language, choices=", ".join(near))
        else:
            form.asks(name, "wrong.place", language)
        return None
    except UnknownProvince:
        form.asks(name, "wrong.place", language)
        return None
    return {"name": found.name, "province": found.province}


def places_like(typed: str, language: Language) -> list[str]:
    """What somebody may be typing the beginning of, as it is filled in."""
    return list(places_in_words(suggest(typed, 8), language)) if len(typed) >= 2 else []


def places_in_words(places: Iterable[Place], language: Language) -> Iterable[str]:
    """Each place, with its province where several have the name."""
    for place in places:
        try:
            yield find_place(place.name).name
        except AmbiguousPlace:
            yield _written(place.name, place.province, language)


def _written(name: str, province: str, language: Language) -> str:
    return f"{name} ({province_in_words(province, language)})"
