"""Weights from judged pairs."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching.fitting import Judged, fitted
from services.matching.weights import NAMES, PRIOR, kept_weights


def judged(strong: str, *, times: int) -> list[Judged]:
    """Requests whose right offer is told by one signal alone, beside one that is told by nothing."""
    right, wrong = ([0.9 if name == strong else 0.5 for name in NAMES], [0.5] * len(NAMES))
    return [Judged([right, wrong], [7.0, 0.0])] * times


def test_without_judgements_the_prior_stands():
    assert fitted([], PRIOR) == PRIOR
    assert fitted([Judged([[1.0] * len(NAMES)], [0.0])], PRIOR) == PRIOR


def test_a_signal_that_tells_the_right_offer_counts_more():
    weights = fitted(judged("content", times=20), PRIOR)

    assert weights["content"] > PRIOR["content"]
    assert all(abs(weights[name] - PRIOR[name]) < 0.01 for name in NAMES if name != "content")


def test_more_judgements_change_more_than_few():
    few, many = (fitted(judged("level", times=times), PRIOR)["level"] for times in (1, 50))

    assert PRIOR["level"] < few < many


@settings(max_examples=20)
@given(st.lists(st.lists(st.floats(0, 1), min_size=len(NAMES), max_size=len(NAMES)), min_size=2, max_size=5))
def test_no_weight_changes_its_side_and_the_same_judgements_give_the_same(rows):
    told = [Judged(rows, [7.0, *([0.0] * (len(rows) - 1))])]

    weights = fitted(told, PRIOR)

    assert weights == fitted(told, PRIOR)
    assert all(weights[name] * PRIOR[name] >= 0 for name in NAMES)


def test_the_weights_of_this_release_are_whole():
    kept = kept_weights()

    assert kept.weights.keys() == set(NAMES) == PRIOR.keys()
    assert 0 < kept.score_min < 1
    assert kept.origin
