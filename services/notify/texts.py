"""What comes from people, made fit to be shown in a mail: one line, without what controls or disguises."""

import re
import unicodedata
from collections.abc import Mapping
from typing import Any

import phonenumbers

# Everything that Unicode calls a control, a format character (the direction overrides), a surrogate or a line end.
_NOT_TEXT = {"Cc", "Cf", "Cs", "Zl", "Zp"}

# What a mail program makes a link of, what a header would decode, or what no name has.
_LOOKS_LIKE_A_LINK = re.compile(r"[@:/\\]|\w\.\w{2,}|\bwww\b|=\?", re.IGNORECASE)
_NAME_CHARACTERS_MAX = 80


def as_one_line(value: str) -> str:
    """A text without anything that ends a line, controls a terminal or turns the reading direction."""
    if value.isprintable():  # nearly always
        return " ".join(value.split())
    spaced = "".join(" " if c in "\n\r\t\v\f\u2028\u2029\u0085" else c for c in value)
    shown = "".join(c for c in spaced if unicodedata.category(c) not in _NOT_TEXT)
    return " ".join(shown.split())


def as_greeted(name: str) -> str:
    """A name to greet somebody by; empty when it is no name.

    Anybody can join with somebody else's address: what they call themselves must not carry a message to that address.
    """
    shown = as_one_line(name)
    return "" if len(shown) > _NAME_CHARACTERS_MAX or _LOOKS_LIKE_A_LINK.search(shown) else shown


def as_dialled(phone: str) -> str:
    """A phone number as people write it: 06 12345678, or with the country where that is another."""
    try:
        number = phonenumbers.parse(phone)
    except phonenumbers.NumberParseException:
        return as_one_line(phone)
    dutch = number.country_code == 31
    form = phonenumbers.PhoneNumberFormat.NATIONAL if dutch else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def clean(value: Any) -> Any:
    """The same, with every text in it as one line."""
    if isinstance(value, str):
        return as_one_line(value)
    if isinstance(value, Mapping):
        return {key: clean(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [clean(part) for part in value]
    return value
