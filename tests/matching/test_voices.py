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


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("BPV-plek voor onze student", ""),
        ("BPV-plekken voor installatietechniek", "Wij zoeken plekken voor drie studenten."),
        ("Stage bij een warmtepompinstallateur", "Ik zoek voor twee studenten een stage bij een bedrijf."),
        ("Stage op een melkveebedrijf", "Mijn student zoekt een stage op een boerderij."),
        ("Wie heeft een plek voor mijn student?", ""),
        ("Wie heeft ruimte voor onze stagiair?", ""),
        ("Onze stagiair zoekt een plek", ""),
        ("Stage gezocht bij een kweker", ""),
    ],
)
def test_a_school_that_looks_for_places_is_heard_as_a_school(title, text):
    assert voice_of(title, text) > 0.1


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("BBL-plekken beschikbaar", "We nemen twee leerlingen aan."),
        ("Stageplekken beschikbaar in de zorg", "Je werkt op onze afdeling."),
        ("Twee plekken vrij", "Wij leggen zonnepanelen."),
        ("Plek voor een stagiair", "In onze loods is ruimte voor een leerling."),
        ("Zoek jij een stage?", "Ben jij leerling hovenier en zoek je een stage? Wij zijn een erkend leerbedrijf."),
    ],
)
def test_who_has_places_is_heard_as_who_has_work(title, text):
    assert voice_of(title, text) < -0.1


def test_a_company_answers_a_school_that_looks_for_places_and_another_school_does_not():
    asked = voice_of("BPV-plekken voor installatietechniek", "Wij zoeken plekken voor drie studenten.")
    company = voice_of("Stagiair gezocht", "Ons installatiebedrijf zoekt een stagiair.")
    another_school = voice_of("Onze studenten zoeken een stageplek", "Twee studenten koeltechniek, vanaf februari.")

    assert asked * company < 0 < asked * another_school


def test_where_nothing_tells_it_is_nobody():
    assert voice_of("Robotarm gezocht", "Kapot mag.") == 0


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_has_a_voice_within_bounds(title, text):
    assert -1 <= voice_of(title, text) <= 1


def test_a_long_text_is_read_quickly():
    begun = time.process_time()  # not what a machine that stands still takes
    voice_of("zoek een " * 15, "onze drie a b c zoeken een stage " * 60)

    assert time.process_time() - begun < 0.5
