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
    ],
)
def test_what_only_sounds_like_it_stays(text):
    assert wishes_in(text) == (text, ())


@given(st.text(alphabet="geen niet zonder no not maar een stage,. ", max_size=200) | st.text(max_size=80))
def test_nothing_is_made_up(text):
    found = wishes_in(text)

    assert len(found.wanted) + sum(map(len, found.unwanted)) <= len(text)
    assert all(phrase in text.translate(str.maketrans("íéÍÉ", "ieIE")) for phrase in found.unwanted)
