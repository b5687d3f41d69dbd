"""The language and the themes that a text suggests."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Language, Theme
from services.matching.suggesting import THEMES_MAX, language_of, themes_of


@pytest.mark.parametrize(
    ("title", "text", "language"),
    [
        ("Gastles windmolens", "Klas mechatronica, voorjaar.", Language.DUTCH),
        ("Laptops tweedehands", "Adresje voor studenten bekend?", Language.DUTCH),
        ("Guest speaker wanted", "We are looking for a farmer who can talk about soil.", Language.ENGLISH),
        ("Robot arm needed", "It may be broken.", Language.ENGLISH),
        ("Tip", "", Language.DUTCH),
    ],
)
def test_the_language_of_a_text(title, text, language):
    assert language_of(title, text) is language


@pytest.mark.parametrize(
    ("text", "themes"),
    [
        ("Wie legt onze installateurs uit hoe een warmtepomp werkt?", (Theme.ENERGY_TRANSITION,)),
        ("Slakken in de moestuin en een koe in de stal", (Theme.FOOD_AND_AGRICULTURE,)),
        ("Nestkasten voor vleermuizen en vogels", (Theme.BIODIVERSITY,)),
        ("Een cobot programmeren met een PLC", (Theme.ROBOTISATION,)),
        ("Mensen met dementie in het verpleeghuis", (Theme.HEALTH_AND_CARE,)),
        ("Wij zoeken een groep studenten", ()),
    ],
)
def test_the_themes_that_a_text_tells_of(text, themes):
    assert themes_of("", text, Language.DUTCH)[: len(themes) or None] == themes


@given(st.text(max_size=100))
def test_any_text_has_a_language_and_at_most_two_themes(text):
    language = language_of(text, text)

    found = themes_of(text, text, language)
    assert len(found) == len(set(found)) <= THEMES_MAX
