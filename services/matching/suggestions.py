"""The route that reads along with somebody who writes: what their text seems to be about, for them to correct."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, Field

from chassis import Input, LongText, ShortText, SignedIn
from contracts.skills import skill_in_words
from contracts.vocabulary import Language, Skill, Theme
from contracts.words import theme_in_words
from services.matching.calls import InLanguage
from services.matching.suggesting import language_of, level_of, skills_of, themes_of

router = APIRouter(prefix="/v1/suggestions", tags=["suggestions"])


class Written(Input):
    """What somebody has written so far."""

    title: ShortText | None = None
    text: LongText


class SuggestedTheme(BaseModel):
    """A theme, and as people say it."""

    theme: Theme
    words: str


class SuggestedSkill(BaseModel):
    """A skill, and as people say it."""

    skill: Skill
    words: str


class Suggestions(BaseModel):
    """What a text seems to be about, what is likeliest first."""

    language: Language = Field(description="The language that the text is in.")
    themes: Annotated[tuple[SuggestedTheme, ...], Field(description="None when it tells of none.")]
    skills: tuple[SuggestedSkill, ...]
    mbo_level: int | None = Field(description="None when it tells of none, or of several.")


@router.post("")
def suggest(written: Written, _: SignedIn, language: InLanguage = Language.DUTCH) -> Suggestions:
    """The language, themes, skills and level that a request or an offer seems to tell of. Nothing is kept."""
    # no coroutine, so it runs in a thread: a long text takes a while to read, and the rest of the service goes on
    title, text = written.title or "", written.text
    its = language_of(title, text)
    return Suggestions(
        language=its,
        themes=tuple(SuggestedTheme(theme=t, words=theme_in_words(t, language)) for t in themes_of(title, text, its)),
        skills=tuple(SuggestedSkill(skill=s, words=skill_in_words(s, language)) for s in skills_of(title, text, its)),
        mbo_level=level_of(title, text),
    )
