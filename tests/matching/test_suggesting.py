"""What a text tells about itself: its language, its themes and the skills in it; and the door to ask that."""

import pytest

from contracts.vocabulary import Language, Skill, Theme
from contracts.words import skill_in_words
from services.matching.suggesting import SKILLS, language_of, skills_of, themes_of

NL, EN = Language.DUTCH, Language.ENGLISH


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Wie komt bij ons vertellen hoe je een warmtepomp aansluit?", NL),
        ("Our students are looking for a company that repairs bicycles.", EN),
        ("Stage gezocht", NL),
        ("", NL),
        ("We zoeken een partner voor een challenge over smart grids en data", NL),
    ],
)
def test_a_text_tells_its_language(text, language):
    assert language_of("", text) is language


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


def test_every_skill_has_words_that_tell_of_it_and_a_name():
    listed = [line.split()[0] for line in SKILLS.read_text().splitlines() if line and not line.startswith("#")]

    assert listed == [skill.value for skill in Skill]
    for skill in Skill:
        assert skill_in_words(skill, NL) != skill_in_words(skill, EN) or skill in (Skill.SENSORS, Skill.RECYCLING)


def test_a_text_tells_of_its_theme():
    assert themes_of("", "Zonnepanelen op ons schooldak", NL) == (Theme.ENERGY_TRANSITION,)


async def test_who_writes_gets_suggestions_in_their_own_language(matching):
    written = {"title": "Heat pumps", "text": "Who can show our students how to install a heat pump?"}

    answer = await matching.asker.post("/v1/suggestions?language=nl", json=written)

    assert answer.status_code == 200
    found = answer.json()
    assert found["language"] == "en"
    assert found["themes"][0] == {"theme": "energy-transition", "words": "energietransitie"}
    assert {"skill": "heat-pumps", "words": "warmtepompen installeren"} in found["skills"]


async def test_who_is_not_signed_in_gets_none(matching):
    answer = await matching.http.post("/v1/suggestions", json={"text": "Zonnepanelen"})

    assert answer.status_code == 401
