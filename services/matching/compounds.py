"""The parts of a Dutch compound: 'zonnepaneleninstallateur' is an 'installateur' of 'zonnepanelen'. Pure.

A word is split where its parts are used more often than it is itself, the way of Koehn and Knight (2003): the split
with the highest mean frequency, on a logarithmic scale, less something for each part. Between parts there may be a
linking 's', 'e' or 'en'.
"""

from functools import lru_cache
from typing import NamedTuple

from services.matching.lexicon import frequency

#: What is shorter than this is no compound, and what is shorter than this no part of one.
COMPOUND_LETTERS_MIN, PART_LETTERS_MIN = 7, 3
PARTS_MAX = 4

#: How often a word of so many letters must be used to be a part; the short ones fit by chance too easily.
_ZIPF_MIN = {3: 5.0, 4: 3.6, 5: 3.0}
_ZIPF_MIN_LONGER = 2.3

#: What each further part must bring in frequency.
_COST_OF_A_PART = 0.6

#: Endings, prefixes and little words, which are no parts however often they are used.
_NO_PARTS = frozenset(
    """
    aan aar achtig als and ant baar ben bent beter dan dat deze den der die dit een eren erd ende ent ers geen had heb
    heid hem het hoe hun ing isch ist kan lijk loos maar men met niet nog nen ons ont onze ook pas ren schap sen ster
    tal ten ter the tie ties tot uit van ver voor waar was wat wel wie wil zij
    """.split()  # noqa: SIM905  as a list it would be a line a word
)


class _Split(NamedTuple):
    zipf: float
    """Of all parts together."""
    parts: tuple[str, ...]

    @property
    def worth(self) -> float:
        return self.zipf / len(self.parts) - _COST_OF_A_PART * (len(self.parts) - 1)


@lru_cache(maxsize=100_000)
def parts_of(word: str) -> tuple[str, ...]:
    """The parts of a compound, in order, as they are used by themselves; the word alone when it is none."""
    if len(word) < COMPOUND_LETTERS_MIN:
        return (word,)
    found = _split(word, PARTS_MAX)
    if found and len(found.parts) > 1 and found.zipf / len(found.parts) > frequency(word):
        return found.parts
    return (word,)


def _split(word: str, parts_max: int) -> _Split | None:
    whole = _zipf_as_part(word)
    best = _Split(whole, (word,)) if whole else None
    if parts_max == 1:
        return best
    for cut in range(PART_LETTERS_MIN, len(word) - PART_LETTERS_MIN + 1):
        zipf, head = max((_zipf_as_part(form), form) for form in _without_link(word[:cut]))
        if not zipf:
            continue
        rest = _split_rest(word[cut:].lstrip("-"), parts_max - 1)
        if rest and (found := _Split(zipf + rest.zipf, (head, *rest.parts))) and (not best or found.worth > best.worth):
            best = found
    return best


_split_rest = lru_cache(maxsize=100_000)(_split)


def _without_link(head: str) -> list[str]:
    """The first part as it stands, and without what links it to the next: 'kleding-s', 'fiets-en', 'zonn-e', 'bus-'."""
    forms = [head]
    for link, letters_min in (("s", 4), ("en", 5), ("e", 4), ("-", 4)):
        if head.endswith(link) and len(head) >= letters_min:
            forms.append(head.removesuffix(link))
    return forms


def _zipf_as_part(word: str) -> float:
    """How often a word is used when it may be a part; 0 when it may not."""
    if len(word) < PART_LETTERS_MIN or word in _NO_PARTS:
        return 0.0
    zipf = frequency(word)
    return zipf if zipf >= _ZIPF_MIN.get(len(word), _ZIPF_MIN_LONGER) else 0.0
