"""The glossary's words as people read them, in Dutch and English: kinds, themes, provinces, and reasons.

Pure, and never failing: an event from a node with a newer release may hold a word that is not known here, and is then
shown as it came.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from babel.dates import format_date

from contracts.matching import Reason
from contracts.networks import known
from contracts.vocabulary import Kind, Language, OrganisationKind, Theme

_DUTCH, _ENGLISH = Language.DUTCH, Language.ENGLISH

_KINDS: dict[Language, dict[str, str]] = {
    _DUTCH: {
        Kind.PRACTICE_ASSIGNMENT: "praktijkopdracht",
        Kind.INTERNSHIP: "stage",
        Kind.GUEST_LESSON: "gastles",
        Kind.SITE_VISIT: "bedrijfsbezoek",
        Kind.LESSON_MATERIAL: "lesmateriaal",
        Kind.TIP: "praktijktip",
        Kind.EXPERTISE: "deskundigheid",
        Kind.EQUIPMENT: "apparatuur",
        Kind.MEETING: "bijeenkomst",
    },
    _ENGLISH: {
        Kind.PRACTICE_ASSIGNMENT: "practice assignment",
        Kind.INTERNSHIP: "internship",
        Kind.GUEST_LESSON: "guest lesson",
        Kind.SITE_VISIT: "site visit",
        Kind.LESSON_MATERIAL: "lesson material",
        Kind.TIP: "practical tip",
        Kind.EXPERTISE: "expertise",
        Kind.EQUIPMENT: "equipment",
        Kind.MEETING: "meeting",
    },
}

#: Of what these are, English does not say 'a'.
_WITHOUT_ARTICLE = frozenset({Kind.LESSON_MATERIAL, Kind.EXPERTISE, Kind.EQUIPMENT})

_THEMES: dict[Language, dict[str, str]] = {
    _DUTCH: {
        Theme.ENERGY_TRANSITION: "energietransitie",
        Theme.CIRCULAR_ECONOMY: "circulaire economie",
        Theme.CLIMATE_ADAPTATION: "klimaatadaptatie",
        Theme.BIODIVERSITY: "biodiversiteit",
        Theme.DIGITALISATION: "digitalisering",
        Theme.ROBOTISATION: "robotisering",
        Theme.SUSTAINABLE_BUILDING: "duurzaam bouwen",
        Theme.SUSTAINABLE_MOBILITY: "duurzame mobiliteit",
        Theme.FOOD_AND_AGRICULTURE: "voeding en landbouw",
        Theme.HEALTH_AND_CARE: "gezondheid en zorg",
        Theme.SOCIAL_ENTREPRENEURSHIP: "sociaal ondernemen",
    },
    _ENGLISH: {
        Theme.ENERGY_TRANSITION: "energy transition",
        Theme.CIRCULAR_ECONOMY: "circular economy",
        Theme.CLIMATE_ADAPTATION: "climate adaptation",
        Theme.BIODIVERSITY: "biodiversity",
        Theme.DIGITALISATION: "digitalisation",
        Theme.ROBOTISATION: "robotisation",
        Theme.SUSTAINABLE_BUILDING: "sustainable building",
        Theme.SUSTAINABLE_MOBILITY: "sustainable mobility",
        Theme.FOOD_AND_AGRICULTURE: "food and agriculture",
        Theme.HEALTH_AND_CARE: "health and care",
        Theme.SOCIAL_ENTREPRENEURSHIP: "social entrepreneurship",
    },
}

_ORGANISATION_KINDS: dict[Language, dict[str, str]] = {
    _DUTCH: {
        OrganisationKind.SCHOOL: "school",
        OrganisationKind.COMPANY: "bedrijf",
        OrganisationKind.CENTRE: "centrum",
        OrganisationKind.PARTNER: "partner",
    },
    _ENGLISH: {
        OrganisationKind.SCHOOL: "school",
        OrganisationKind.COMPANY: "company",
        OrganisationKind.CENTRE: "centre",
        OrganisationKind.PARTNER: "partner",
    },
}

#: The Dutch names that differ in English; the other provinces are called the same.
_PROVINCES_IN_ENGLISH = {
    "Noord-Brabant": "North Brabant",
    "Noord-Holland": "North Holland",
    "Zuid-Holland": "South Holland",
}

_LOCALES = {_DUTCH: "nl_NL", _ENGLISH: "en_GB"}

_LANGUAGES = {
    _DUTCH: {"nl": "het Nederlands", "en": "het Engels"},
    _ENGLISH: {"nl": "Dutch", "en": "English"},
}


def kind_in_words(kind: str, language: Language) -> str:
    """A kind as people say it: 'stage', 'internship'."""
    return _KINDS[language].get(kind, kind)


def theme_in_words(theme: str, language: Language) -> str:
    """A theme as people say it: 'circulaire economie', 'circular economy'."""
    return _THEMES[language].get(theme, theme)


def kinds_in_words(language: Language) -> list[tuple[str, str]]:
    """All kinds to choose from, each with how people say it."""
    return [(kind.value, kind_in_words(kind, language)) for kind in Kind]


def themes_in_words(language: Language) -> list[tuple[str, str]]:
    """All themes to choose from, each with how people say it."""
    return [(theme.value, theme_in_words(theme, language)) for theme in Theme]


def organisation_kind_in_words(kind: str, language: Language) -> str:
    """What sort of organisation it is: 'bedrijf', 'company'."""
    return _ORGANISATION_KINDS[language].get(kind, kind)


def network_in_words(network: str, _: Language) -> str:
    """What a partner network is called."""
    return known().get(network, network)


def province_in_words(province: str, language: Language) -> str:
    """A province's name in the reader's language."""
    return _PROVINCES_IN_ENGLISH.get(province, province) if language is _ENGLISH else province


def scope_in_words(scope: Mapping[str, Sequence[str]], language: Language) -> str:
    """Where an ambassador is active, from an `AmbassadorScope` as JSON: 'Zeeland, energietransitie, 2 organisaties'."""
    provinces = [province_in_words(province, language) for province in scope.get("provinces", ())]
    themes = [theme_in_words(theme, language) for theme in scope.get("themes", ())]
    count = len(scope.get("organisation_ids", ()))
    word = "organisatie" if language is _DUTCH else "organisation"
    organisations = [f"{count} {word}{'s' if count > 1 else ''}"] if count else []
    return ", ".join((*provinces, *themes, *organisations))


#: A reason that brought less than this part of what the first one brought counts only a little.
_LITTLE = 0.35

_HOW_MUCH = {
    _DUTCH: {"most": "telt het zwaarst", "little": "telt licht mee"},
    _ENGLISH: {"most": "counts most", "little": "counts a little"},
}

#: How alike two texts are, from this percentage.
_ALIKE = {
    _DUTCH: (
        (70, "de teksten gaan over hetzelfde"),
        (45, "de teksten lijken op elkaar"),
        (0, "de teksten raken aan elkaar"),
    ),
    _ENGLISH: ((70, "the texts are about the same"), (45, "the texts are alike"), (0, "the texts touch each other")),
}


def reasons_in_words(reasons: Sequence[Reason], language: Language) -> tuple[str, ...]:
    """The reasons of a match, and in words how much they counted: which one most, and which ones a little."""
    most = max((reason.weight for reason in reasons), default=0.0)
    heaviest = next((place for place, reason in enumerate(reasons) if reason.weight == most), None)
    told = []
    for place, reason in enumerate(reasons):
        how_much = "most" if place == heaviest else "little" if reason.weight < _LITTLE * most else ""
        words = reason_in_words(reason, language)
        told.append(f"{words} ({_HOW_MUCH[language][how_much]})" if how_much else words)
    return tuple(told)


def asked_about_in_words(language: Language) -> str:
    """Why a request and an offer are together of which the one is about the other: that is no part of a score."""
    return "gevraagd bij dit aanbod" if language is _DUTCH else "asked about this offer"


def reason_in_words(reason: Reason, language: Language) -> str:
    """One reason of a match, as a short phrase without a capital or a full stop.

    What `reason.value` holds, by code: `same-theme` themes with commas between; `distance` kilometres; `kind` the kind
    asked and the kind offered with a colon between; `meaning` a percentage; `words` the shared words with commas
    between; `same-language` a language code; `period` two dates with a slash between; `level` an mbo level.
    """
    dutch, value = language is _DUTCH, reason.value
    match reason.code:
        case "same-theme":
            themes = [theme_in_words(theme.strip(), language) for theme in value.split(",")]
            return _counted("zelfde thema" if dutch else "same theme", "'s" if dutch else "s", themes)
        case "distance":
            return _distance(value, dutch)
        case "kind":
            asked, _, offered = (kind.strip() for kind in value.partition(":"))
            return _asked_and_offered(asked, offered or asked, language)
        case "meaning":
            return _alike(value, language)
        case "words":
            return f"woorden die passen: {value}" if dutch else f"words that fit: {value}"
        case "same-language":
            tongue = _LANGUAGES[language].get(value, value)
            return f"allebei in {tongue}" if dutch else f"both in {tongue}"
        case "period":
            return _period(value, language)
        case "level":
            return f"mbo-niveau {value}" if dutch else f"MBO level {value}"


def _asked_and_offered(asked: str, offered: str, language: Language) -> str:
    if language is _DUTCH:
        return f"vraagt {kind_in_words(asked, language)}, biedt {kind_in_words(offered, language)}"
    same = "it" if asked in _WITHOUT_ARTICLE else "one"
    return f"asks for {_with_article(asked)}, offers {same if asked == offered else _with_article(offered)}"


def _with_article(kind: str) -> str:
    words = kind_in_words(kind, _ENGLISH)
    if kind in _WITHOUT_ARTICLE:
        return words
    return f"{'an' if words[:1] in 'aeiou' else 'a'} {words}"


def _period(days: str, language: Language) -> str:
    dutch = language is _DUTCH
    try:
        begin, end = (format_date(date.fromisoformat(day), "long", _LOCALES[language]) for day in days.split("/"))
    except ValueError:
        return "in dezelfde periode" if dutch else "in the same period"
    if begin == end:
        return f"kan voor allebei op {begin}" if dutch else f"both are free on {begin}"
    return f"kan voor allebei van {begin} tot en met {end}" if dutch else f"both are free from {begin} until {end}"


def _alike(percentage: str, language: Language) -> str:
    try:
        share = float(percentage.strip().removesuffix("%"))
    except ValueError:
        share = 45.0
    return next((words for least, words in _ALIKE[language] if share >= least), _ALIKE[language][-1][1])


def _counted(word: str, plural: str, things: list[str]) -> str:
    return f"{word}{plural if len(things) > 1 else ''}: {', '.join(things)}"


def _distance(kilometres: str, dutch: bool) -> str:
    try:
        rounded = round(float(kilometres))
    except (ValueError, OverflowError):
        return kilometres
    if rounded < 1:
        return "om de hoek" if dutch else "around the corner"
    return f"{rounded} km verderop" if dutch else f"{rounded} km away"
