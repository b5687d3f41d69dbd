"""Who speaks: somebody who has students to place, or somebody who has work and looks for students.

Of an internship and a practice assignment both exist, on both sides. 'Wij zoeken stagiairs' and 'kom bij ons stage
lopen' use the same words and do not help each other; 'onze studenten zoeken een plek' helps both. What tells them apart
is in `voices.txt`.
"""

import math
import re
from functools import cache
from pathlib import Path

from services.matching.plain import plain

FILE = Path(__file__).with_name("voices.txt")

#: A title tells more than a sentence; what is said over and over tells no more than twice.
_TITLE_COUNTS, _SEEN_MAX = 1.5, 2
_CERTAIN = 3.0


def voice_of(title: str, text: str) -> float:
    """1 when surely a school or a student speaks, -1 when somebody who has work for them, 0 when nothing tells."""
    found = 0.0
    for part, counts in ((plain(title), _TITLE_COUNTS), (plain(text), 1.0)):
        found += counts * sum(weight * min(_SEEN_MAX, len(sign.findall(part))) for weight, sign in _signs())
    return math.tanh(found / _CERTAIN)


@cache
def _signs() -> tuple[tuple[float, re.Pattern[str]], ...]:
    """Each sign with its weight: above 0 of a school, below 0 of who has work."""
    found, names, speaks_for = [], {}, 0.0
    for line in FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("["):
            speaks_for = 1.0 if line == "[school]" else -1.0
        elif " = " in line and not speaks_for:
            name, _, pattern = line.partition(" = ")
            names[name] = pattern
        elif line and not line.startswith("#"):
            weight, _, pattern = line.partition(" ")
            for name, its in names.items():
                pattern = pattern.replace("{" + name + "}", its)
            found.append((speaks_for * float(weight), re.compile(pattern)))
    return tuple(found)
