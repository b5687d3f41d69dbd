"""Email addresses and phone numbers in what people write, also when they are written around a filter. Pure.

A title or a text is read by others and may leave the node; contact details are exchanged at the introduction.
"""

import re
import unicodedata
from collections.abc import Iterator

import phonenumbers

_DIGIT_WORDS = {
    word: str(digit)
    for digit, words in enumerate(
        ("nul zero", "een één one", "twee two", "drie three", "vier four", "vijf five", "zes six", "zeven seven",
         "acht eight", "negen nine")
    )
    for word in words.split()
}  # fmt: skip

_OPENED, _CLOSED = r"[(\[{<]", r"[)\]}>]"
_TAIL = r"ape(?:n|st|nst)?staart(?:je)?"
_AT = rf"{_OPENED} ?(?:at|a|@) ?{_CLOSED}"
_DOT = rf"(?:\.| \. | ?{_OPENED} ?(?:\.|dot|punt) ?{_CLOSED} ?| (?:dot|punt) )"
_DOMAIN = rf"(?!www\.)[\w-]{{1,63}}(?:{_DOT}[\w-]{{1,63}}){{0,5}}?{_DOT}[a-z]{{2,24}}\b"

_EMAIL = re.compile(
    rf"\w(?: ?@ ?| ?{_AT} ?| at ){_DOMAIN}"
    rf"|\w[^\w\n]{{0,3}}\b{_TAIL}\b[^\w\n]{{0,3}}\w"
)  # fmt: skip

#: No email address is written without one of these; looking for them first is many times as fast.
_EMAIL_MARKS = ("@", " at ", "staart")
_AT_IN_BRACKETS = re.compile(_AT)

_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff]")
_DASH = re.compile("[\u2010-\u2015\u2212]")
_HIDES = re.compile(f"{_INVISIBLE.pattern}|{_DASH.pattern}")

_WORD = re.compile(rf"\b(?:{'|'.join(_DIGIT_WORDS)})\b")
#: Where digits may go on as words: the words are looked up only then.
_SPELLED_MARKS = ("nul", "zero", "06", "o6", "+31", "0031")
_DIGITS_OF_A_NUMBER = 9
_NO_DIGITS = re.compile(r"\D+")

#: A day or a time of day is no number, though its digits may look like one; nothing at school begins at six.
_DAY_OR_TIME = re.compile(
    r"(?<![\d.])(?:19|20)\d\d-\d\d-\d\d(?!\d)"
    r"|(?<![\d.])\d{1,2}[-/. ]\d{1,2}[-/. ](?:19|20)\d\d(?![-.]?\d)"
    r"|(?<![\d.:])(?!06)(?:[01]?\d|2[0-3])[.:][0-5]\d(?![.:]?\d)"
)

_BETWEEN = r"[ ().,/*_|-]{0,3}"
#: A number by its first sign, with what follows it as a group: a Dutch one, a foreign one, a mobile one without a plus.
_NUMBER = re.compile(
    rf"[0o+3](?<![\d+].)(?="
    rf"((?<=[0o])[ -]?[1-9](?:{_BETWEEN}\d){{8}}"
    rf"|(?:(?<=\+)|0) ?[1-9](?:{_BETWEEN}\d){{7,13}}"
    rf"|(?<=3)1 ?6(?:{_BETWEEN}\d){{8}})(?!\d))"
)


def contact_detail_in(text: str) -> str | None:
    """What kind of contact detail a text holds, if any."""
    plain = _plain(text)
    is_marked = any(map(plain.__contains__, _EMAIL_MARKS)) or _AT_IN_BRACKETS.search(plain)
    if is_marked and _EMAIL.search(plain):
        return "an email address"
    if any(map(_is_phone_number, _candidates(plain))):
        return "a phone number"
    return None


def without_contact_details(text: str) -> str:
    """The text itself, or a `ValueError` that says why others may not be given it."""
    if found := contact_detail_in(text):
        raise ValueError(f"must not hold {found}: contact details are exchanged at the introduction")
    return text


def _plain(text: str) -> str:
    """The text as it reads: no capitals, no invisible characters, no look-alikes of letters and digits."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
        if _HIDES.search(text):
            text = _DASH.sub("-", _INVISIBLE.sub("", text))
    return " ".join(text.casefold().split())


def _candidates(plain: str) -> Iterator[str]:
    """What may be phone numbers: enough digits near each other, not beginning with a day or a time."""
    digits = plain
    if any(map(plain.__contains__, _SPELLED_MARKS)):
        digits = _WORD.sub(lambda word: _DIGIT_WORDS[word[0]], plain)
    if len(_NO_DIGITS.sub("", digits)) < (_DIGITS_OF_A_NUMBER - 1 if "+" in digits else _DIGITS_OF_A_NUMBER):
        return
    found = list(_NUMBER.finditer(digits))
    elsewhere = {place for day in _DAY_OR_TIME.finditer(digits) for place in range(*day.span())} if found else ()
    for number in found:
        if number.start() not in elsewhere:
            yield from _readings((number[0] + number[1]).replace("o", "0"))


def _readings(digits: str) -> Iterator[str]:
    """The digits as one number; of a foreign one also without what may follow it: '+32 470 12 34 56, 4 studenten'."""
    yield digits
    while digits.startswith(("+", "00")) and len(digits) > _DIGITS_OF_A_NUMBER:
        digits = re.sub(r"[^\d+]*\d+$", "", digits)
        yield digits


def _is_phone_number(found: str) -> bool:
    digits = re.sub(r"\D", "", found)
    international = found.startswith("+") or digits.startswith("31")
    try:
        number = phonenumbers.parse(f"+{digits}" if international else digits, "NL")
    except phonenumbers.NumberParseException:
        return False
    return phonenumbers.is_valid_number(number)
