"""What a text is about, as terms that can be compared: base forms, parts of compounds, ideas for words of a kin. Pure.

Every term has a weight: how rare it is in the language, and where and how it was written. Words that everybody here
writes are left out, and so is what somebody says that they do not want.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import NamedTuple

from contracts.vocabulary import Language
from services.matching.compounds import PART_LETTERS_MIN, parts_of
from services.matching.kin import ideas
from services.matching.lexicon import base_form, frequency
from services.matching.spelling import meant
from services.matching.wishes import wishes_in
from services.matching.words import EVERYDAY

#: What terms are made by; those of another make are made anew. Change it when other ones come out, of the same text.
MAKE = "terms 4"

#: A title says in few words what a text is about; a part of a compound says less than the whole, and so does a guess.
_OF_A_TITLE, _OF_A_PART, _OF_A_GUESS = 1.5, 0.8, 0.8

#: A word this frequent (Zipf) tells nothing, and one this rare tells as much as any.
_ZIPF_NOTHING, _ZIPF_MOST = 6.2, 2.5

#: How much an idea tells, whichever of its words was used.
_IDEA_LEAST, _IDEA_MOST, _IDEA_OF_TWO_WORDS = 0.35, 0.9, 0.8

#: A part of a compound that tells less by itself stands for no idea: it is a prefix far more often.
_PART_TELLS_MIN = 0.12

#: A word used this often has the parts of its base form, if any: 'brandstoffen' are no 'stoffen'.
_ZIPF_WHOLE = 3.5

_RARENESS_POWER = 0.8

#: CO₂ and P1 are words, with their number; otherwise a number ends a word.
_WORD = re.compile(r"co2(?:-[^\W\d_]+)*(?!\d)|p1(?!\w)|[^\W\d_]+(?:[-'][^\W\d_]+)*|(?<!\d)\d+d-\w+")

#: What is longer than this is no word: to find what it may mean takes long, and PostgreSQL takes no term of thousands.
WORD_LETTERS_MAX = 60

#: What phones put for an apostrophe, and the numbers that stand low or high.
_WRITTEN_ALIKE = str.maketrans("’‘₂²", "''22")


class Term(NamedTuple):
    """How much a term tells about a text, 0 to 1.5, and the word that was written for it."""

    weight: float
    written: str


class Terms(NamedTuple):
    """What a text is about, and the terms of what it says that it is not."""

    wanted: Mapping[str, Term]
    unwanted: frozenset[str]


@lru_cache(maxsize=512)
def terms_of(title: str, text: str, language: Language) -> Terms:
    """The terms of a request or an offer; a request is written out again for each of its candidates."""
    said_in_title, said = wishes_in(title), wishes_in(text)
    refused = " . ".join((*said_in_title.unwanted, *said.unwanted))
    wanted: dict[str, Term] = {}
    for part, counts in ((said_in_title.wanted, _OF_A_TITLE), (said.wanted, 1.0)):
        _add(wanted, _found(part, language), counts)
    _add(wanted, _free_of(refused, language), 1.0)
    unwanted = frozenset(term for term, _, _ in _found(refused, language)) - wanted.keys()
    return Terms(wanted, unwanted)


def as_written(shared: Iterable[str], title: str, text: str, language: Language) -> tuple[str, ...]:
    """Terms as the words that somebody wrote in a title or a text, those that tell most first."""
    wanted = terms_of(title, text, language).wanted
    found = sorted((term for term in shared if term in wanted), key=lambda term: (-wanted[term].weight, term))
    shown: list[str] = []
    for written in (wanted[term].written for term in found):
        if not any(written in other or other in written for other in shown):  # 'warmtepomp' beside 'warmtepompen'
            shown.append(written)
    return tuple(shown)


def _add(terms: dict[str, Term], found: Iterable[tuple[str, float, str]], counts: float) -> None:
    for term, weight, written in found:
        if term not in terms or terms[term].weight < weight * counts:
            terms[term] = Term(weight * counts, written)


def _found(text: str, language: Language) -> Iterator[tuple[str, float, str]]:
    """Each term, its weight, and the word that it comes from."""
    words = words_in(text)
    for place, word in enumerate(words):
        for term, weight in _terms_of_word(word, language):
            yield term, weight, word
        two = " ".join(words[place : place + 2])
        for idea in ideas(language).get(two, ()) if " " in two else ():
            yield idea, _rareness(_IDEA_OF_TWO_WORDS), two


def _free_of(refused: str, language: Language) -> Iterator[tuple[str, float, str]]:
    """Who says 'zonder gas' asks for what is 'gasvrij', where there is such a word."""
    for word in words_in(refused):
        for idea in ideas(language).get(f"{base_form(word, language)}vrij", ()):
            yield idea, _rareness(_IDEA_MOST), word


def words_in(text: str) -> list[str]:
    """The words of a text, without capitals; what is too long to be a word is left out."""
    found = _WORD.findall(unicodedata.normalize("NFC", text).lower().translate(_WRITTEN_ALIKE))
    return [word for word in found if len(word) <= WORD_LETTERS_MAX]


@lru_cache(maxsize=50_000)
def _terms_of_word(word: str, language: Language) -> tuple[tuple[str, float], ...]:
    """The terms that a word stands for, with their weights."""
    found: dict[str, float] = {}
    guess = meant(word) if language is Language.DUTCH else None
    for read, certain in ((word, 1.0), (guess, _OF_A_GUESS)):
        if not read or read in EVERYDAY_WORDS or not _telling(read):  # 'bij' is by far not always a bee
            continue
        base = base_form(read, language)
        parts = _parts(read, base, language)
        is_of_a_kin = not {read, base}.isdisjoint(ideas(language))
        if not is_of_a_kin and all(_is_everyday(part, language) for part in parts):  # 'stageplaatsen', 'mbo-studenten'
            continue
        units = [
            (read, base, 1.0),
            *((part, base_form(part, language), _OF_A_PART) for part in parts if len(parts) > 1),
        ]
        for unit, its_base, counts in units:
            its_ideas = ideas(language).get(unit, frozenset()) | ideas(language).get(its_base, frozenset())
            if counts < 1 and _telling(unit) < _PART_TELLS_MIN:  # 'bijstand' has no bees, 'weggegooid' no road
                linked = base_form(f"{unit}en", language)  # 'bijenteelt' has, for it has the plural in it
                its_ideas = ideas(language).get(linked, frozenset()) if f"{unit}en" in read else frozenset()
            if counts < 1 and its_ideas and is_of_a_kin:  # a 'bijenhotel' is no hotel
                continue
            telling = _telling(its_base)
            if its_ideas:
                telling = max(_IDEA_LEAST, min(_IDEA_MOST, telling))
            elif _is_everyday(unit, language) or not telling or len(its_base) < 2:
                continue
            for term in its_ideas or (its_base,):
                found[term] = max(found.get(term, 0.0), _rareness(telling) * counts * certain)
    return tuple(found.items())


def _is_everyday(word: str, language: Language) -> bool:
    return word in EVERYDAY_WORDS or base_form(word, language) in _EVERYDAY_BASES


def _parts(word: str, base: str, language: Language) -> tuple[str, ...]:
    """The parts of a word, by how they are used, or by its hyphens; the word alone when it has none."""
    for form in (base,) if frequency(base) >= _ZIPF_WHOLE else (word, base):  # 'brandstoffen' are no 'stoffen'
        if len(parts := parts_of(form)) > 1:
            return parts
    if word in ideas(language):  # 'e-waste' and 'pick-and-place' are one word
        return (word,)
    return tuple(part for part in word.split("-") if len(part) >= PART_LETTERS_MIN or part in ideas(language)) or (
        word,
    )


def _telling(word: str) -> float:
    """How much a word tells, 0 to 1, by how rare it is in the language that uses it more."""
    zipf = max(frequency(word), frequency(word, Language.ENGLISH) if not frequency(word) else 0.0)
    return min(1.0, max(0.0, (_ZIPF_NOTHING - zipf) / (_ZIPF_NOTHING - _ZIPF_MOST)))


def _rareness(telling: float) -> float:
    return float(telling**_RARENESS_POWER)


EVERYDAY_WORDS = frozenset(EVERYDAY.split())
_EVERYDAY_BASES = EVERYDAY_WORDS | {base_form(word, Language.DUTCH) for word in EVERYDAY_WORDS}
