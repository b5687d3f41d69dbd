"""The words that tell what a text is about, by PostgreSQL's Dutch full text search."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

#: How many stems ask the full text index; the longest say most, as Dutch joins words together.
STEMS_ASKED_MAX = 16

#: What everybody here writes: it is found everywhere, and so tells nothing. The generated column `proposition.words`
#: leaves these out, so a change needs a migration that makes the column anew.
EVERYDAY = " ".join(
    """
    aanbieden aanbod aanpak aantal activiteit activiteiten afspraak bedrijf bedrijven beetje begeleiden begeleiding
    beginnen beschikbaar bezig bezoek bezoeken bied bieden biedt bijdrage binnen blijven brengen buurt collega
    collegas contact cursus dag dagdeel dagdelen dagen delen denken docent docenten doen doet duren duur duurt
    duurzaam duurzaamheid duurzame eerste eigen elke enkele ervaring ervaringen gaan gaat gastles gastlessen gebruik
    gebruiken geef geeft geven geïnteresseerd gezocht goed goede graag groep groepen groepje halve hebben heel heeft
    helpen helpt idee ideeën iedereen iemand informatie jaar jongeren kijken kijkje klas klaslokaal klassen klein
    kleine komen komt kosten krijgen kunnen laat laten leerbedrijf leerling leerlingen leert leraar leren les lesdag
    lesmateriaal lessen leuk leuke leven lezen locatie maak maakt maand maanden maken mbo meedenken meedoen
    medewerker medewerkers meer meewerken mensen mogelijk mogelijkheid mogelijkheden naast neem nemen nieuw nieuwe
    niveau nodig onderneming onderwerp onderwijs ongeveer onze opdracht opdrachten opleiding opleidingen organisatie
    organisaties paar periode personen plaats plek praktijk praktijkles praktijklessen praktijkopdracht praktisch
    praktische programma project projecten regio samen samenwerken samenwerking scholen school semester soort stage
    stageplaats stageplek stages stagiair stagiaires stagiairs starten student studenten studie team teams tijd
    tijdens tip tips twee uitleg uitleggen uren uur vak vakken vanaf vanuit verschillende vertellen vinden volgen
    volgende vraag vragen vrij vrije week weken welke welkom werk werken werkplek werkt werkveld weten willen wilt
    wordt zelf zien zoals zoek zoeken zoekt zorgen ze waar hoe wij we je jij jullie u hen onder alle veel via per
    ook nog één drie vier vijf zes a about all and are available can class classes companies company course day days
    for from give have help how internship internships learn lesson lessons looking make offer our people practice
    project school schools student students teach teacher teachers team the their to us visit want we week weeks
    with work would you your
    """.split()  # noqa: SIM905  as a list it would be a line a word
)


def any_of(stems: Iterable[str]) -> str | None:
    """The most telling stems as a query of PostgreSQL's full text search; none when there is nothing to ask."""
    telling = sorted({stem for stem in stems if is_telling(stem)}, key=lambda stem: (-len(stem), stem))
    return " | ".join(f"'{stem}'" for stem in telling[:STEMS_ASKED_MAX]) or None


def is_telling(stem: str) -> bool:
    """Whether a stem can say what a text is about: numbers, links and initials cannot."""
    return len(stem) > 2 and stem.isalpha()


def as_written(stems: Iterable[str], text: str) -> tuple[str, ...]:
    """The stems as the words that the writer used, the longest stem first; a stem that is not found is left out.

    A Dutch stem may differ from its word by a doubled letter (maan: man) and by its last one, so words are compared
    without either; a word that begins with the whole stem is sought first.
    """
    found: list[str] = []
    for stem in sorted({stem for stem in stems if is_telling(stem)}, key=lambda stem: (-len(stem), stem)):
        plain = _plain(stem)
        alike = [(word, theirs) for word, theirs in _written(text) if theirs.startswith(plain[:-1])]
        word = min(alike, key=lambda pair: not pair[1].startswith(plain), default=(None, ""))[0]
        if word and word not in found:
            found.append(word)
    return tuple(found)


@lru_cache(maxsize=512)
def _written(text: str) -> tuple[tuple[str, str], ...]:
    """The words of a text with their plain form, the shortest first; a text is looked at for each of its candidates."""
    words = {word.lower() for word in re.findall(r"[^\W\d_]+", text)}
    return tuple((word, _plain(word)) for word in sorted(words, key=lambda word: (len(word), word)))


@lru_cache(maxsize=4096)
def _plain(word: str) -> str:
    without_accents = "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))
    return re.sub(r"(.)\1", r"\1", without_accents)
