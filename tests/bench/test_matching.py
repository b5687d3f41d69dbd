"""Graded sets are read or refused with the line; measures are what they are said to be."""

import json
import math
from pathlib import Path

import pytest

from bench.matching import baselines
from bench.matching.measures import mean_of, quality_of
from bench.matching.sets import FOLDER, SPLITS, WrongLine, read_lines, read_set
from services.requests.contact_details import contact_detail_in

OFFER = {
    "type": "offer", "id": "o", "kind": "tip", "themes": ["biodiversity"], "title": "t", "text": "x", "place": "Ede",
}  # fmt: skip
REQUEST = OFFER | {"type": "request", "id": "r"}
JUDGEMENT = {"type": "judgement", "request": "r", "offer": "o", "grade": 2}


def read(*lines: object):
    """A set from these lines."""
    return read_lines([line if isinstance(line, str) else json.dumps(line) for line in lines], Path("set.jsonl"))


def test_the_order_of_lines_and_further_fields_do_not_matter():
    found = read(JUDGEMENT, "", REQUEST | {"colour": "green", "features": ["short"]}, OFFER)

    assert found.grades == {"r": {"o": 2}}
    assert found.features == {"r": ("short",)}
    assert found.offers["o"].language == "nl"


def test_a_set_of_others_is_taken_as_it_comes(tmp_path):
    lines = [
        {"type": "Offer", "id": 7, "kind": "guest_lesson", "title": "Gastles", "text": "Over zonnepanelen op het dak"},
        {"type": "request", "id": 1, "text": "Who can tell our students about solar panels?", "themes": []},
        {"type": "judgement", "request": 1, "offer": "7", "grade": "3.0", "by": "somebody"},
    ]
    file = tmp_path / "set.jsonl"
    file.write_text("\ufeff" + "\n\n".join(map(json.dumps, lines)), encoding="utf-8")

    found = read_set(file)

    offer, request = found.offers["7"], found.requests["1"]
    assert found.grades == {"1": {"7": 3}}
    assert (request.kind, request.language, offer.language) == ("expertise", "en", "nl")
    assert offer.themes == request.themes == ("energy-transition",)
    assert offer.place == request.place


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("{", "not JSON"),
        ("[]", "not an object"),
        ("{}", "'type' is missing"),
        ({"type": "answer"}, "type 'answer'"),
        (OFFER | {"id": "r"} | {"type": "request"}, "there already"),
        (OFFER | {"kind": "lunch"}, "lunch"),
        (OFFER | {"themes": ["lunch"]}, "lunch"),
        (OFFER | {"place": "Nergenshuizen"}, "no place"),
        (OFFER | {"title": None, "text": ""}, "'title' is missing"),
        (OFFER | {"kind": None}, "'kind' is missing"),
        (OFFER | {"id": True}, "'id' is no id"),
        (OFFER | {"starts_on": "soon"}, "'starts_on'"),
        (JUDGEMENT | {"grade": 4}, "'grade'"),
        (JUDGEMENT | {"grade": "2.5"}, "'grade'"),
        (JUDGEMENT | {"grade": None}, "'grade'"),
        (JUDGEMENT | {"offer": "other"}, "no offer 'other'"),
        (OFFER | {"mbo_level": 9}, "mbo_level"),
    ],
)
def test_a_wrong_line_is_refused_with_its_number(line, why):
    with pytest.raises(WrongLine, match=r"set\.jsonl:2: ") as refused:
        read(REQUEST, line)

    assert refused.value.number == 2
    assert why in str(refused.value)


@pytest.mark.parametrize(("split", "requests"), [("tune", 74), ("test", 72)])
def test_our_own_sets_are_whole(split, requests):
    found = read_set(FOLDER / f"{split}.jsonl")

    assert (len(found.requests), len(found.offers)) == (requests, 460)
    for its_id in found.requests:
        assert sum(grade >= 2 for grade in found.grades[its_id].values()) >= 2, its_id
    texts = [*found.requests.values(), *found.offers.values()]
    assert not [event.entity_id for event in texts if contact_detail_in(f"{event.title}\n{event.text}")]


def test_no_request_is_in_both_halves():
    tune, test = (read_set(FOLDER / f"{split}.jsonl") for split in SPLITS)

    assert not tune.requests.keys() & test.requests.keys()
    assert tune.offers.keys() == test.offers.keys()


def test_the_measures_are_those_of_the_definitions():
    found = quality_of(["c", "a", "x"], {"a": 3, "b": 2, "c": 1})

    ideal = 7 + 3 / math.log2(3) + 1 / 2
    assert found.ndcg == pytest.approx((1 + 7 / math.log2(3)) / ideal)
    assert (found.reciprocal_rank, found.recall) == (1 / 2, 1 / 2)


def test_what_cannot_be_answered_is_left_out_of_the_mean():
    assert mean_of([quality_of([], {"a": 0}), quality_of(["a"], {"a": 1}), quality_of(["b"], {"a": 3})]) == (0.5, 0, 0)


def test_trigrams_are_those_of_pg_trgm():
    assert baselines.trigrams("Wat, dat") == {"  w", " wa", "wat", "at ", "  d", " da", "dat"}


def test_plain_methods_find_the_offer_with_the_same_words():
    offers = {"heat": "een warmtepomp in huis", "bees": "bijen op het dak", "other": "iets heel anders"}

    for search in (baselines.by_bm25(offers), baselines.by_trigrams(offers)):
        ranked, _ = search("wie weet iets van bijen?")
        assert ranked[0] in ("bees", "other")
        assert "heat" not in ranked[:1]
        assert search("")[0] == []
