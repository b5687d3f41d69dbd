"""What somebody says that they do not want: 'geen stage maar een gastles', 'zonder gas', 'not for beginners'. Pure.

Neither words nor vectors know what 'geen' does to what follows, so it is taken out before they are made, and kept
apart.
"""

import re
from typing import NamedTuple

from contracts.vocabulary import Language
from services.matching.kin import ideas
from services.matching.lexicon import base_form

#: What is not wanted ends with the clause.
_END = (
    r"(?=[.,;:!?()\n]|\s[–-]\s|$|\b(?:maar|wel|but|want|omdat|zodat|because|dus|of met|"
    r"en (?:we|wij|ik|ze|het|dat|zoek(?:t|en)?|vra(?:ag|gen)|wil(?:len)?)|zoek (?:ik|jij)|zoeken (?:we|wij))\b)"
)

#: 'Geen probleem' and the like refuse nothing.
_REFUSES_NOTHING = (
    r"(?:probleem|problemen|bezwaar|punt|ramp|idee|ervaring|tijd|geld|haast|enkele?|kosten|zin|moeite|verstand|benul|"
    r"wonder|nood|verbouwing|voorkennis|zorgen|problem|idea|experience|need|more|matter|rush|later|less)"
)

#: 'Niet' before a verb says what somebody cannot or does not know, and before these what they do not want.
_AFTER_NOT = (
    r"(?:over|voor|naar|achter|met|in|van|op|bij|door|tussen|uit de|weer|nog|de|het|een|"
    r"about|for|a|an|the|on|with|another|looking)"
)
_BEFORE_NOT = "".join(
    f"(?<!{verb} )"
    for verb in "weet weten snap snappen begrijpen kan kunnen gaat lukt alleen durven".split()  # noqa: SIM905
)
_SOFTLY = r"(?:(?:liever|liefst|alsjeblieft|dus|ook|echt|absoluut|please|rather|do|definitely) ){0,4}"

_UNWANTED = re.compile(
    rf"\b{_SOFTLY}(?<!nog )\b(?:geen|(?P<only>zonder|without))\b(?! (?:\w+ )?{_REFUSES_NOTHING}\b)"
    rf"(?P<without>[^.,;:!?()\n]{{2,90}}?){_END}"
    rf"|\b{_BEFORE_NOT}{_SOFTLY}(?:niet|not|niks)\b(?! (?:alleen|only|te|veel|erg)\b)(?= {_AFTER_NOT}\b)"
    rf"(?P<not>[^.,;:!?()\n]{{2,90}}?){_END}"
    rf"|(?<![\w-])no\b(?! (?:\w+ )?{_REFUSES_NOTHING}\b)(?P<no> [^.,;:!?()\n]{{2,60}}?){_END}",
    re.IGNORECASE,
)
#: Who has, finds or gets none of it lacks it: that is rather what is asked for. Just before 'geen', and after it.
_LACKS = re.compile(
    r"\b(?:heb|hebt|heeft|hebben|had|hadden|krijgt?|krijgen|kregen|vindt?|vinden|is er|er is|zijn er|er zijn|"
    r"have|has|had|get|find|there (?:is|are))(?: [\w'-]+){0,3} $",
    re.IGNORECASE,
)
_LACKED = re.compile(r"\b(?:vinden|vond|vonden|krijgen|kregen)\b", re.IGNORECASE)
_WISHES_NONE = re.compile(r" (?:behoefte|interesse|belangstelling|interest)\b", re.IGNORECASE)
_WILLS = re.compile(r"\b(?:wil|willen|hoef|hoeft|hoeven|want|liever|liefst)\b[^.,;:!?()\n]*$", re.IGNORECASE)

#: 'Bouwen zonder afval' is about waste; 'een gastles, zonder powerpoint' is not about that.
_CLAUSE_BEGINS = re.compile(r"(?:^|[.,;:!?()\n]|[–-]\s)\s*(?:(?:en|maar|dus|but|and) )?$")

_MARKS = re.compile(r"\b(?:geen|zonder|without|niet|not|niks|no)\b", re.IGNORECASE)
_STRESSED = str.maketrans("íéÍÉ", "ieIE")


class Wishes(NamedTuple):
    """What a text asks or offers, and what it says that it does not."""

    wanted: str
    unwanted: tuple[str, ...]


def wishes_in(text: str) -> Wishes:
    """Takes apart what is wanted and what is not."""
    spoken = text.translate(_STRESSED)  # 'níet' and 'géén'; the length stays the same
    if not _MARKS.search(spoken):
        return Wishes(text, ())
    wanted, unwanted, last, place = [], [], 0, 0
    while found := _UNWANTED.search(spoken, place):
        refused = next(group for group in ("without", "not", "no") if found[group])
        if refused != "not" and not _is_refused(spoken, found, found[refused]):
            place = found.start(refused)
            continue
        wanted.append(text[last : found.start()])
        unwanted.append(found[refused].strip())
        last = place = found.end()
    return Wishes("".join([*wanted, text[last:]]), tuple(unwanted))


def _is_refused(text: str, found: re.Match[str], phrase: str) -> bool:
    """Whether what follows 'geen' or 'zonder' is not wanted, and not what is lacked or what it is about."""
    before = text[: found.start()]
    if found["only"]:
        return bool(_CLAUSE_BEGINS.search(before)) or _has_a_word_for_free_of(phrase)
    if _WISHES_NONE.match(phrase) or _WILLS.search(before + found[0].removesuffix(phrase)):
        return True
    return not (_LACKS.search(before) or _LACKED.search(phrase))


def _has_a_word_for_free_of(phrase: str) -> bool:
    """Of a greenhouse 'zonder gas' people say 'gasvrij': they look for another one than with gas."""
    return any(f"{base_form(word, Language.DUTCH)}vrij" in ideas() for word in phrase.lower().split())
