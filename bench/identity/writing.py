"""How the same organisation or person is written by different networks; each way of writing has a name.

The ways are those that data people meet in Dutch membership lists: legal forms, 'ROC' in full, towns in names, typos,
another spelling of the domain, initials, 'Achternaam, Voornaam', maiden names. All names are invented.
"""

import random
import string
from collections.abc import Callable
from typing import Any

Record = dict[str, Any]
Change = Callable[[random.Random, Record], None]


def typo(rng: random.Random, text: str) -> str:
    """One slip of the fingers in a word of at least five letters: a swap, a missing, a double or another letter."""
    words = text.split()
    fit = [n for n, word in enumerate(words) if len(word) >= 5 and word.isalpha()]
    if not fit:
        return text
    n = rng.choice(fit)
    word, at = words[n], rng.randrange(1, len(words[n]) - 1)
    words[n] = rng.choice(
        [
            word[:at] + word[at + 1] + word[at] + word[at + 2 :],
            word[:at] + word[at + 1 :],
            word[:at] + word[at] + word[at:],
            word[:at] + rng.choice(string.ascii_lowercase) + word[at + 1 :],
        ]
    )
    return " ".join(words)


def _abbreviation(rng: random.Random, record: Record) -> None:
    for long, short in (
        ("Installatietechniek", "Installatietechn."), ("Bouwbedrijf", "Bouwbedr."), ("Gebroeders", "Gebr."),
        ("Techniek", "Techn."), ("Opleidingen", "Opl."), ("Stichting", "St."), (" en ", " & "),
        ("Centrum voor Innovatief Vakmanschap", "CIV"), ("Regionaal Opleidingencentrum", "ROC"),
    ):  # fmt: skip
        if long in record["name"]:
            record["name"] = record["name"].replace(long, short)
            return
    record["name"] = record["name"].upper() if rng.random() < 0.5 else record["name"].replace(" ", "  ")


def _roc_name(rng: random.Random, record: Record) -> None:
    own = record["own"]
    if record["kind"] == "school":
        sort = record["sort"]
        ways = {
            "roc": [f"Regionaal Opleidingencentrum {own}", f"ROC {own}", f"R.O.C. {own}", f"ROC {own} mbo"],
            "aoc": [f"AOC {own}", f"Agrarisch Opleidingencentrum {own}", f"{own} (AOC)"],
            "mbo": [f"MBO {own}", f"MBO College {own}", f"{own} College", f"mbo-college {own}"],
        }[sort]
        record["name"] = rng.choice(ways)
    elif record["kind"] == "centre":
        ways = [f"CIV {own}", f"Centrum voor Innovatief Vakmanschap {own}", f"{own} CIV"]
        record["name"] = rng.choice(ways)
    else:
        _legal_form(rng, record)


def _legal_form(rng: random.Random, record: Record) -> None:
    bare = record["name"].removesuffix(" BV").removeprefix("Stichting ")
    forms = [f"{bare} B.V.", f"{bare} bv", bare, f"{bare} V.O.F."]
    record["name"] = rng.choice(forms if record["kind"] == "company" else [f"Stichting {bare}", f"St. {bare}", bare])


def _town_in_name(rng: random.Random, record: Record) -> None:
    record["name"] = rng.choice(
        [f"{record['name']} {record['place']}", f"{record['name']}, vestiging {record['place']}"]
    )


def _moved(rng: random.Random, record: Record) -> None:
    record["place"] = rng.choice(record["near"])


def _mistyped(rng: random.Random, record: Record) -> None:
    record["name"] = typo(rng, record["name"])


def _initials_of_name(rng: random.Random, record: Record) -> None:
    words = [word for word in record["own"].replace(" en ", " ").split() if word[0].isupper()]
    if len(words) >= 3:
        record["name"] = "".join(word[0] for word in words)
    else:
        _legal_form(rng, record)


def _renamed(rng: random.Random, record: Record) -> None:
    record["name"] = record["new_name"]


def _other_website(rng: random.Random, record: Record) -> None:
    if record.get("website"):
        record["website"] = rng.choice([f"https://www.{record['website']}/contact", f"WWW.{record['website'].upper()}"])


ORGANISATION_WAYS: dict[str, tuple[int, Change]] = {
    "as it is": (24, lambda rng, record: None),
    "legal form": (16, _legal_form),
    "roc or mbo name": (18, _roc_name),
    "abbreviation": (12, _abbreviation),
    "town in name": (8, _town_in_name),
    "typo": (8, _mistyped),
    "moved": (5, _moved),
    "website": (5, _other_website),
    "initials": (2, _initials_of_name),
    "renamed": (2, _renamed),
}


def _initials(rng: random.Random, record: Record) -> None:
    record["first"] = f"{record['first'][0]}." + (f"{rng.choice('AEJMW')}." if rng.random() < 0.3 else "")


def _last_name_first(rng: random.Random, record: Record) -> None:
    record["order"] = "last"


def _maiden(rng: random.Random, record: Record) -> None:
    record["last"] = rng.choice([f"{record['partner']}-{record['full_last']}", record["partner"]])


def _maiden_double(rng: random.Random, record: Record) -> None:
    record["last"] = f"{record['partner']} - {record['full_last']}"


def _no_small_word(rng: random.Random, record: Record) -> None:
    record["last"] = (
        record["full_last"].replace("van der ", rng.choice(["v.d. ", "v/d ", "van de "])).replace("van ", "")
    )


def _person_typo(rng: random.Random, record: Record) -> None:
    part = rng.choice(["first", "last"])
    record[part] = typo(rng, record[part])


def _title(rng: random.Random, record: Record) -> None:
    record["first"] = f"{rng.choice(['Drs.', 'Ir.', 'mevr.', 'dhr.', 'ing.'])} {record['first']}"


def _everyday_name(rng: random.Random, record: Record) -> None:
    record["first"] = record["other_first"]


def _written_address(rng: random.Random, record: Record) -> None:
    local, _, at = record["email"].partition("@")
    record["email"] = rng.choice([f"{local.title()}@{at}", f"{local}+om@{at}", record["email"].upper()])


def _private_address(rng: random.Random, record: Record) -> None:
    record["email"] = record["private"]


def _moved_school(rng: random.Random, record: Record) -> None:
    """They work elsewhere now: another school, with a mailbox there."""
    record["organisation"] = f"{record['organisation']}-next"
    record["email"] = f"{record['email'].partition('@')[0]}@elders-{record['email'].partition('@')[2]}"


def _new_address_same_school(rng: random.Random, record: Record) -> None:
    record["email"] = f"{record['first'][0].lower()}{rng.randrange(10, 99)}@{record['email'].partition('@')[2]}"


PERSON_WAYS: dict[str, tuple[int, Change]] = {
    "as it is": (24, lambda rng, record: None),
    "address written otherwise": (12, _written_address),
    "initials": (12, _initials),
    "last name first": (8, _last_name_first),
    "maiden name": (10, _maiden),
    "two surnames": (6, _maiden_double),
    "tussenvoegsel": (8, _no_small_word),
    "typo": (10, _person_typo),
    "title": (4, _title),
    "everyday name": (3, _everyday_name),
    "private address": (7, _private_address),
    "second address at school": (2, _new_address_same_school),
    "moved school": (5, _moved_school),
}


def chosen(rng: random.Random, ways: dict[str, tuple[int, Change]]) -> tuple[str, Change]:
    """One way of writing, the frequent ones more often."""
    name = rng.choices(list(ways), weights=[weight for weight, _ in ways.values()])[0]
    return name, ways[name][1]
