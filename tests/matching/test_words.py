"""Words that tell what a text is about, and reasons as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import Kind, Language
from contracts.words import reason_in_words
from services.matching.rules import fit
from services.matching.words import STEMS_ASKED_MAX, any_of, as_written
from tests.matching.pure import NOW, a_pair, asked, offered


def test_the_longest_stems_are_asked_for():
    stems = [f"stem{'x' * n}" for n in range(STEMS_ASKED_MAX + 5)]

    query = any_of(stems)

    assert query.startswith(f"'{stems[-1]}'")
    assert query.count("|") == STEMS_ASKED_MAX - 1
    assert "'stem'" not in query


@pytest.mark.parametrize("stems", [[], ["2026", "ab", "25%", "co2"]])
def test_numbers_and_initials_ask_nothing(stems):
    assert any_of(stems) is None


@given(st.lists(st.text()))
def test_a_query_holds_nothing_but_words(stems):
    query = any_of(stems)

    assert query is None or all(part.strip("'").isalpha() for part in query.split(" | "))


@pytest.mark.parametrize(
    ("stems", "text", "words"),
    [
        (["warmtepomp", "huiz"], "Een warmtepomp in oude huizen", ("warmtepomp", "huizen")),
        (["man"], "De maan schijnt op de mannen", ("maan",)),
        (["installer"], "Wij installeren", ("installeren",)),
        (["cafe"], "Het repair café", ("café",)),
        (["dak"], "Op de dag dat het dak lekte", ("dak",)),
        (["onbekend"], "Niets daarvan", ()),
    ],
)
def test_stems_are_shown_as_the_words_that_were_written(stems, text, words):
    assert as_written(stems, text) == words


def test_reasons_are_read_in_dutch_and_in_english():
    pair = a_pair(asked(kind=Kind.INTERNSHIP), offered(kind=Kind.INTERNSHIP, place="Bunnik"), words=("warmtepomp",))
    reasons = fit(pair, NOW).reasons

    assert [reason_in_words(reason, Language.DUTCH) for reason in reasons] == [
        "de teksten lijken op elkaar (84%)",
        "zelfde thema: energietransitie",
        "6 km verderop",
        "vraagt stage, biedt stage",
        "dezelfde woorden: warmtepomp",
    ]
    assert [reason_in_words(reason, Language.ENGLISH) for reason in reasons] == [
        "the texts are alike (84%)",
        "same theme: energy transition",
        "6 km away",
        "asks internship, offers internship",
        "same words: warmtepomp",
    ]
