"""Words that mean nearly the same, from `kin.txt`: who asks for 'pv' is answered by whoever offers 'zonnestroom'."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from contracts.vocabulary import Language, Theme
from services.matching.lexicon import base_form

FILE = Path(__file__).with_name("kin.txt")


@cache
def ideas() -> Mapping[str, frozenset[str]]:
    """The ideas that a word, a base form or two words stand for, each by its first word."""
    found: dict[str, set[str]] = {}
    for _, words in _lines():
        for word in words:
            spoken = word.replace("_", " ")
            for form in {spoken, spoken if " " in spoken else base_form(spoken, Language.DUTCH)}:
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
            found.append((theme, tuple(line.split())))
    return tuple(found)
