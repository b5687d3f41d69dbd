"""Words that mean nearly the same, from `kin.txt`: who asks for 'pv' is answered by whoever offers 'zonnestroom'."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from contracts.vocabulary import Language, Theme
from services.matching.lexicon import base_form, frequency

FILE = Path(__file__).with_name("kin.txt")

_ZIPF_MORE = 0.5
_ALONE_IN = re.compile(r"(\S+)/(nl|en)\b")


@cache
def ideas(language: Language = Language.DUTCH) -> Mapping[str, frozenset[str]]:
    """The ideas that a word, a base form or two words stand for in a text of a language, each by its first word."""
    found: dict[str, set[str]] = {}
    for _, words in _lines():
        for word in words:
            spoken = word.replace("_", " ")
            base = base_form(spoken, Language.DUTCH)
            # 'Ouderen' are people, 'oud' is anything: a base form that is used much more is another word.
            of_a_kind = frequency(base) < frequency(spoken) + _ZIPF_MORE or base in words
            for form in {spoken, base if of_a_kind else spoken}:
                if _alone_in().get(form, language) != language:
                    continue
                found.setdefault(form, set()).add(words[0])
    return {word: frozenset(its) for word, its in found.items()}


@cache
def themes_of_ideas() -> Mapping[str, Theme]:
    """The theme that an idea tells of; an idea that tells of none is not in it."""
    return {words[0]: theme for theme, words in _lines() if theme}


@cache
def _lines() -> tuple[tuple[Theme | None, tuple[str, ...]], ...]:
    found, theme = [], None
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            name = line.strip("[]")
            theme = None if name == "-" else Theme(name)
        elif line and not line.startswith("#"):
            found.append((theme, tuple(_ALONE_IN.sub(r"\1", line).split())))
    return tuple(found)


@cache
def _alone_in() -> Mapping[str, str]:
    """The language of each word that is another one in the other."""
    return dict(_ALONE_IN.findall(FILE.read_text(encoding="utf-8")))
