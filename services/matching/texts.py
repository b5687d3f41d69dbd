"""What a request or an offer says in all: its writer's words, and the skills that they chose."""

from typing import Protocol

from contracts.skills import skill_in_words
from contracts.vocabulary import Language, Skill


class Told(Protocol):
    """Every event about a request or an offer."""

    @property
    def text(self) -> str: ...
    @property
    def language(self) -> Language: ...
    @property
    def skills(self) -> tuple[Skill, ...]: ...


def whole_text(event: Told) -> str:
    """The text, and below it the skills in words: those say what it is about as its writer's words do."""
    return "\n".join((event.text, *(skill_in_words(skill, event.language) for skill in event.skills)))
