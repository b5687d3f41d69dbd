"""Texts of requests and offers as they could be, made from templates, and their vectors: read once and kept in a file.

A few thousand really different texts are read by the model. More vectors than that are made from these: each near one
of them, moved a little in directions in which real texts differ (`Vectors.like`).
"""

import hashlib
import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from contracts.vocabulary import Kind, Side, Theme
from node.addresses import DATA
from services.matching.similarity import MAKE, InProcess, text_of

SUBJECTS: dict[Theme, tuple[str, ...]] = {
    Theme.ENERGY_TRANSITION: (
        "warmtepompen in oude woningen", "zonnepanelen op een bedrijfsdak", "een thuisbatterij in de wijk",
        "het verzwaarde stroomnet", "waterstof in de werkplaats", "energie besparen in een bakkerij",
        "een warmtenet op restwarmte", "windmolens op zee", "laadpalen op een parkeerterrein", "isoleren met stro",
    ),
    Theme.CIRCULAR_ECONOMY: (
        "hergebruik van sloophout", "reparatie van huishoudelijke apparaten", "grondstoffen uit oude matrassen",
        "een tweede leven voor werkkleding", "plastic afval in de haven", "de milieustraat van de gemeente",
        "meubels van restmateriaal", "composteren in een grootkeuken", "printplaten uit elkaar halen",
        "verpakkingen zonder plastic",
    ),
    Theme.CLIMATE_ADAPTATION: (
        "groene daken op scholen", "wadi's in een nieuwbouwwijk", "hittestress op het schoolplein",
        "dijken die meegroeien", "regenwater voor het toilet", "tegels eruit, planten erin",
        "een polder die onder water mag lopen", "schaduw op de bouwplaats",
    ),
    Theme.BIODIVERSITY: (
        "een bijenlint langs het fietspad", "vleermuizen onder het dak", "bermen die niet gemaaid worden",
        "een voedselbos achter de school", "vissen langs de stuw", "insecten tellen in de stad",
        "bodemleven onder een akker", "een geveltuin bij het verzorgingshuis",
    ),
    Theme.DIGITALISATION: (
        "sensoren in een kas", "een dashboard van het energieverbruik", "cyberveiligheid van een klein bedrijf",
        "slimme camera's op de weg", "een digitale tweeling van een gebouw", "een app voor vrijwilligers",
        "data van een melkrobot", "een webwinkel voor streekproducten",
    ),
    Theme.ROBOTISATION: (
        "een lasrobot in de werkplaats", "een cobot aan de lopende band", "drones boven een akker",
        "een magazijn zonder heftrucks", "robots in de ouderenzorg", "een oogstrobot voor paprika's",
        "programmeren van een freesmachine", "een robotarm die sorteert",
    ),
    Theme.SUSTAINABLE_BUILDING: (
        "houtskeletbouw in de fabriek", "renoveren zonder gas", "bouwen met leem", "een demontabele school",
        "kozijnen van gerecycled aluminium", "een circulaire badkamer", "prefab gevels", "kalkhennep als isolatie",
        "steigers van hergebruikt staal",
    ),
    Theme.SUSTAINABLE_MOBILITY: (
        "elektrische vrachtwagens", "deelfietsen op het station", "een bakfiets voor de post",
        "onderhoud aan waterstofbussen", "een stad zonder auto's", "banden met een tweede leven",
        "accu's van oude auto's", "varen op stroom", "bezorgen met de tram",
    ),
    Theme.FOOD_AND_AGRICULTURE: (
        "kaas van de eigen boerderij", "strokenteelt", "verspilling in de supermarkt", "insecten als voer",
        "een moestuin op het dak", "eiwit uit veldbonen", "melkvee zonder kunstmest", "groente uit een container",
        "een bakkerij met oude granen",
    ),
    Theme.HEALTH_AND_CARE: (
        "minder wegwerpmateriaal in het ziekenhuis", "langer thuis wonen", "een zorgtuin voor ouderen",
        "gezond eten in de kantine", "hulpmiddelen die terugkomen", "bewegen op recept", "een groene apotheek",
        "medicijnresten in het water",
    ),
    Theme.SOCIAL_ENTREPRENEURSHIP: (
        "een werkplaats voor mensen met een beperking", "een kringloopwinkel in de wijk", "een buurtrestaurant",
        "statushouders in de techniek", "een coöperatie van bewoners", "een fietsenmakerij met jongeren",
        "een wasserij die opleidt", "eerlijke koffie op school",
    ),
}  # fmt: skip

OFFERED: dict[Kind, tuple[str, ...]] = {
    Kind.GUEST_LESSON: ("Gastles over {s}", "Onze {v} vertelt over {s}", "Een uur over {s} in de klas"),
    Kind.SITE_VISIT: ("Kom kijken bij {s}", "Rondleiding: {s}", "Een ochtend bij ons over {s}"),
    Kind.PRACTICE_ASSIGNMENT: ("Praktijkopdracht over {s}", "Studenten gezocht voor {s}", "Een echt vraagstuk: {s}"),
    Kind.INTERNSHIP: ("Stageplek bij {s}", "Loop stage en leer alles van {s}", "Een half jaar meewerken aan {s}"),
    Kind.LESSON_MATERIAL: ("Lesmateriaal over {s}", "Lespakket {s}", "Opdrachten en filmpjes over {s}"),
    Kind.TIP: ("Tip voor wie iets wil met {s}", "Zo begonnen wij met {s}", "Wat wij leerden van {s}"),
    Kind.EXPERTISE: ("Vraag het onze {v}: {s}", "Advies over {s}", "Wij denken mee over {s}"),
    Kind.EQUIPMENT: ("Te leen: materiaal voor {s}", "Onze opstelling van {s} staat klaar", "Apparatuur voor {s}"),
    Kind.MEETING: ("Bijeenkomst over {s}", "Netwerkmiddag {s}", "Praat mee over {s}"),
}
ASKED: dict[Kind, tuple[str, ...]] = {
    Kind.GUEST_LESSON: ("Wie vertelt onze klas over {s}?", "Gastspreker gezocht: {s}"),
    Kind.SITE_VISIT: ("Waar kunnen we gaan kijken naar {s}?", "Excursie gezocht: {s}"),
    Kind.PRACTICE_ASSIGNMENT: ("Wie heeft een opdracht over {s}?", "Onze studenten willen aan de slag met {s}"),
    Kind.INTERNSHIP: ("Stage gezocht bij {s}", "Student zoekt plek om te leren over {s}"),
    Kind.LESSON_MATERIAL: ("Heeft iemand lesmateriaal over {s}?", "Materiaal gezocht over {s}"),
    Kind.TIP: ("Hoe pakken wij {s} aan?", "Wie heeft ervaring met {s}?"),
    Kind.EXPERTISE: ("Wij komen er niet uit met {s}", "Wie weet veel van {s}?"),
    Kind.EQUIPMENT: ("Kunnen we iets lenen voor {s}?", "Op zoek naar een proefopstelling: {s}"),
    Kind.MEETING: ("Met wie kunnen we praten over {s}?", "Samenkomen rond {s}"),
}
WHO = ("monteur", "uitvoerder", "kwekerij", "ontwerper", "planner", "bedrijfsleider", "onderhoudsdienst", "chef-kok")
SAYS = {
    Side.OFFER: (
        "We laten zien wat er misging en wat het kostte.",
        "Er is plaats voor een groep van twaalf, met veiligheidsschoenen.",
        "Studenten meten hier zelf en maken er een verslag van.",
        "Het kan ook op een avond, want overdag draait de productie.",
        "Wij werken met mensen uit acht landen, dus Engels is geen probleem.",
        "Vooral voor wie later zelf een bedrijf wil beginnen.",
        "Een docent mag vooraf een dag meelopen om de les te maken.",
        "Alles mag kapot; daar is het voor.",
        "We hebben een vergaderzaal met uitzicht op de werkvloer.",
        "Na afloop is er soep van eigen land.",
        "De tekeningen en de begroting krijgen jullie mee.",
        "Het is een project van de gemeente en drie bedrijven.",
    ),
    Side.REQUEST: (
        "Onze klas heeft zestien eerstejaars, die nog nooit in een fabriek waren.",
        "Dit najaar begint er een nieuw keuzedeel en daar past het in.",
        "Liefst iemand die gewoon vertelt hoe een werkdag gaat.",
        "Wij betalen de bus en brengen zelf brood mee.",
        "Een leerling schrijft er zijn examenwerkstuk over.",
        "De vorige keer was te moeilijk, nu graag iets om te doen.",
        "We kunnen op dinsdag en donderdag, de hele dag.",
        "De vakgroep wil er volgend jaar een vaste les van maken.",
    ),
}

#: Where the vectors are kept that were read.
CACHE = DATA / "bench-scale.npz"

READ_OFFERS, READ_REQUESTS, READ_AT_ONCE = 3_000, 600, 200


@dataclass(frozen=True, slots=True)
class Told:
    """A text, and what it is about."""

    side: Side
    kind: Kind
    themes: tuple[Theme, ...]
    title: str
    text: str


def told(seed: int, side: Side) -> Told:
    """One of some millions of texts."""
    chance = random.Random(seed)
    theme, kind = chance.choice(tuple(SUBJECTS)), chance.choice(tuple(Kind))
    subject, other = chance.sample(SUBJECTS[theme], 2)
    templates = (OFFERED if side is Side.OFFER else ASKED)[kind]
    title = chance.choice(templates).format(s=subject, v=chance.choice(WHO))
    begin = f"Het gaat om {subject}" + (f", en soms ook om {other}." if chance.random() < 0.4 else ".")
    sentences = chance.sample(SAYS[side], chance.randint(1, 4))
    themes = (theme, chance.choice(tuple(SUBJECTS))) if chance.random() < 0.3 else (theme,)
    return Told(side, kind, tuple(dict.fromkeys(themes)), title, " ".join([begin, *sentences]))


@dataclass(frozen=True)
class Vectors:
    """The vectors of the texts that were really read, a row for each seed."""

    offers: Any
    requests: Any

    def like(self, own: Any, chance: Any) -> Any:
        """For each vector another one near it: as of a text that says nearly the same.

        It moves in a direction in which two other texts differ, so it stays among vectors that texts have; on average
        the cosine with the first is 0.9, as of two texts with the same template and subject.
        """
        first, second = chance.integers(0, len(self.offers), (2, len(own)))
        moved = own + 0.33 * (self.offers[first] - self.offers[second])
        return moved / np.linalg.norm(moved, axis=1, keepdims=True)


async def vectors(cache: Path, *, most: int | None = None) -> Vectors:
    """The vectors of the first texts of both sides; what the file has not got is read, of that `most` at the most."""
    texts = [
        (side, text_of(one.title, one.text))
        for side, count in ((Side.OFFER, READ_OFFERS), (Side.REQUEST, READ_REQUESTS))
        for one in (told(seed, side) for seed in range(count))
    ]
    known = _kept(cache)
    missing = [one for one in dict.fromkeys(texts) if _key(*one) not in known][:most]
    for start in range(0, len(missing), READ_AT_ONCE):
        for side, text in missing[start : start + READ_AT_ONCE]:
            (vector,) = await InProcess().read([text], side)
            known[_key(side, text)] = np.array(json.loads(vector or "[]"), dtype=np.float32)
        cache.parent.mkdir(parents=True, exist_ok=True)
        np.savez(cache, keys=np.array(list(known)), vectors=np.array(list(known.values())))
        print(f"  {start + READ_AT_ONCE} van {len(missing)} teksten gelezen, eenmalig (texts read, once)", flush=True)
    found = np.array([known[_key(*one)] for one in texts if _key(*one) in known])
    return Vectors(found[:READ_OFFERS], found[READ_OFFERS:])


def _key(side: Side, text: str) -> str:
    return hashlib.sha256(f"{MAKE}\n{side}\n{text}".encode()).hexdigest()


def _kept(cache: Path) -> dict[str, Any]:
    if not cache.exists():
        return {}
    with np.load(cache) as kept:
        return dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))
