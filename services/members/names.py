"""What names have in common: of organisations with their legal forms, of persons with initials and maiden names. Pure.

A name is written in many ways: 'ROC Vechtdal', 'Regionaal Opleidingencentrum Vechtdal', 'St. R.O.C. Vechtdal'; 'Noor
van der Meer', 'N. v.d. Meer', 'Noor Bakker-van der Meer'. How far two texts are apart in letters is rapidfuzz's work.
"""

import re
import unicodedata
from collections.abc import Sequence
from enum import IntEnum
from typing import NamedTuple

from rapidfuzz.distance import OSA


class Likeness(IntEnum):
    """How like two names are; the higher, the more."""

    OTHER = 0
    PART = 1  # one has what the other has, and more; of persons: an initial, or one of two surnames
    SPELLED = 2  # the same but for a letter or two
    SAME = 3


class OrganisationName(NamedTuple):
    """A name without what is not its own: `core` are its own words, `sorts` what sort of school or centre it says."""

    core: tuple[str, ...]
    sorts: frozenset[str]


class PersonName(NamedTuple):
    """A person's given names or initials, and their surnames without 'van', 'de' and the like."""

    given: tuple[str, ...]
    surnames: tuple[str, ...]


def words(text: str) -> frozenset[str]:
    """A set of words, written so that it can be read."""
    return frozenset(text.split())


#: The most frequent surnames in the Netherlands: who bears one is not known by it.
COMMON_SURNAMES = words(
    "jong jansen janssen vries berg dijk bakker visser smit meijer meyer mulder boer bos vos peters hendriks "
    "dekker leeuwen brouwer wit dijkstra smits graaf meer linden kok jacobs haan vermeulen heuvel veen broek "
    "bruijn bruin schouten beek willems vliet hoekstra maas verhoeven koster dam prins blom huisman wal kuiper "
    "veenstra kramer yilmaz ali mohamed ahmed nguyen kaya demir bouzid amrani post kuipers martens groot"
)

#: What half of the firms of a trade have in their name.
TRADES = words(
    "bouw bouwbedrijf bakkerij techniek installatie installatietechniek installatiebedrijf metaal hout groen "
    "advies transport logistiek horeca zorg energie elektro timmerbedrijf hoveniersbedrijf loonbedrijf garage "
    "autobedrijf schildersbedrijf academie opleidingen school centrum service services nederland regio"
)

_SORTS = (
    (r"regionaal opleidingen ?centrum|r o c|roc", "roc"),
    (r"agrarisch opleidingen ?centrum|a o c|aoc", "aoc"),
    (r"centrum voor innovatief vakmanschap|c i v|civ", "civ"),
    (r"centre of expertise|center of expertise|c o e|coe", "coe"),
    (r"middelbaar beroepsonderwijs|m b o|mbo", "mbo"),
    (r"hogeschool|h b o|hbo", "hbo"),
    (r"lyceum|gymnasium|vmbo|havo|middelbare school", "vo"),
    (r"vakschool", "vakschool"),
    (r"praktijkschool|praktijkonderwijs", "praktijk"),
)
_VAGUE = frozenset({"mbo", "college"})
_LEGAL = words("bv nv vof cv stichting st vereniging ver cooperatie coop ua ba eenmanszaak maatschap firma fa io")
_SMALL = words("de het t een van voor en te in der den and the of op aan locatie vestiging hoofdvestiging")
_SHORT = {
    "gebr": "gebroeders", "inst": "installatie", "techn": "techniek", "bouwbedr": "bouwbedrijf", "ned": "nederland",
    "opl": "opleidingen", "inst.techn": "installatietechniek", "installatietechn": "installatietechniek",
    "elektrotechn": "elektrotechniek", "adv": "advies", "transp": "transport",
}  # fmt: skip
_PREFIXES = words("van de der den het t ter ten te la le el al ben op in vd von v d tot")
_TITLES = words("drs ir ing dr mr prof dhr mevr mw mevrouw heer msc bsc med ma ba mba bed lld phd rc ra")
_CALLED = {
    "bert": "albertus", "ab": "albertus", "jan": "johannes", "hans": "johannes", "johan": "johannes",
    "kees": "cornelis", "cor": "cornelis", "piet": "petrus", "peter": "petrus", "henk": "hendrik", "rik": "hendrik",
    "wim": "willem", "dirk": "diederik", "gert": "gerrit", "gerard": "gerardus", "klaas": "nicolaas",
    "ans": "johanna", "hanneke": "johanna", "anneke": "johanna", "riet": "maria", "ria": "maria", "marijke": "maria",
    "trudy": "geertruida", "truus": "geertruida", "els": "elisabeth", "liesbeth": "elisabeth", "bea": "beatrix",
    "mo": "mohammed", "mohamed": "mohammed", "sjaak": "jacobus", "koos": "jacobus", "jaap": "jacobus",
}  # fmt: skip


def plain(text: str) -> str:
    """Small letters without accents, and a space for every sign that is no letter or digit."""
    without = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("ø", "o").replace("Ø", "O"))
    letters = "".join(c for c in without if not unicodedata.combining(c)).casefold()
    return re.sub(r"[^a-z0-9]+", " ", letters.replace("&", " en ").replace("’", "'")).strip()


def organisation_name(text: str, places: Sequence[str] = ()) -> OrganisationName:
    """The words of an organisation's name that are its own; towns in `places` are not, if others are left."""
    bare = re.sub(r"\b(b|n) v\b", r"\1v", re.sub(r"\bv o f\b", "vof", plain(text)))
    sorts = set()
    for pattern, sort in _SORTS:
        bare, found = re.subn(rf"\b(?:{pattern})\b", " ", bare)
        if found:
            sorts.add(sort)
    words = [_SHORT.get(word, word) for word in bare.split()]
    own = [word for word in words if word not in _LEGAL and word not in _SMALL]
    if "college" in own and len(own) > 1:
        own.remove("college")
        sorts.add("college")
    of_towns = {word for place in places for word in plain(place).split()}
    core = [word for word in own if word not in of_towns] or own
    return OrganisationName(tuple(dict.fromkeys(core)) or tuple(words), frozenset(sorts))


def likeness_of_organisations(one: OrganisationName, other: OrganisationName) -> Likeness:
    """How like the own words of two names are, in whatever order, written together or apart."""
    if not one.core or not other.core:
        return Likeness.OTHER
    if set(one.core) == set(other.core) or "".join(one.core) == "".join(other.core):
        return Likeness.SAME
    if len(one.core) == len(other.core) and _paired(one.core, other.core):
        return Likeness.SPELLED
    if is_slip("".join(one.core), "".join(other.core)):
        return Likeness.SPELLED
    fewer, more = sorted((one.core, other.core), key=len)
    if _paired(fewer, more) and any(len(word) >= 4 and word not in TRADES for word in fewer):
        return Likeness.PART
    return Likeness.PART if _is_initials(fewer, more) else Likeness.OTHER


def sorts_clash(one: OrganisationName, other: OrganisationName) -> bool:
    """Whether two names say that they are different sorts of school: a ROC is no AOC of the same valley.

    'mbo' and 'college' are said of many sorts, so they clash only with a school of another level.
    """
    if {"vo", "hbo", "praktijk"} & (one.sorts ^ other.sorts) and one.sorts and other.sorts:
        return True
    mine, theirs = one.sorts - _VAGUE, other.sorts - _VAGUE
    return bool(mine and theirs and not mine & theirs)


def sorts_agree(one: OrganisationName, other: OrganisationName) -> bool:
    """Whether both names say the same sort of school, or both none: 'Vlierdal College' may be a ROC, or the AOC."""
    return one.sorts - _VAGUE == other.sorts - _VAGUE


def is_distinctive(name: OrganisationName) -> bool:
    """Whether a name is hardly borne by two in one town: not a common surname with a trade."""
    return any(
        len(word) >= 4 and word not in TRADES and word not in COMMON_SURNAMES and not word.isdigit()
        for word in name.core
    )


def person_name(text: str) -> PersonName:
    """The parts of a person's name as Dutch people write them, 'Meer, N. van der' too."""
    if "," in text:
        last, _, first = text.partition(",")
        text = f"{first} {last}"
    text = re.sub(r"\s*[-‐–]\s*", "-", re.sub(r"\bv\.?\s?d\.?\s", "van de ", text))
    words = [word for word in text.replace("'", " ").split() if plain(word).replace(" ", "") not in _TITLES]
    if not words:
        return PersonName((), ())
    split = next((n for n, word in enumerate(words) if n and plain(word) in _PREFIXES), len(words) - 1) or 0
    given = tuple(part for word in words[:split] for part in _given(word))
    surnames = []
    for part in " ".join(words[split:]).split("-"):
        own = [word for word in plain(part).split() if word not in _PREFIXES]
        if own:
            surnames.append("".join(own))
    return PersonName(given, tuple(surnames))


def likeness_of_given(one: PersonName, other: PersonName) -> Likeness:
    """`PART` when one is only an initial of the other; a name for every day is the one of the passport."""
    if not one.given or not other.given:
        return Likeness.PART
    mine, theirs = one.given[0], other.given[0]
    if len(mine) == 1 or len(theirs) == 1:
        return Likeness.PART if mine[0] == theirs[0] else Likeness.OTHER
    if mine == theirs:
        return Likeness.SAME
    if _CALLED.get(mine, mine) == _CALLED.get(theirs, theirs) or is_slip(mine, theirs):
        return Likeness.SPELLED
    return Likeness.OTHER


def likeness_of_surnames(one: PersonName, other: PersonName) -> Likeness:
    """`PART` when they share one of two: a maiden name is kept, left or added."""
    mine, theirs = set(one.surnames), set(other.surnames)
    if mine == theirs:
        return Likeness.SAME
    if mine & theirs:
        return Likeness.PART
    if len(mine) == len(theirs) and _paired(one.surnames, other.surnames):
        return Likeness.SPELLED
    return Likeness.OTHER


def is_common(name: PersonName) -> bool:
    """Whether many bear this surname."""
    return all(surname in COMMON_SURNAMES for surname in name.surnames)


def is_slip(one: str, other: str) -> bool:
    """Whether two words are the same but for a slip: one letter in a word of five, two in one of ten."""
    allowed = min(len(one), len(other)) // 5
    return one == other or OSA.distance(one, other, score_cutoff=min(allowed, 2)) <= min(allowed, 2)


def _given(word: str) -> list[str]:
    """A given name, or initials: each of 'J.W.' and 'Th.' is one letter."""
    if "." in word or (word.isupper() and len(word) <= 3):
        return [part[0] for part in plain(word).split()] if "." in word else list(plain(word))
    return plain(word).split()


def _paired(fewer: Sequence[str], more: Sequence[str]) -> bool:
    """Whether every word of one has its own word among the other's, but for a slip or a shortening."""
    left = list(more)
    for word in fewer:
        twin = next((o for o in left if o == word), None) or next((o for o in left if _is_twin(word, o)), None)
        if twin is None:
            return False
        left.remove(twin)
    return True


def _is_twin(one: str, other: str) -> bool:
    shorter, longer = sorted((one, other), key=len)
    return is_slip(one, other) or (len(shorter) >= 4 and longer.startswith(shorter) and len(longer) - len(shorter) >= 3)


def _is_initials(fewer: Sequence[str], more: Sequence[str]) -> bool:
    return len(fewer) == 1 and len(more) >= 3 and fewer[0] == "".join(word[0] for word in more)
