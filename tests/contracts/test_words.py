"""Every word of the closed lists is one that people can read, in Dutch and in English."""

import string
import typing

import pytest

from contracts import vocabulary
from contracts.matching import Reason
from contracts.places import PROVINCES, suggest
from contracts.vocabulary import Kind, Language, OrganisationKind, Theme
from contracts.words import (
    kind_in_words,
    organisation_kind_in_words,
    province_in_words,
    reason_in_words,
    theme_in_words,
)

LISTS = [found for found in vars(vocabulary).values() if isinstance(found, type) and issubclass(found, str)]
IN_WORDS = [(Kind, kind_in_words), (Theme, theme_in_words), (OrganisationKind, organisation_kind_in_words)]
CODES = typing.get_args(Reason.model_fields["code"].annotation)


@pytest.mark.parametrize("words", [words for words in LISTS if words.__module__ == vocabulary.__name__])
def test_a_word_on_the_wire_is_plain(words):
    for word in words:
        assert str(word) == word.value
        assert word.value.replace("-", "").isascii()
        assert word.value == word.value.lower()
        assert " " not in word.value
        assert word.__doc__


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize(("words", "in_words"), IN_WORDS)
def test_every_word_can_be_read(words, in_words, language):
    read = [in_words(word, language) for word in words]

    assert len(set(read)) == len(read)
    for word, text in zip(words, read, strict=True):
        assert text, word
        assert text == text.strip()
        assert "-" not in text, "a code is no text"


def test_dutch_is_another_language_than_english():
    words = [(word, in_words) for words, in_words in IN_WORDS for word in words]
    same = {word for word, in_words in words if in_words(word, Language.DUTCH) == in_words(word, Language.ENGLISH)}

    assert same <= {OrganisationKind.SCHOOL, OrganisationKind.PARTNER}


@pytest.mark.parametrize("language", Language)
def test_a_word_from_a_newer_release_is_shown_as_it_came(language):
    for _, in_words in IN_WORDS:
        assert in_words("something-new", language) == "something-new"


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", CODES)
def test_every_reason_can_be_read(code, language):
    value = {"distance": "4.2", "kind": "internship:guest-lesson", "period": "2026-01-01/2026-02-01"}.get(code, "x")

    text = reason_in_words(Reason(code=code, value=value, weight=0.5), language)

    assert text
    assert text[0] == text[0].lower() or text.startswith("MBO")
    assert not text.endswith(".")


@pytest.mark.parametrize(
    ("days", "dutch", "english"),
    [
        (
            "2027-03-01/2027-06-30",
            "kan voor allebei van 1 maart 2027 tot en met 30 juni 2027",
            "both are free from 1 March 2027 until 30 June 2027",
        ),
        ("2027-06-30/2027-06-30", "kan voor allebei op 30 juni 2027", "both are free on 30 June 2027"),
        ("", "in dezelfde periode", "in the same period"),
    ],
)
def test_a_period_is_told_as_people_write_days(days, dutch, english):
    reason = Reason(code="period", value=days, weight=0.5)

    assert reason_in_words(reason, Language.DUTCH) == dutch
    assert reason_in_words(reason, Language.ENGLISH) == english


@pytest.mark.parametrize(
    ("kinds", "dutch", "english"),
    [
        ("internship:internship", "vraagt stage, biedt stage", "asks for an internship, offers one"),
        ("expertise:expertise", "vraagt deskundigheid, biedt deskundigheid", "asks for expertise, offers it"),
        (
            "guest-lesson:lesson-material",
            "vraagt gastles, biedt lesmateriaal",
            "asks for a guest lesson, offers lesson material",
        ),
    ],
)
def test_what_is_asked_and_offered_is_told_in_a_sentence(kinds, dutch, english):
    reason = Reason(code="kind", value=kinds, weight=0.5)

    assert reason_in_words(reason, Language.DUTCH) == dutch
    assert reason_in_words(reason, Language.ENGLISH) == english


@pytest.mark.parametrize("language", Language)
@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("value", ["", "x", "\u00e9\n", "nan", "1e999", "a:b:c", ",,", "/"])
def test_no_reason_fails_whatever_it_holds(code, value, language):
    assert isinstance(reason_in_words(Reason(code=code, value=value, weight=0.5), language), str)


def test_every_province_has_places_and_a_name_in_both_languages():
    for province in PROVINCES:
        assert province_in_words(province, Language.DUTCH) == province
        assert province_in_words(province, Language.ENGLISH)
    places = [place for letter in string.ascii_lowercase for place in suggest(letter, 5000)]
    assert {place.province for place in places} == set(PROVINCES)
