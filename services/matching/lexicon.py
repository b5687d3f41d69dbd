"""Dutch and English words: how often they are used, and their base form. In `lexicon.txt.gz`, from `extract_lexicon`.

A frequency is on the Zipf scale: the logarithm of how often a word occurs in a billion. 'En' has 7.4, 'warmte' 4.3,
'warmtepomp' 2.4.
"""

import gzip
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from contracts.vocabulary import Language

FILE = Path(__file__).with_name("lexicon.txt.gz")

#: A word that is not in the lexicon may still be the plural or another form of one that is, by its ending.
_ENDINGS = {
    Language.DUTCH: (("s", ""), ("en", ""), ("'s", ""), ("e", ""), ("n", ""), ("es", ""), ("tje", ""), ("je", "")),
    Language.ENGLISH: (("s", ""), ("es", ""), ("ing", ""), ("ing", "e"), ("ed", ""), ("ed", "e")),
}


#: What the list of base forms has wrong, of words of this field.
_BASES_MENDED = {
    "rijden": "rijden", "slepen": "slepen", "velden": "veld", "kruid": "kruid", "kruiden": "kruid", "wanden": "wand",
    "gewassen": "gewas",
}  # fmt: skip

#: A Dutch word that is said with and without 'e' to mean the same: an adjective, or a participle that stands for one.
_INFLECTED = re.compile(r"\w{2,}(?:aire|ende|ische|kundige|lijke)|(?:\w{2,})?ge\w{3,}[dt]e")


class Lexicon(NamedTuple):
    """A language's words."""

    frequencies: Mapping[str, float]
    bases: Mapping[str, str]
    """The base form of each word that is not one itself."""


@cache
def lexicon(language: Language) -> Lexicon:
    """The words of a language; read once, in a fifth of a second."""
    frequencies: dict[str, float] = {}
    bases: dict[str, str] = {}
    for line in gzip.decompress(FILE.read_bytes()).decode().splitlines():
        its_language, zipf, *words = line.split(" ")
        if its_language == language:
            for entry in words:
                word, _, base = entry.partition("=")
                frequencies[word] = float(zipf)
                if base:
                    bases[word] = base
    if language is Language.DUTCH:
        bases |= _BASES_MENDED
    return Lexicon(frequencies, bases)


def frequency(word: str, language: Language = Language.DUTCH) -> float:
    """How often a word is used, on the Zipf scale; 0 when it is not known."""
    return lexicon(language).frequencies.get(word, 0.0)


@lru_cache(maxsize=100_000)
def base_form(word: str, language: Language) -> str:
    """The base form: 'warmtepompen' gives 'warmtepomp', 'geïnstalleerd' gives 'installeren'.

    A word that the language does not know is tried in the other one, for people mix them.
    """
    other = Language.ENGLISH if language is Language.DUTCH else Language.DUTCH
    for tongue in (language, other):
        known = lexicon(tongue)
        if word in known.frequencies:
            base = known.bases.get(word) or _uninflected(word, known) or word
            # 'pomp' is said to come from 'pompen', which comes from 'pomp': the shorter one stands for both.
            return min(word, base, key=lambda form: (len(form), form)) if known.bases.get(base) == word else base
    known = lexicon(language)
    for ending, instead in _ENDINGS[language]:
        if word.endswith(ending) and (stem := word.removesuffix(ending) + instead) in known.frequencies:
            return known.bases.get(stem, stem)
    return word


def _uninflected(word: str, known: Lexicon) -> str | None:
    """The base form of 'toegepaste' is that of 'toegepast'; a word with a plural of its own is a noun: 'legendes'."""
    stem = word.removesuffix("e")
    is_noun = f"{word}s" in known.frequencies or f"{word}n" in known.frequencies
    if is_noun or stem not in known.frequencies or not _INFLECTED.fullmatch(word):
        return None
    return known.bases.get(stem, stem)
