"""A day of a partner network, made up: what happens, told in that network's own words, the same for the same seed.

Organisations, persons, questions and offers come in, change, come twice, late and out of order, are withdrawn, and now
and then are wrong. (A meeting is some weeks from today.) The words are those of the network's profile, read backwards;
what it has none for is told in ours.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from contracts.networks import known
from contracts.vocabulary import Kind, Network, OrganisationKind, Theme
from node.partner_files import Row
from services.partners.profiles import Profile, profile_of
from services.partners.rules import TYPE_BEGIN, TYPE_END, WITHDRAWN

PLACES = (
    "Zwolle",
    "Deventer",
    "Enschede",
    "Almelo",
    "Apeldoorn",
    "Arnhem",
    "Nijmegen",
    "Amersfoort",
    "Utrecht",
    "Gouda",
)
RIVERS = (
    "Vecht",
    "IJssel",
    "Dinkel",
    "Regge",
    "Linge",
    "Eem",
    "Rotte",
    "Schie",
    "Amstel",
    "Zaan",
    "Maas",
    "Geul",
    "Aa",
)
FIRST = ("Noor", "Daan", "Fatima", "Sem", "Lotte", "Youssef", "Eva", "Bram", "Aylin", "Jesse", "Roos", "Ibrahim")
LAST = ("van der Meer", "de Groot", "Yilmaz", "Bakker", "El Amrani", "Visser", "Jansen", "Smit", "Postma", "Hoekstra")
OF_KIND = {
    OrganisationKind.SCHOOL: "{river}dal College",
    OrganisationKind.COMPANY: "{river}stroom Techniek BV",
    OrganisationKind.CENTRE: "CIV {river}land",
    OrganisationKind.PARTNER: "Stichting {river}oever",
}
ABOUT = {
    Theme.ENERGY_TRANSITION: ("warmtepompen", "Onze studenten leren een warmtepomp inregelen en zoeken een echt huis."),
    Theme.CIRCULAR_ECONOMY: ("hergebruik van hout", "Wij willen sloophout een tweede leven geven, met meten en zagen."),
    Theme.DIGITALISATION: ("sensoren in de kas", "Meten van vocht en licht, en zien wat de cijfers betekenen."),
    Theme.SUSTAINABLE_BUILDING: ("bouwen met stro", "Een wand van stro, van tekening tot pleister."),
    Theme.FOOD_AND_AGRICULTURE: (
        "groente van dichtbij",
        "Van de akker naar het bord, met weinig kilometers.",
    ),
}

#: What each network mostly tells, besides organisations and persons.
TELLS: dict[str, tuple[str, ...]] = {
    Network.DUURZAAM_MBO: ("question", "tip", "tip", "meeting", "offer"),
    Network.ROOTS: ("ambassador", "question", "offer"),
    Network.KATAPULT: ("centre", "question", "offer", "offer"),
    Network.LEREN_VOOR_MORGEN: ("question", "offer", "meeting"),
}

#: Of what was told: comes twice; changes; is withdrawn; is told of after all an older one; is wrong.
TWICE, CHANGES, WITHDRAWS, OLDER, WRONG = 0.08, 0.15, 0.06, 0.04, 0.06

Data = dict[str, Any]


class Planned(NamedTuple):
    """An event, and how it ends."""

    event: Row
    ends: str


def day(network: str, source: str, count: int, seed: int) -> list[Planned]:
    """The events of a day in the order in which they are sent: at least `count`, and then the last to be withdrawn."""
    return _Day(network, source, seed).planned(count)


class _Day:
    def __init__(self, network: str, source: str, seed: int) -> None:
        self.network, self.source, self.seed = network, source, seed
        self.random, self.profile = Random(f"{network} {seed}"), profile_of(network)  # a game, no secret
        self.people: list[str] = []
        self.organisations: list[str] = []
        self.sent = 0

    def planned(self, count: int) -> list[Planned]:
        """Things are told in any order, but of one thing in turn, so that it is known which telling counts."""
        streams: list[list[Planned]] = []
        while sum(map(len, streams)) < count:
            streams.append(list(self._of_one_thing(len(streams))))
        order = [number for number, stream in enumerate(streams) for _ in stream]
        self.random.shuffle(order)
        turns = [iter(stream) for stream in streams]
        return [next(turns[number]) for number in order]

    def _of_one_thing(self, number: int) -> Iterator[Planned]:
        kind = self._kind(number)
        subject, data = f"{kind}-{number}", self._data(kind, number)
        if len(self.people) and self.random.random() < WRONG and kind not in ("organisation", "person"):
            yield self._event(kind, subject, self._wrong(data), 1, ends="rejected")
            return
        told = self._event(kind, subject, data, 2)
        yield told
        if self.random.random() < TWICE:
            yield told
        if self.random.random() < OLDER:
            yield self._event(kind, subject, data, 1)
        if self.random.random() < CHANGES:
            yield self._event(kind, subject, self._changed(data), 3)
        if kind not in ("organisation", "person") and self.random.random() < WITHDRAWS:
            yield self._event(kind + WITHDRAWN, subject, None, 4)
        if kind == "organisation":
            self.organisations.append(subject)
        elif kind == "person":
            self.people.append(subject)

    def _kind(self, number: int) -> str:
        if number < 3 or self.random.random() < 0.12:
            return "organisation"
        if number < 6 or self.random.random() < 0.2:
            return "person"
        return self.random.choice(TELLS.get(self.network, ("question", "offer")))

    def _data(self, kind: str, number: int) -> Data:
        river, place = self.random.choice(RIVERS), {"name": self.random.choice(PLACES)}
        if kind in ("organisation", "centre"):
            of = OrganisationKind.CENTRE if kind == "centre" else self.random.choice(self._kinds())
            name = f"{OF_KIND[of].format(river=river)} {self.seed}-{number}"
            return {"name": name, "place": place} | (
                {} if kind == "centre" else {"kind": of, **self._number(of, number)}
            )
        if kind == "person":
            first, last = self.random.choice(FIRST), self.random.choice(LAST)
            address = f"{first}.{last}.{self.seed}.{number}@{self.network}.example".replace(" ", "").lower()
            own: Data = {"organisation": self.random.choice(self.organisations), "consented_at": "2026-11-01T09:00:00Z"}
            return {"name": f"{first} {last}", "email": address, **own}
        person = self.random.choice(self.people)
        if kind == "ambassador":
            return {"person": person, "organisations": [self.random.choice(self.organisations)]}
        theme = self.random.choice(list(ABOUT))
        title, text = ABOUT[theme]
        about: Data = {"person": person, "themes": [theme], "title": f"Over {title}", "text": text, "place": place}
        if kind in ("question", "offer"):
            of_what = self.random.choice((Kind.GUEST_LESSON, Kind.PRACTICE_ASSIGNMENT, Kind.EXPERTISE))
            return {**about, "kind": of_what}
        if kind == "meeting":
            soon = datetime.now(UTC).date() + timedelta(days=self.random.randint(7, 60))
            return {**about, "starts_on": soon.isoformat(), "participants": self.random.randint(5, 80)}
        return about

    def _number(self, kind: OrganisationKind, number: int) -> Data:
        """A school's BRIN number, a company's KVK number; of no other network's day with the same seed."""
        own = (list(known()).index(self.network) * 100 + self.seed % 100) * 1000 + number
        if kind == OrganisationKind.SCHOOL:
            letters = chr(ord("A") + own // 100 // 26 % 26) + chr(ord("A") + own // 100 % 26)
            return {"brin": f"{own % 100:02}{letters}"}
        return {"kvk": f"{90_000_000 + own}"} if kind == OrganisationKind.COMPANY else {}

    def _kinds(self) -> tuple[OrganisationKind, ...]:
        schools_and_companies = (OrganisationKind.SCHOOL, OrganisationKind.COMPANY)
        is_of_parties = self.network == Network.LEREN_VOOR_MORGEN
        return (*schools_and_companies, OrganisationKind.PARTNER) if is_of_parties else schools_and_companies

    def _changed(self, data: Data) -> Data:
        if "organisations" in data:
            return {**data, "organisations": sorted({*data["organisations"], self.random.choice(self.organisations)})}
        field = "text" if "text" in data else "name"
        return {**data, field: f"{data[field]} (nieuw)"} if field == "text" else {**data}

    def _wrong(self, data: Data) -> Data:
        wrong = self.random.choice(({"place": {"name": "Nergenshuizen"}}, {"themes": ["weer"]}, {"onbekend": 1}))
        return {**data, **wrong}

    def _event(self, kind: str, subject: str, data: Data | None, sequence: int, *, ends: str = "accepted") -> Planned:
        self.sent += 1
        event: Row = {
            "specversion": "1.0",
            "id": f"{self.seed}-{self.sent}",
            "source": self.source,
            "type": own_type(self.profile, kind),
            "subject": f"{self.seed}/{subject}",
            "time": f"2026-11-26T09:00:00.{self.sent:06}Z",
            "sequence": str(sequence),
        }
        if data is not None:
            theirs = in_own_words(self.profile, kind, self._referring(data))
            event["data"] = theirs
        return Planned(event, ends)

    def _referring(self, data: Data) -> Data:
        """The subjects that it refers to, as they are told."""
        refers: Data = {name: f"{self.seed}/{data[name]}" for name in ("person", "organisation") if name in data}
        if "organisations" in data:
            refers["organisations"] = [f"{self.seed}/{one}" for one in data["organisations"]]
        return {**data, **refers}


def own_type(profile: Profile, kind: str) -> str:
    """What the network calls such an event; ours when it has no type for it."""
    return next((theirs for theirs, ours in profile.types.items() if ours == kind), f"{TYPE_BEGIN}{kind}{TYPE_END}")


def in_own_words(profile: Profile, kind: str, data: Mapping[str, Any]) -> Data:
    """Our data as the network would tell it."""
    names = {ours: theirs for theirs, ours in {**profile.fields.get("all", {}), **profile.fields.get(kind, {})}.items()}
    return {names.get(field, field): _word(profile, field, value) for field, value in data.items()}


def _word(profile: Profile, field: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_word(profile, field, one) for one in value]
    if not isinstance(value, str):
        return value["name"] if field == "place" and set(value) == {"name"} else value
    return next((theirs for theirs, ours in profile.values.get(field, {}).items() if ours == value), str(value))
