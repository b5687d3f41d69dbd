"""What the pages say, by key, in Dutch and in English: texts/nl.po and texts/en.po, which translators' programs open.

A key stands for a whole text, never for a part of a sentence. `{name}` in a text is filled in; a text that depends on
how many has a form for one and a form for more (`msgid_plural`), chosen by `n`.
"""

import gettext
from datetime import UTC, date, datetime, timedelta
from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime, format_timedelta
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

from contracts.days import AMSTERDAM
from contracts.vocabulary import Language

TEXTS = Path(__file__).parent / "texts"

#: How the Dutch, and the English among them, write days and numbers.
LOCALES = {Language.DUTCH: Locale("nl", "NL"), Language.ENGLISH: Locale("en", "GB")}


@cache
def texts_of(language: Language) -> Catalog:
    """The file of a language; raises when it is not well made."""
    with (TEXTS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language.value, abort_invalid=True)


@cache
def _translations(language: Language) -> gettext.GNUTranslations:
    compiled = BytesIO()
    write_mo(compiled, texts_of(language))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


#: Every key there is; a test sees that both languages have each.
WORDS = frozenset(message.id if isinstance(message.id, str) else message.id[0] for message in texts_of(Language.DUTCH))


def say(key: str, language: Language, *, n: int | None = None, **values: object) -> str:
    """The text of a key in a language; raises KeyError when there is none."""
    if key not in WORDS:
        raise KeyError(key)
    found = _translations(language)
    if n is None:
        chosen = found.gettext(key)
        return chosen.format(**values) if values else chosen
    return found.ngettext(key, key, n).format(n=number(n, language), **values)


def day(value: str | date, language: Language) -> str:
    """A day as people write it, with its month in words; from ISO 8601."""
    found = date.fromisoformat(value) if isinstance(value, str) else value
    return format_date(found, "long", locale=LOCALES[language])


def moment(value: str, language: Language) -> str:
    """A day and time of the clock in the Netherlands; from ISO 8601 with its offset."""
    found = datetime.fromisoformat(value).astimezone(AMSTERDAM)
    clock = format_datetime(found, "HH:mm", locale=LOCALES[language])
    return f"{day(found.date(), language)}, {clock}"


def day_of(value: str, language: Language) -> str:
    """The day in the Netherlands of a moment; from ISO 8601 with its offset."""
    return day(datetime.fromisoformat(value).astimezone(AMSTERDAM).date(), language)


def last_day(value: str, language: Language) -> str:
    """The day in the Netherlands that something stands until and including; from the moment of its end, as above."""
    return day_of((datetime.fromisoformat(value) - timedelta(seconds=1)).isoformat(), language)


def how_long(value: str, language: Language) -> str:
    """How long ago a moment was, in the largest unit that says it: 3 dagen; from ISO 8601 with its offset.

    It may stand within a sentence: it begins with a small letter or a number.
    """
    ago = datetime.now(UTC) - datetime.fromisoformat(value)
    if ago < timedelta(minutes=1):
        return say("moment.less-than-a-minute", language)
    return str(format_timedelta(ago, granularity="minute", locale=LOCALES[language]))


def month(value: str, language: Language, *, short: bool = False) -> str:
    """A month as people write it, from `2026-05`: mei 2026; when `short` only as an axis has room for: mei."""
    return format_date(date.fromisoformat(f"{value}-01"), "LLL" if short else "LLLL yyyy", locale=LOCALES[language])


def number(value: float, language: Language, decimals: int = 0) -> str:
    """A number as people write it: 1.234,5 in Dutch, 1,234.5 in English."""
    return str(format_decimal(round(value, decimals), locale=LOCALES[language]))
