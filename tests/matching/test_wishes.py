"""What somebody says that they do not want."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.wishes import wishes_in


@pytest.mark.parametrize(
    ("text", "unwanted"),
    [
        ("Waterstof: geen stage, geen excursie, wél een gastles", ("stage", "excursie")),
        ("Geen stage maar een gastles", ("stage",)),
        ("Excursie naar een kas zonder gas.", ("gas",)),
        ("dus níet over zonnepanelen", ("over zonnepanelen",)),
        ("Stage met verrekijker, niet met bosmaaier", ("met bosmaaier",)),
        ("Bijscholing, not for beginners.", ("for beginners",)),
        ("Liever geen helpdesk", ("helpdesk",)),
        ("No office work, please", ("office work",)),
        ("Een gastles over koken, zonder powerpoint.", ("powerpoint",)),
        ("Wij hebben geen behoefte aan een stage.", ("behoefte aan een stage",)),
        ("Ik heb liever geen excursie", ("excursie",)),
        ("Wij hoeven geen uitleg te krijgen.", ("uitleg te krijgen",)),
        ("Geen stage en zoek een gastles", ("stage",)),
    ],
)
def test_what_is_not_wanted_is_taken_out(text, unwanted):
    found = wishes_in(text)

    assert found.unwanted == unwanted
    for phrase in unwanted:
        assert phrase not in found.wanted


@pytest.mark.parametrize(
    "text",
    [
        "Mijn leerlingen snappen niet hoe je met buitenlucht kunt stoken.",
        "We weten niet in welke bak het hoort.",
        "Niet alleen honing: ook wilde bijen.",
        "Geen probleem als het Engels is.",
        "Ik heb nog geen goede lessen.",
        "Maakt niet uit welk niveau.",
        "De gasten komen terug.",
        "We kunnen geen stageplekken vinden voor onze warmtepompmonteurs.",
        "Wij hebben zelf geen 3D-printer en zoeken een bedrijf waar studenten kunnen printen.",
        "Onze school heeft geen lasapparaat. Wie leent er een uit?",
        "Wij krijgen geen dikkere stroomkabel, wat nu?",
        "Er is geen gymzaal bij ons op school.",
        "We have no welder, who lends us one?",
        "Voor studenten zonder stageplek in de installatietechniek zoek ik bedrijven.",
        "Bouwen zonder afval",
        "We wrap our cheese without plastic.",
    ],
)
def test_what_only_sounds_like_it_stays(text):
    assert wishes_in(text) == (text, ())


@given(st.text(alphabet="geen niet zonder no not maar een stage,. ", max_size=200) | st.text(max_size=80))
def test_nothing_is_made_up(text):
    found = wishes_in(text)

    assert len(found.wanted) + sum(map(len, found.unwanted)) <= len(text)
    assert all(phrase in text.translate(str.maketrans("íéÍÉ", "ieIE")) for phrase in found.unwanted)
