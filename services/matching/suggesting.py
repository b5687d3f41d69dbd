"""What a text tells about itself before its writer says so, who decides: language, themes, skills, level. Pure."""

import re
from collections import Counter
from collections.abc import Mapping

from contracts.vocabulary import Language, Skill, Theme
from services.matching.kin import themes_of_ideas
from services.matching.lexicon import base_form, lexicon
from services.matching.skills import skills_of_words
from services.matching.terms import terms_of, words_in
from services.matching.wishes import wishes_in

#: A word that a language does not know is as rare in it as this (Zipf).
_ZIPF_UNKNOWN = 1.5

#: A theme is suggested when so much tells of it, and of a further one when it is told of at least half as much.
TELLS_MIN, OF_THE_FIRST_MIN = 0.7, 0.5
THEMES_MAX = 2

SKILLS_MAX = 4

#: How a level of the mbo is written, one or several: 'niveau 3/4', 'mbo 2 en 3', 'students of level 4'. Days or hours
#: that are counted after 'mbo' are none, and a 'level' without students may be of anything.
_LEVELS = r"([1-4](?: ?(?:[/&+,-]|(?:en|of|t/m|tot|and|or|to)\b) ?[1-4])*)(?![.,]?\d)(?!\w)"
_COUNTED = r"(?:x\b|keer|dag|week|weken|uur|uren|maand|jaar|jaren|day|hour|month|year)"
_LEARNERS = r"(?:students?|pupils?|apprentices?|trainees?|interns?|class(?:es)?)\b"
_LEVEL = re.compile(
    rf"\bniveaus? ?{_LEVELS}|\b(?:mbo|bol|bbl)(?:[ -]?levels?)?[ -]?{_LEVELS}(?! ?{_COUNTED})"
    rf"|\blevels?[ -]{_LEVELS}[ -](?:\w+ )?{_LEARNERS}|\b{_LEARNERS} (?:at|of|on|from|in) levels? {_LEVELS}",
    re.IGNORECASE,
)
_SPACES = re.compile(r"[^\S\n]+")

#: The words of the themes themselves, beside those of their ideas.
_NAMED: Mapping[str, Theme] = {
    "energietransitie": Theme.ENERGY_TRANSITION,
    "energie": Theme.ENERGY_TRANSITION,
    "klimaatadaptatie": Theme.CLIMATE_ADAPTATION,
    "klimaatbestendig": Theme.CLIMATE_ADAPTATION,
    "biodiversiteit": Theme.BIODIVERSITY,
    "biodiversity": Theme.BIODIVERSITY,
    "digitalisering": Theme.DIGITALISATION,
    "ict": Theme.DIGITALISATION,
    "robotisering": Theme.ROBOTISATION,
    "mechatronica": Theme.ROBOTISATION,
    "mobiliteit": Theme.SUSTAINABLE_MOBILITY,
    "mobility": Theme.SUSTAINABLE_MOBILITY,
    "voedsel": Theme.FOOD_AND_AGRICULTURE,
    "food": Theme.FOOD_AND_AGRICULTURE,
    "zorg": Theme.HEALTH_AND_CARE,
    "health": Theme.HEALTH_AND_CARE,
}


def language_of(title: str, text: str) -> Language:
    """The language that a text is in, by which of the two uses its words more; Dutch when nothing tells."""
    dutch, english = (lexicon(language).frequencies for language in (Language.DUTCH, Language.ENGLISH))
    lead = sum(
        english.get(word, _ZIPF_UNKNOWN) - dutch.get(word, _ZIPF_UNKNOWN) for word in words_in(f"{title} {text}")
    )
    return Language.ENGLISH if lead > 0 else Language.DUTCH


def themes_of(title: str, text: str, language: Language) -> tuple[Theme, ...]:
    """The themes that a text tells of, the one it tells most of first; none when it tells of none."""
    tells: Counter[Theme] = Counter()
    for term, found in terms_of(title, text, language).wanted.items():
        theme = themes_of_ideas().get(term) or _NAMED.get(term) or _NAMED.get(base_form(found.written, language))
        if theme:
            tells[theme] += found.weight  # type: ignore[assignment]  # a counter may count in parts
    ranked = sorted(tells, key=lambda theme: (-tells[theme], theme))
    least = max(TELLS_MIN, OF_THE_FIRST_MIN * tells[ranked[0]]) if ranked else 0.0
    return tuple(theme for theme in ranked[:THEMES_MAX] if tells[theme] >= least)


def skills_of(title: str, text: str, language: Language) -> tuple[Skill, ...]:
    """The skills that a text tells of, the one it tells most of first."""
    tells: dict[Skill, float] = {}
    for term, found in terms_of(title, text, language).wanted.items():
        for skill in skills_of_words().get(term) or skills_of_words().get(found.written, ()):
            tells[skill] = max(tells.get(skill, 0.0), found.weight)
    return tuple(sorted(tells, key=lambda skill: (-tells[skill], skill))[:SKILLS_MAX])


def level_of(title: str, text: str) -> int | None:
    """The level of the mbo that a text asks or offers, 1 to 4; none when it tells of none, or of several."""
    wanted = _SPACES.sub(" ", f"{wishes_in(title).wanted}\n{wishes_in(text).wanted}")
    levels = {level for found in _LEVEL.finditer(wanted) for level in re.findall("[1-4]", found[found.lastindex or 0])}
    return int(levels.pop()) if len(levels) == 1 else None
