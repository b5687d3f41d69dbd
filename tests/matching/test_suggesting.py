"""What a text tells about itself: its language, its themes, its level, the skills in it; and the door to ask that."""

import asyncio
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.skills import skill_in_words
from contracts.vocabulary import Language, Skill, Theme
from services.matching import looking_along, suggestions
from services.matching.skills import FILE
from services.matching.suggesting import THEMES_MAX, language_of, level_of, skills_of, themes_of

NL, EN = Language.DUTCH, Language.ENGLISH


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
        ("Gastles over de circulaire economie", (Theme.CIRCULAR_ECONOMY,)),
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


@pytest.mark.parametrize(
    ("text", "skills"),
    [
        ("Drie studenten willen leren warmtepompen inregelen.", {Skill.HEAT_PUMPS}),
        ("Wie heeft een lascabine en plaatwerk voor onze constructieklas?", {Skill.METALWORK}),
        (
            "Onze keuken gooit te veel weg; wie helpt tegen voedselverspilling?",
            {Skill.FOOD_WASTE, Skill.COOKING, Skill.HOSPITALITY},
        ),
        ("We need help with a cobot and a PLC.", {Skill.ROBOTICS, Skill.MECHATRONICS}),
        ("Goedemorgen allemaal, tot gauw!", set()),
    ],
)
def test_a_text_tells_of_skills(text, skills):
    assert set(skills_of("", text, language_of("", text))) == skills


@pytest.mark.parametrize(
    ("title", "text", "level"),
    [
        ("Klas niveau 4", "Twaalf studenten, 4 middagen.", 4),
        ("BPV voor mbo 3", "", 3),
        ("", "Onze mbo-4-studenten", 4),
        ("", "MBO-niveau 2, in het voorjaar.", 2),
        ("", "We have level 4 students, and level 4\u00a0students only.", 4),
        ("", "Who helps our students at level 1?", 1),
        ("", "Geen niveau 2, maar niveau 3.", 3),
        ("", "Studenten van niveau 3/4", None),
        ("Niveau 2", "Ook voor niveau 1, 2 en 3.", None),
        ("", "Een stage op het mbo, mbo 3 dagen per week, of mbo 2x.", None),
        ("", "A level 2 charger, en niveau 10 of 4.5.", None),
        ("Gastles", "Het moet een niveau hoger. Er komen 4 studenten.", None),
    ],
)
def test_the_level_that_a_text_tells_of(title, text, level):
    assert level_of(title, text) == level


@given(st.text(alphabet="niveaumbols 1234/,-\n", max_size=200))
def test_any_text_has_one_level_of_the_four_or_none(text):
    assert level_of("", text) in (None, 1, 2, 3, 4)


def test_every_skill_has_words_that_tell_of_it_and_a_name():
    listed = [line.split()[0] for line in FILE.read_text().splitlines() if line and not line.startswith("#")]

    assert listed == [skill.value for skill in Skill]
    for skill in Skill:
        assert skill_in_words(skill, NL) != skill_in_words(skill, EN) or skill in (Skill.SENSORS, Skill.RECYCLING)


async def test_who_writes_gets_suggestions_in_their_own_language(matching):
    written = {"title": "Heat pumps", "text": "Who can show our level 3 students how to install a heat pump?"}

    answer = await matching.asker.post("/v1/suggestions?language=nl", json=written)

    assert answer.status_code == 200
    found = answer.json()
    assert found["language"] == "en"
    assert found["themes"][0] == {"theme": "energy-transition", "words": "energietransitie"}
    assert {"skill": "heat-pumps", "words": "warmtepompen installeren"} in found["skills"]
    assert found["mbo_level"] == 3


async def test_who_is_not_signed_in_gets_none(matching):
    answer = await matching.http.post("/v1/suggestions", json={"text": "Zonnepanelen"})

    assert answer.status_code == 401


@pytest.mark.parametrize(("module", "path"), [(suggestions, ""), (looking_along, "/offers")])
async def test_the_service_goes_on_while_a_text_is_read(matching, monkeypatch, module, path):
    service, went_on = asyncio.get_running_loop(), threading.Event()

    def read(*_: str) -> Language:
        service.call_soon_threadsafe(went_on.set)
        assert went_on.wait(5), "the service stood still"
        return Language.DUTCH

    monkeypatch.setattr(module, "language_of", read)
    answer = await matching.asker.post(f"/v1/suggestions{path}", json={"text": "Wie legt zonnepanelen?"})

    assert answer.status_code == 200
