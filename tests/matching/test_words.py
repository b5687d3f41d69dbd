"""Terms as the full text index keeps them, and reasons as people read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.matching import Reason
from contracts.vocabulary import Kind, Language
from contracts.words import reasons_in_words
from services.matching.rules import fit
from services.matching.words import LABELS, TELLS_MIN, TERMS_ASKED_MAX, any_of, as_vector, in_common, weights_in
from tests.matching.pure import NOW, a_pair, asked, offered

weights = st.dictionaries(st.text(min_size=1).filter(lambda term: "\\" not in term), st.floats(0, 1.5), max_size=30)


@given(weights)
def test_what_is_kept_comes_back_with_the_nearest_weight(terms):
    kept = weights_in(as_vector(terms))

    assert kept.keys() == {term for term, weight in terms.items() if weight >= TELLS_MIN}
    for term, weight in kept.items():
        assert abs(weight - terms[term]) == min(abs(label - terms[term]) for label in LABELS.values())


def test_what_postgresql_writes_is_read():
    assert weights_in("'co2':1A 'd''r':1 'warmtepomp':1B") == {"co2": 1.25, "d'r": 0.2, "warmtepomp": 0.8}
    assert weights_in(None) == {}


def test_the_terms_that_tell_most_are_asked_for():
    query = any_of({f"term{n}": 1.2 if n == 7 else 0.3 for n in range(TERMS_ASKED_MAX + 9)})

    assert query.startswith("'term7' | ")
    assert query.count("|") == TERMS_ASKED_MAX - 1
    assert any_of({}) is None


def test_the_same_words_in_a_longer_text_tell_less():
    mine = {"warmtepomp": 1.25, "huis": 0.45}

    assert in_common(mine, ["Awarmtepomp", "Dhuis"], 20) > in_common(mine, ["Awarmtepomp", "Dhuis"], 60)
    assert in_common(mine, ["Awarmtepomp", "Dhuis"], 20) > in_common(mine, ["Awarmtepomp"], 20) > 0
    assert in_common(mine, [], 20) == 0


def test_reasons_are_read_in_dutch_and_in_english_with_how_much_they_count():
    pair = a_pair(
        asked(kind=Kind.INTERNSHIP),
        offered(kind=Kind.INTERNSHIP, place="Bunnik"),
        similarity=0.2,
        words=("warmtepomp",),
        in_common=0.5,
    )
    reasons = fit(pair, NOW).reasons

    assert reasons_in_words(reasons, Language.DUTCH) == (
        "6 km verderop (telt het zwaarst)",
        "vraagt stage, biedt stage",
        "de teksten raken aan elkaar",
        "zelfde thema: energietransitie",
        "woorden die passen: warmtepomp (telt licht mee)",
    )
    assert reasons_in_words(reasons, Language.ENGLISH) == (
        "6 km away (counts most)",
        "asks for an internship, offers one",
        "the texts touch each other",
        "same theme: energy transition",
        "words that fit: warmtepomp (counts a little)",
    )


@pytest.mark.parametrize(
    ("share", "words"),
    [
        ("84%", "de teksten gaan over hetzelfde"),
        ("50%", "de teksten lijken op elkaar"),
        ("30%", "de teksten raken aan elkaar"),
    ],
)
def test_how_alike_two_texts_are_is_never_a_number(share, words):
    (told,) = reasons_in_words([Reason(code="meaning", value=share, weight=0.3)], Language.DUTCH)

    assert told.startswith(words)
    assert "%" not in told
