"""Makes the set, each time the same: from one seed.

Every entity is told by one to four networks, each in its own way. Beside them stand those that look alike and are not
the same: a ROC and an AOC of one valley, schools of one foundation, a centre on its school's domain and KVK number,
daughters of a holding, namesakes at one school, a shared mailbox, a number copied from the wrong line.
"""

import random
from collections.abc import Iterator
from typing import Any

from bench.identity.writing import ORGANISATION_WAYS, PERSON_WAYS, Record, chosen
from contracts.places import find_place

SEED = 20261126
SPLITS = {"tune": 0, "test": 1}
ORGANISATIONS, PERSONS = 360, 360  # of each split, before those that look alike
LARGE_SCHOOLS = 12  # where several people bear one frequent name

_NETWORKS = ("duurzaam-mbo", "het-groene-brein-roots", "katapult", "leren-voor-morgen")


def _words(text: str) -> list[str]:
    """A list of words, written so that it can be read."""
    return text.split()


_BEGIN = _words(
    "Vlier Elzen Berken Ravel Mordel Zilver Hazel Wolver Kever Distel Kraan Reiger Otter Linge Vorden Hessel"
)
_END = _words("dal kamp veld horst broek beek rijk burg mark stroom land oord weide stede gaarde")
_TRADES = _words(
    "Installatietechniek Bouwbedrijf Bakkerij Metaal Techniek Houtbouw Hoveniersbedrijf Elektro Zorg Advies"
)
_WORDS = _words("Zonnevonk Groendak Kringloop Windvang Waterwijs Houtkracht Slimspoor Bodemrijk Warmtewerk Duurkracht")
_FIRST = _words(
    "Noor Femke Sanne Yara Lotte Iris Roos Mila Saar Esra Bram Daan Sem Tijn Joris Ruben Stijn Youssef Tamer Koen"
)
_TWO = {"Wim": "Willem", "Henk": "Hendrik", "Kees": "Cornelis", "Ria": "Maria", "Els": "Elisabeth", "Klaas": "Nicolaas"}
_LAST_BEGIN = _words("Wester Ooster Hage Groene Kruis Molen Veld Snoek Ter Apel Nijen Rave")
_LAST_END = _words("sma kamp huis mans stra hof beld laar donk veen wijk hout ink berg")
_COMMON = ["de Jong", "Jansen", "de Vries", "van den Berg", "Bakker", "Visser", "Smit", "Mulder", "Yilmaz", "de Boer"]
_SMALL = ["", "", "", "van der ", "van ", "de ", "ter "]
_TOWNS = _words(
    "Zwolle Deventer Apeldoorn Amersfoort Utrecht Zeist Tilburg Breda Venlo Roermond Assen Emmen Leeuwarden "
    "Sneek Gouda Delft Alkmaar Hoorn Almere Lelystad Goes Middelburg Doetinchem Enschede"
)


def made(split: str) -> dict[str, Record]:
    """The records of a half by id; `is` is the truth, `way` how it was written."""
    return {record["id"]: record for record in _make(SEED + SPLITS[split])}


def _make(seed: int) -> Iterator[Record]:
    rng = random.Random(seed)
    schools: list[Record] = []
    taken: set[tuple[str, str]] = set()
    mailboxes: set[str] = set()
    for n in range(ORGANISATIONS):
        true = _organisation(rng, n)
        while (true["own"], true["place"]) in taken:  # who are called the same in one town are told apart below
            true = _organisation(rng, n)
        taken.add((true["own"], true["place"]))
        schools += [true] if true["kind"] == "school" else []
        yield from _told(rng, true, f"o{n}")
        if n % 3 == 0:
            yield from _told(rng, _like_organisation(rng, true, n), f"o{n}x", most=2)
    for n in range(PERSONS):
        true = _person(rng, schools)
        while true["email"] in mailboxes:  # one mailbox is of one person, but for those of a whole office
            true = _person(rng, schools)
        mailboxes.add(true["email"])
        like = _like_person(rng, true) if n % 3 == 0 else None
        yield from _told(rng, true, f"p{n}")
        if like:
            yield from _told(rng, like, f"p{n}x", most=2)
    for n in range(LARGE_SCHOOLS):
        for m, one in enumerate(_namesakes(rng)):
            yield from _told(rng, one | {"organisation": f"large-{n}"}, f"l{n}-{m}", most=2)


def _organisation(rng: random.Random, n: int) -> Record:
    kind = rng.choices(["school", "company", "centre", "partner"], weights=[35, 45, 12, 8])[0]
    own = f"{rng.choice(_BEGIN)}{rng.choice(_END)}"
    sort = rng.choice(["roc", "aoc", "mbo"])
    if kind == "school":
        name = f"{ {'roc': 'ROC', 'aoc': 'AOC', 'mbo': 'MBO College'}[sort] } {own}".strip()
    elif kind == "centre":
        own = f"{rng.choice(_WORDS)} {own}"
        name = f"CIV {own}"
    elif kind == "company":
        style = rng.random()
        last = _last(rng)
        if style < 0.4:
            own = f"{rng.choice(_WORDS)} {own}"
        elif style < 0.75:
            own = f"{rng.choice(_TRADES)} {last}"
        elif style < 0.9:
            own = f"Gebroeders {last} {rng.choice(_TRADES)}"
        else:
            own = f"{rng.choice(_WORDS)} {own} en {rng.choice(_TRADES)}"
        name = f"{own} BV"
    else:
        own = f"{rng.choice(_WORDS)} {own}"
        name = f"Stichting {own}"
    place = rng.choice(_TOWNS)
    site = own.casefold().replace(" ", "")
    return {
        "thing": "organisation", "kind": kind, "name": name, "own": own, "sort": sort, "place": place,
        "near": _near(place), "new_name": f"{rng.choice(_BEGIN)}{rng.choice(_END)} {rng.choice(['Groep', 'College'])}",
        "brin": _brin(rng, "ABCDEFGH") if kind == "school" else None,
        "kvk": f"{rng.randrange(30000000, 89999999)}", "website": f"{site}{n}.example",
    }  # fmt: skip


def _like_organisation(rng: random.Random, true: Record, n: int) -> Record:
    """One that looks like it, and is another."""
    other = dict(_organisation(rng, 10_000 + n), place=true["place"], near=true["near"])
    other["kind"] = true["kind"]
    other["brin"] = other["brin"] if true["kind"] == "school" else None
    if true["kind"] == "school":
        other["brin"] = _brin(rng, "MNPQR")
        way = rng.choice(["other sort", "one foundation", "centre of the school"])
        if way == "other sort":
            other["sort"] = {"roc": "aoc", "aoc": "roc", "mbo": "aoc"}[true["sort"]]
            other["own"] = true["own"]
            other["name"] = f"{other['sort'].upper()} {true['own']}"
        elif way == "one foundation":
            other["own"], other["sort"] = f"{rng.choice(_BEGIN)}{rng.choice(_END)}", "mbo"
            other["name"] = f"MBO {other['own']}"
            other["kvk"], other["website"] = true["kvk"], true["website"]
        else:
            other |= {"kind": "centre", "brin": None, "kvk": true["kvk"], "website": true["website"]}
            other["own"] = f"{rng.choice(_WORDS)} {true['own']}"
            other["name"] = f"CIV {other['own']}"
    elif true["kind"] == "company":
        way = rng.choice(["daughter", "same family", "elsewhere", "wrong line"])
        words = true["own"].split()
        if way == "daughter":
            other["own"] = f"{true['own']} {rng.choice(['Academie', 'Vastgoed', 'Verhuur'])}"
            other["website"] = true["website"]
        elif way == "same family":
            trade = rng.choice([t for t in _TRADES if t not in words])
            other["own"] = " ".join([trade, *words[1:]]) if len(words) > 1 else f"{true['own']} {trade}"
        elif way == "elsewhere":
            other["own"] = true["own"]
            other["place"] = rng.choice([t for t in _TOWNS if t != true["place"] and t not in true["near"]])
        else:
            other["kvk"] = true["kvk"]
        other["name"] = f"{other['own']} BV"
    else:
        word, valley = true["own"].split()
        other["own"] = f"{rng.choice([other for other in _WORDS if other != word])} {valley}"
        other["name"] = true["name"].replace(true["own"], other["own"])
    return other


def _person(rng: random.Random, schools: list[Record]) -> Record:
    first = rng.choice([*_FIRST, *_TWO])
    last = rng.choice(_COMMON) if rng.random() < 0.3 else rng.choice(_SMALL) + _last(rng)
    school = rng.randrange(len(schools))
    plain_last = last.replace(" ", "").casefold()
    return {
        "thing": "person", "first": first, "other_first": _TWO.get(first, first), "last": last, "full_last": last,
        "partner": _last(rng), "order": "first",
        "email": f"{first[0].casefold()}.{plain_last}@{schools[school]['website']}",
        "private": f"{first.casefold()}{plain_last}{rng.randrange(100)}@mail.example",
        "phone": f"+316{rng.randrange(10_000_000, 99_999_999)}", "organisation": f"school-{school}",
    }  # fmt: skip


def _namesakes(rng: random.Random) -> Iterator[Record]:
    """People of one name at one large school, each with a mailbox of their own there, and some with one at home."""
    school = f"{rng.choice(_BEGIN)}{rng.choice(_END)}".casefold()
    first, last = rng.choice(_FIRST), rng.choice(_COMMON)
    for n in range(rng.randrange(2, 5)):
        one = _person(rng, [{"website": f"{school}.example"}])
        one |= {"first": first, "other_first": first, "last": last, "full_last": last}
        plain = last.replace(" ", "").casefold()
        one["email"] = f"{first[0].casefold()}.{plain}{n or ''}@{school}.example"
        yield one


def _like_person(rng: random.Random, true: Record) -> Record:
    other = _person(rng, [{"website": true["email"].partition("@")[2]}]) | {"organisation": true["organisation"]}
    way = rng.choice(["namesake", "same initial", "shared mailbox", "family mailbox", "colleague", "sister"])
    if way == "namesake":  # frequent names, two mailboxes at one school
        true_last = rng.choice(_COMMON)
        other |= {"first": true["first"], "last": true["last"], "full_last": true["last"]}
        if true["last"] not in _COMMON:
            other |= {"first": rng.choice(_FIRST), "last": true_last, "full_last": true_last}
        other["email"] = f"{true['email'].partition('@')[0]}2@{true['email'].partition('@')[2]}"
    elif way == "same initial":
        other["first"] = next(name for name in [*_FIRST, *_TWO] if name != true["first"])
        other |= {"last": true["last"], "full_last": true["last"], "email": f"x.{other['email']}"}
    elif way == "shared mailbox":
        mailbox = rng.choice(["stage", "info", "bpv", "administratie"])
        true["email"] = other["email"] = f"{mailbox}@{true['email'].partition('@')[2]}"
    elif way == "family mailbox":
        other |= {"last": true["last"], "full_last": true["last"]}
        other |= {"private": true["private"], "email": true["private"]}
        other["first"] = next(name for name in reversed(_FIRST) if name != true["first"])
    elif way == "sister":
        other |= {"last": true["last"], "full_last": true["last"], "phone": true["phone"]}
        other["first"] = next(name for name in _FIRST[5:] if name[0] != true["first"][0])
    return other


def _told(rng: random.Random, true: Record, which: str, most: int = 4) -> Iterator[Record]:
    """The entity as one to `most` networks tell of it, with what each of them happens to have."""
    for n, network in enumerate(rng.sample(_NETWORKS, rng.randrange(1, most + 1))):
        record = dict(true)
        way, change = chosen(rng, ORGANISATION_WAYS if true["thing"] == "organisation" else PERSON_WAYS)
        if n == 0:
            way, change = "as it is", lambda rng, record: None
        change(rng, record)
        told: dict[str, Any] = {"id": f"{which}-{n}", "is": which, "network": network, "way": way}
        if true["thing"] == "organisation":
            known = {"brin": 0.75, "kvk": 0.7 if true["kind"] == "company" else 0.35, "website": 0.8}
            told |= {name: record[name] for name in ("thing", "kind", "name", "place")}
            told |= {name: record[name] for name, share in known.items() if record[name] and rng.random() < share}
        else:
            name = f"{record['first']} {record['last']}"
            if record["order"] == "last":
                small, _, bare = record["last"].rpartition(" ")
                name = f"{bare}, {record['first']} {small}".strip()
            told |= {"thing": "person", "name": name, "email": record["email"], "organisation": record["organisation"]}
            told |= {"phone": record["phone"]} if rng.random() < 0.5 else {}
        yield told


def _brin(rng: random.Random, letters: str) -> str:
    return f"{rng.randrange(10, 99)}{rng.choice(letters)}{rng.choice('ABCDEFGHJKL')}"


def _last(rng: random.Random) -> str:
    return f"{rng.choice(_LAST_BEGIN)}{rng.choice(_LAST_END)}"


def _near(place: str) -> list[str]:
    here = find_place(place)
    return [t for t in _TOWNS if t != place and _km(here, find_place(t)) < 30] or [place]  # type: ignore[arg-type]


def _km(a: Any, b: Any) -> float:
    return float(((a.latitude - b.latitude) * 111) ** 2 + ((a.longitude - b.longitude) * 68) ** 2) ** 0.5
