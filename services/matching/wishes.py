"""What somebody says that they do not want: 'geen stage maar een gastles', 'zonder gas', 'not for beginners'. Pure.

Neither words nor vectors know what 'geen' does to what follows, so it is taken out before they are made, and kept
apart.
"""

import re
from typing import NamedTuple

#: What is not wanted ends with the clause.
_END = (
    r"(?=[.,;:!?()\n]|\s[–-]\s|$|\b(?:maar|wel|but|want|omdat|zodat|because|dus|of met|"
    r"en (?:we|wij|ik|ze|het|dat))\b)"
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
_SOFTLY = r"(?:(?:liever|liefst|alsjeblieft|dus|ook|echt|absoluut|please|rather|do|definitely) )*"

_UNWANTED = re.compile(
    rf"\b{_SOFTLY}(?<!nog )\b(?:geen|zonder|without)\b(?! (?:\w+ )?{_REFUSES_NOTHING}\b)"
    rf"(?P<without>[^.,;:!?()\n]{{2,90}}?){_END}"
    rf"|\b{_BEFORE_NOT}{_SOFTLY}(?:niet|not|niks)\b(?! (?:alleen|only|te|veel|erg)\b)(?= {_AFTER_NOT}\b)"
    rf"(?P<not>[^.,;:!?()\n]{{2,90}}?){_END}"
    rf"|(?<![\w-])no\b(?! (?:\w+ )?{_REFUSES_NOTHING}\b)(?P<no> [^.,;:!?()\n]{{2,60}}?){_END}",
    re.IGNORECASE,
)
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
    wanted, unwanted, last = [], [], 0
    for found in _UNWANTED.finditer(spoken):
        wanted.append(text[last : found.start()])
        unwanted.append((found["without"] or found["not"] or found["no"]).strip())
        last = found.end()
    return Wishes("".join([*wanted, text[last:]]), tuple(unwanted))
