"""`./odh bench scale`: the worlds that it makes, and the tables that it prints."""

import random

import numpy as np
import pytest

from bench import scale_report
from bench.scale_texts import Vectors, told
from bench.scale_world import Places
from contracts.vocabulary import Side


def test_a_text_is_the_same_each_time_and_says_what_it_is_about():
    assert told(7, Side.OFFER) == told(7, Side.OFFER)
    assert len({told(seed, Side.REQUEST).text for seed in range(50)}) > 40
    assert all(told(seed, Side.OFFER).themes for seed in range(20))


def test_a_vector_that_is_made_is_near_the_one_that_was_read_and_as_long():
    chance = np.random.default_rng(1)
    read = chance.normal(size=(200, 384)) / np.sqrt(384)
    vectors = Vectors(offers=read, requests=read[:10])

    made = vectors.like(read, chance)

    own = read / np.linalg.norm(read, axis=1, keepdims=True)
    assert np.linalg.norm(made, axis=1) == pytest.approx(1)
    assert (made * own).sum(axis=1).mean() == pytest.approx(0.9, abs=0.03)


def test_a_region_lies_around_utrecht_and_the_nation_does_not():
    chance = random.Random(1)

    assert {place.province for place in Places("region").choose(chance, 200)} < {
        place.province for place in Places("nation").choose(chance, 500)
    }


def a_world(offers: int, milliseconds: float, recall: float) -> dict:
    ways = ("all ways", "meaning", "meaning, exact", "words", "place")
    side = {
        "ms": {way: {"p50": milliseconds, "p99": 2 * milliseconds} for way in ways},
        "recall@30": recall,
        "recall@30 worst": recall,
        "backend MB": 20.0,
        "ef": {"400": {"recall": recall, "p50": milliseconds}},
    }
    ingest = ("kept/s", "kept and proposed/s", "copies kept/s", "all/s", "in its turn ms/event", "model ms/text")
    return {
        "offers": offers,
        "spread": "region",
        "sides": {"request": side, "offer": side},
        "ingest": dict.fromkeys(ingest, 10.0),
        "disk MB": {"meaning": 8.0, "ix_meaning_1_offer": 9.0},
        "memory": {"server MB": 100},
        "made s": {"indexes of meanings": 3.0},
        "drift": [],
    }


def test_the_table_tells_what_ten_times_as_much_costs():
    table = scale_report.table([a_world(10_000, 4.0, 1.0), a_world(100_000, 6.0, 0.97)])

    assert "| offers for a request: the whole statement, p50 ms" in table
    assert "| 4.0             | 1.5   | 6.0" in table
    assert len({len(line) for line in table.splitlines()}) == 1


def test_an_index_that_misses_too_much_is_told():
    assert scale_report.finds_enough(a_world(10_000, 4.0, 0.98))
    assert not scale_report.finds_enough(a_world(10_000, 4.0, 0.979))
    assert "0.979, 4.0 ms" in scale_report.ef_table([a_world(10_000, 4.0, 0.979)])
