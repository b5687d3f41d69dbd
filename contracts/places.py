"""Dutch places by name: the closed list that members and requests share, in `places.tsv` beside this file.

A place is a town or a village, never an address. The list comes from GeoNames and was made once, by
`python -m contracts.extract_places`; nothing is looked up outside the process.
"""

import difflib
import re
import unicodedata
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from importlib import resources

from contracts.members import Place

PROVINCES = (
    "Drenthe",
    "Flevoland",
    "Friesland",
    "Gelderland",
    "Groningen",
    "Limburg",
    "Noord-Brabant",
    "Noord-Holland",
    "Overijssel",
    "Utrecht",
    "Zeeland",
    "Zuid-Holland",
)

_OTHER_PROVINCE_NAMES = {"fryslan": "Friesland", "brabant": "Noord-Brabant"}

#: No Dutch place name is longer; whatever is typed beyond it cannot make a lookup slow.
_NAME_LENGTH_MAX = 64

#: So many places are named when somebody writes one that there is not.
SPELLED_LIKE_MAX = 5


class UnknownPlace(ValueError):
    """No place has this name (in this province); `candidates` are places spelled like it, or elsewhere."""

    def __init__(self, name: str, candidates: tuple[Place, ...]) -> None:
        super().__init__("no place in the Netherlands is known by this name")
        self.name, self.candidates = name, candidates


class AmbiguousPlace(ValueError):
    """Several places have this name; `provinces` are those to choose from, the largest place's first."""

    def __init__(self, name: str, provinces: tuple[str, ...]) -> None:
        super().__init__("several places have this name: choose the province")
        self.name, self.provinces = name, provinces


class UnknownProvince(ValueError):
    """There is no such province."""

    def __init__(self, name: str) -> None:
        super().__init__("the Netherlands have no such province")
        self.name = name


@dataclass(frozen=True)
class _Entry:
    place: Place
    inhabitants: int


def find_place(name: str, province: str | None = None) -> Place:
    """The place with this name, whatever its capitals, hyphens and accents; `province` narrows the search.

    Raises `UnknownPlace`, `AmbiguousPlace` or `UnknownProvince`.
    """
    wanted = find_province(province) if province else None
    found = [entry for entry in _index().get(_folded(name), ()) if wanted in (None, entry.place.province)]
    if not found:
        raise UnknownPlace(name, _spelled_like(name, wanted))
    if len(found) > 1:
        raise AmbiguousPlace(name, tuple(entry.place.province for entry in found))
    return found[0].place


def every_place() -> tuple[Place, ...]:
    """All places: one dot each makes a map of the country."""
    return tuple({id(entry): entry.place for entries in _index().values() for entry in entries}.values())


def find_province(name: str) -> str:
    """The province's name as we write it. Raises `UnknownProvince`."""
    folded = _folded(name)
    for province in PROVINCES:
        if _folded(province) == folded:
            return province
    if folded in _OTHER_PROVINCE_NAMES:
        return _OTHER_PROVINCE_NAMES[folded]
    raise UnknownProvince(name)


def suggest(typed: str, limit: int = 10) -> tuple[Place, ...]:
    """The places whose name begins with what was typed so far, the largest first."""
    start = _folded(typed)
    if not start:
        return ()
    begun = {id(entry): entry for key, entries in _index().items() if key.startswith(start) for entry in entries}
    largest_first = sorted(begun.values(), key=lambda entry: -entry.inhabitants)
    return tuple(entry.place for entry in largest_first[:limit])


def _spelled_like(name: str, province: str | None) -> tuple[Place, ...]:
    index, folded = _index(), _folded(name)
    elsewhere = [entry.place for entry in index.get(folded, ())]
    near = difflib.get_close_matches(folded, index, n=3 * SPELLED_LIKE_MAX, cutoff=0.7)
    places = [entry.place for key in near for entry in index[key] if province in (None, entry.place.province)]
    return tuple(dict.fromkeys([*elsewhere, *places]))[:SPELLED_LIKE_MAX]


def _folded(name: str) -> str:
    """The letters and digits alone, without capitals and accents: `'s-Gravenhage` becomes `sgravenhage`."""
    decomposed = unicodedata.normalize("NFKD", name[:_NAME_LENGTH_MAX]).casefold()
    return re.sub(r"[\W_]", "", "".join(letter for letter in decomposed if not unicodedata.combining(letter)))


@cache
def _index() -> dict[str, list[_Entry]]:
    """The entries by every name they go by, folded; of several with one name the largest is first."""
    index: dict[str, list[_Entry]] = defaultdict(list)
    table = resources.files("contracts").joinpath("places.tsv").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line.startswith("#"):
            continue
        name, province, latitude, longitude, inhabitants, also = line.split("\t")
        place = Place(name=name, province=province, latitude=float(latitude), longitude=float(longitude))
        entry = _Entry(place, int(inhabitants))
        for known_as in dict.fromkeys(_folded(text) for text in (name, *also.split("|")) if text):
            index[known_as].append(entry)
    for entries in index.values():
        entries.sort(key=lambda entry: -entry.inhabitants)
    return dict(index)
