"""The words by which a text tells of a skill, from `skills.txt`."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from contracts.vocabulary import Language, Skill
from services.matching.kin import ideas
from services.matching.lexicon import base_form

FILE = Path(__file__).with_name("skills.txt")


@cache
def skills_of_words() -> Mapping[str, tuple[Skill, ...]]:
    """The skills that each word tells of; an idea tells of what its first word does."""
    found: dict[str, tuple[Skill, ...]] = {}
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            skill, *words = line.split()
            for word in words:
                for form in {word, base_form(word, Language.DUTCH), *ideas().get(word, ())}:
                    found[form] = tuple(dict.fromkeys((*found.get(form, ()), Skill(skill))))
    return found
