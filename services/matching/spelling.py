"""What a word that nobody knows was meant to be: 'isolasie' is 'isolatie', 'zonepaneel' is 'zonnepaneel'. Pure.

First a known word that sounds the same, which is how most Dutch spelling errors come about; then one that differs by a
letter; then a compound of two words that sound like it. Names and jargon are unknown too, so the word itself keeps its
place beside what it may have been.
"""

import re
from collections.abc import Iterator
from functools import cache, lru_cache

from contracts.vocabulary import Language
from services.matching.compounds import parts_of
from services.matching.lexicon import frequency, lexicon
from services.matching.plain import plain

LETTERS_MIN = 5

#: A word that is used more often than this is what was meant.
_ZIPF_KNOWN = 2.0

#: How often the other word must be used, and how much more often than the one that was written.
_ZIPF_MIN, _ZIPF_MORE_BY_SOUND, _ZIPF_MORE_BY_LETTER = 3.0, 1.2, 1.5

#: A compound that sounds like two words is only taken for them when both are used as often as this.
_ZIPF_MIN_OF_A_PART = 3.3

#: Shorter ones fit by chance too easily.
COMPOUND_LETTERS_MIN = 8

_SOUNDS = (
    ("ij", "E"), ("ei", "E"), ("y", "E"), ("ou", "O"), ("au", "O"), ("sch", "sg"), ("ch", "g"), ("ph", "f"),
    ("th", "t"), ("qu", "kw"), ("x", "ks"), ("tie", "si"), ("sie", "si"), ("dt", "t"), ("ce", "se"), ("ci", "si"),
    ("c", "k"), ("z", "s"), ("v", "f"), ("d", "t"), ("b", "p"),
)  # fmt: skip
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


@lru_cache(maxsize=50_000)
def meant(word: str) -> str | None:
    """The word that was meant, in Dutch; none when it is known, or nothing is like it."""
    if len(word) < LETTERS_MIN or not word.isalpha():
        return None
    own = max(frequency(word), frequency(word, Language.ENGLISH))
    if own >= _ZIPF_KNOWN or len(parts_of(word)) > 1:
        return None
    alike = _by_sound().get(_sound(word))
    if alike and frequency(alike) >= own + _ZIPF_MORE_BY_SOUND:
        return alike
    known = lexicon(Language.DUTCH).frequencies
    zipf, nearest = max(((known[other], other) for other in _a_letter_away(word) if other in known), default=(0.0, ""))
    likely = len(nearest) >= LETTERS_MIN and zipf >= max(_ZIPF_MIN, own + _ZIPF_MORE_BY_LETTER)
    return nearest if likely else _compound_meant(word)


def _compound_meant(word: str) -> str | None:
    """Two words written as one, of which one or both are as they sound: 'schoolldak', 'praktijklookaal'; or none."""
    if len(word) < COMPOUND_LETTERS_MIN:
        return None
    if word.endswith("e") and (whole := _by_sound().get(_sound(word + "n"))):
        return whole
    cuts = range(4, len(word) - 2)
    if any(min(frequency(word[:cut]), frequency(word[cut:])) >= _ZIPF_KNOWN for cut in cuts):
        return None  # it is two words just as it was written
    found = [
        (min(frequency(head), frequency(tail)), head + tail)
        for cut in cuts
        for head in _parts_meant(word[:cut])
        for tail in _parts_meant(word[cut:], is_last=True)
    ]
    return max(found)[1] if found else None


def _parts_meant(part: str, *, is_last: bool = False) -> set[str]:
    """What a part of a compound may have been: itself, what sounds alike, and at the end with the 'n' nobody says."""
    may_be = {part, part + "n" if is_last and part.endswith("e") else part}
    if len(part) >= LETTERS_MIN and (alike := _by_sound().get(_sound(part))):
        may_be.add(alike)
    return {one for one in may_be if frequency(one) >= _ZIPF_MIN_OF_A_PART}


def _sound(word: str) -> str:
    """How a word sounds, more or less."""
    word = plain(word)
    for letters, sound in _SOUNDS:
        word = word.replace(letters, sound)
    return re.sub(r"(.)\1+", r"\1", word)


@cache
def _by_sound() -> dict[str, str]:
    """The word that is used most of those that sound alike."""
    found: dict[str, str] = {}
    known = lexicon(Language.DUTCH).frequencies
    for word, zipf in known.items():
        if len(word) >= LETTERS_MIN and zipf >= _ZIPF_MIN:
            sound = _sound(word)
            if sound not in found or known[found[sound]] < zipf:
                found[sound] = word
    return found


def _a_letter_away(word: str) -> Iterator[str]:
    """Every word with one letter less, more, or another one, or with two changed about."""
    for place in range(len(word) + 1):
        before, after = word[:place], word[place:]
        if after:
            yield before + after[1:]
        if len(after) > 1:
            yield before + after[1] + after[0] + after[2:]
        for letter in _LETTERS:
            yield before + letter + after
            if after:
                yield before + letter + after[1:]
