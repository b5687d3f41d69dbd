"""Terms as PostgreSQL's full text search keeps them: one of four labels says how much a term tells. Pure.

Its ranking knows no rareness of words, so that is put into the labels: A for a rare word of a title, D for what says
little.
"""

import re
from collections.abc import Iterable, Mapping

#: What each label stands for.
LABELS = {"A": 1.25, "B": 0.8, "C": 0.45, "D": 0.2}

#: A term that tells less is not kept.
TELLS_MIN = 0.1

#: How many terms ask the full text index: those that tell most.
TERMS_ASKED_MAX = 24

#: So many terms has an ordinary text. Of a longer one each tells a little less: it has more chance to hold a term.
TERMS_ORDINARY, LENGTH_COUNTS = 25, 0.3

#: What everybody here writes: it is found everywhere, and so tells nothing. A change counts for what is read
#: from then on, and for the rest by another `terms.MAKE`.
EVERYDAY = " ".join(
    """
    aanbieden aanbod aanpak aantal activiteit activiteiten afspraak bbl bbl'er bbl'ers bedrijf bedrijven beetje
    begeleiden begeleiding beginnen beroepspraktijkvorming beschikbaar bezig bezoek bezoeken bied bieden biedt
    bijdrage binnen blijven bol-leerling bol-leerlingen bol-student bol-studenten bpv brengen buurt collega
    collegas contact cursus dag dagdeel dagdelen dagen delen denken docent docenten doen doet duren duur duurt
    duurzaam duurzaamheid duurzame eerste eigen elke enkele ervaring ervaringen gaan gaat gastles gastlessen
    gebruik gebruiken geef geeft geïnteresseerd geven gezocht goed goede graag groep groepen groepje halve hbo
    hbo'er hbo'ers hebben heeft heel helpen helpt idee ideeën iedereen iemand informatie jaar jongeren kijken
    kijkje klas klaslokaal klassen klein kleine komen komt kosten krijgen kunnen laat laten leerbedrijf leerling
    leerlingen leert leerwerkplek leerwerkplekken leraar leren les lesdag lesmateriaal lessen leuk leuke leven
    lezen locatie maak maakt maand maanden maken mbo mbo'er mbo'ers medewerker medewerkers meedenken meedoen
    meer meewerken mensen mogelijk mogelijkheden mogelijkheid naast neem nemen nieuw nieuwe niveau nodig
    onderneming onderwerp onderwijs ongeveer onze opdracht opdrachten opleiding opleidingen organisatie
    organisaties paar periode personen plaats plek praktijk praktijkles praktijklessen praktijkopdracht
    praktisch praktische programma project projecten regio roc samen samenwerken samenwerking scholen school
    semester soort stage stageplaats stageplek stages stagiair stagiaires stagiairs starten student studenten
    studie team teams tijd tijdens tip tips twee uitleg uitleggen uren uur vak vakken vanaf vanuit verschillende
    vertellen vinden vmbo vo volgen volgende vraag vragen vrij vrije week weken welke welkom werk werken
    werkplek werkt werkveld weten willen wilt wordt zelf zien zoals zoek zoeken zoekt zorgen ze waar hoe wij we
    je jij jullie u hen onder alle veel via per ook nog één drie vier vijf zes a about all and are available can
    class classes companies company course day days for from give have help how internship internships learn
    lesson lessons looking make offer our people practice project school schools student students teach teacher
    teachers team the their to us visit want we week weeks with work would you your
    """.split()  # noqa: SIM905  as a list it would be a line a word
)


_KEPT = re.compile(r"'((?:[^']|'')+)':\d+([ABC]?)")


def as_vector(weights: Mapping[str, float]) -> str:
    """Terms with how much they tell, as PostgreSQL reads them into a text search vector."""
    kept = {term: label_of(weight) for term, weight in weights.items() if weight >= TELLS_MIN}
    return " ".join(f"{_quoted(term)}:1{label}" for term, label in sorted(kept.items()))


def label_of(weight: float) -> str:
    """The label that is nearest."""
    return min(LABELS, key=lambda label: abs(LABELS[label] - weight))


def weights_in(vector: str | None) -> dict[str, float]:
    """How much each term of a text search vector tells, from how PostgreSQL writes it."""
    return {term.replace("''", "'"): LABELS[label or "D"] for term, label in _KEPT.findall(vector or "")}


def any_of(weights: Mapping[str, float]) -> str | None:
    """The terms that tell most as a query of PostgreSQL's full text search; none when there is nothing to ask."""
    telling = sorted(weights, key=lambda term: (-weights[term], -len(term), term))
    return " | ".join(map(_quoted, telling[:TERMS_ASKED_MAX])) or None


def in_common(mine: Mapping[str, float], shared: Iterable[str], terms_of_offer: int) -> float:
    """How much two texts have in common: 1 is a rare word or two.

    `shared` are the other's terms that are mine too, each with its label before it; `terms_of_offer` is how many terms
    the offer has.
    """
    together = sum(mine.get(term[1:], 0.0) * LABELS[term[0]] for term in shared)
    return together / (1 - LENGTH_COUNTS + LENGTH_COUNTS * terms_of_offer / TERMS_ORDINARY)


def _quoted(term: str) -> str:
    return "'" + term.replace("\\", "").replace("'", "''") + "'"
