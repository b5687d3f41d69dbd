"""Who speaks: somebody with students, or somebody with work for them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.matching.voices import voice_of


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Stageplaatsen gezocht voor elektromonteurs", "Voor tien studenten zoek ik stageplaatsen vanaf februari."),
        ("Onze derdejaars komen vrij", "Bedrijven in de regio kunnen zich melden bij het stagebureau."),
        ("Ik zoek een leerplek", "Hoi, ik ben Sam, 17, tweedejaars."),
        ("Internships for our students", "My class is looking for placements."),
    ],
)
def test_a_school_or_a_student_is_heard(title, text):
    assert voice_of(title, text) > 0.5


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Stagiair gezocht", "Wij zijn een klein bedrijf en zoeken een stagiair die wil leren isoleren."),
        ("Stageplek bij ons hoveniersbedrijf", "Je leert snoeien en bestraten. Erkend leerbedrijf."),
        ("Studenten gevraagd voor een energiescan", "Welke opleiding pakt dit op voor onze winkels?"),
        ("Join our workshop", "We are a small company; you will repair blades."),
    ],
)
def test_who_has_work_is_heard(title, text):
    assert voice_of(title, text) < -0.5


def test_where_nothing_tells_it_is_nobody():
    assert voice_of("Robotarm gezocht", "Kapot mag.") == 0


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_a_voice_within_bounds(title, text):
    assert -1 <= voice_of(title, text) <= 1


def test_a_long_text_is_read_quickly():
    begun = time.perf_counter()
    voice_of("zoek een " * 15, "onze drie a b c zoeken een stage " * 60)

    assert time.perf_counter() - begun < 0.5
