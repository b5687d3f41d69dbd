"""Weights from feedback: what each answer is worth, and that learning is sound whatever it is taught. Pure."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.matching import learning
from services.matching.learning import Graded, Refit, refit, verdict
from services.matching.match import Because, State
from services.matching.preferences import preferences
from services.matching.rules import fit, signals
from services.matching.strengths import row_of, score_of
from services.matching.weights import NAMES, PRIOR, Weights, kept_weights
from services.matching.worth import Became, Feedback, Reached, became, worth_of
from tests.matching.pure import NOW, a_match, a_pair, asked, endorsed, offered

IN_USE = kept_weights()
EVERYTHING = frozenset(NAMES)
SKEWED = Weights({**IN_USE.weights, "distance": 0.3, "same-theme": 6.0}, IN_USE.score_min, "skewed")


def told(
    reached: str = "proposed", ended: Any = None, because: str | None = None, by: Any = None, **strengths: float
) -> Feedback:
    """A match of request `r` of which this became."""
    all_of_them = dict.fromkeys(NAMES, 0.5) | {name.replace("_", "-"): value for name, value in strengths.items()}
    return Feedback("r", "m", all_of_them, Became(Reached(reached), ended, because, by))


def by_a_rule(requests: int, *, started_with: Weights, noise: float = 0.05, seed: int = 1) -> list[Feedback]:
    """The three that some weights put first of twenty for each request, judged by the weights of the release."""
    chance, found = random.Random(seed), []
    for request in range(requests):
        pairs = [{name: chance.choice((0.0, 0.3, 0.5, 0.8, 1.0)) for name in NAMES} for _ in range(20)]
        pairs.sort(key=lambda strengths: -score_of(strengths, started_with))
        for number, strengths in enumerate(pairs[:3]):
            score = score_of(strengths, IN_USE) + chance.gauss(0, noise)
            end = Became(Reached.ENDORSED)
            if score < 0.62:
                end = Became(Reached.PROPOSED, "dismissed", Because.OTHER.value, "ambassador")
            found.append(Feedback(f"r-{request:04}", f"m-{request:04}-{number}", strengths, end))
    return found


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        (a_match(), Became(Reached.PROPOSED)),
        (endorsed(), Became(Reached.ENDORSED)),
        (endorsed(asker_accepted=True), Became(Reached.ACCEPTED)),
        (endorsed(state=State.INTRODUCED), Became(Reached.INTRODUCED)),
        (
            a_match(state=State.DISMISSED, dismissed_because="other"),
            Became(Reached.PROPOSED, "dismissed", "other", "ambassador"),
        ),
        (
            endorsed(state=State.LAPSED, lapsed_because="declined", offerer_accepted=False),
            Became(Reached.ENDORSED, "declined", None, "offer"),
        ),
        (
            endorsed(state=State.LAPSED, lapsed_because="unanswered", asker_accepted=True),
            Became(Reached.ACCEPTED, "lapsed", "unanswered"),
        ),
    ],
)
def test_what_became_of_a_match(match, expected):
    assert became(match) == expected


@pytest.mark.parametrize(
    ("one", "grade"),
    [
        (told("endorsed"), 2),
        (told("accepted"), 2),
        (told("introduced"), 3),
        (told("initiative"), 4),
        (told("endorsed", "lapsed", "unanswered"), 2),  # silence takes nothing back of what an ambassador saw
        (told("endorsed", "declined", "no-capacity", "offer"), 2),  # it fitted, only not now
        (told("endorsed", "declined", None, "request"), 2),  # who gives no reason may have found somebody else
        (told("endorsed", "declined", "other", "request"), 2),
    ],
)
def test_what_somebody_saw_a_fit_in_fitted(one, grade):
    worth = worth_of(one)

    assert worth is not None
    assert (worth.grade, worth.speaks_of) == (grade, EVERYTHING)


@pytest.mark.parametrize(
    "one",
    [
        told(),
        told("proposed", "lapsed", "unanswered"),
        told("proposed", "lapsed", "closed"),
        told("proposed", "dismissed", "no-capacity", "ambassador"),
        told("proposed", "declined", None, "request"),
    ],
)
def test_what_is_not_about_the_ranking_says_nothing(one):
    assert worth_of(one) is None


@pytest.mark.parametrize(
    ("because", "speaks_of"),
    [
        ("other-need", {"content", "same-theme", "kind", "direction", "unwanted"}),
        ("too-far", {"distance"}),
        ("wrong-level", {"level"}),
    ],
)
@pytest.mark.parametrize(("ended", "by"), [("dismissed", "ambassador"), ("declined", "request"), ("declined", "offer")])
def test_a_reason_speaks_of_its_own_signals(because, speaks_of, ended, by):
    worth = worth_of(told("endorsed" if ended == "declined" else "proposed", ended, because, by))

    assert worth is not None
    assert worth.grade == 0
    assert worth.speaks_of >= speaks_of
    assert not worth.speaks_of & ({"distance", "level", "period", "same-language"} - speaks_of)


def test_every_reason_is_thought_of():
    judged = {because for because in Because if worth_of(told("proposed", "dismissed", because, "ambassador"))}

    assert judged == set(Because) - {Because.NO_CAPACITY}


def test_a_match_that_fitted_is_put_above_those_of_its_request_that_did_not():
    fitted = replace(told("introduced", distance=0.9, kind=0.4), match_id="m-1")
    too_far = replace(told("proposed", "dismissed", "too-far", "ambassador", distance=0.1, kind=1.0), match_id="m-2")

    (one,) = preferences([fitted, too_far], IN_USE.weights)

    found = dict(zip(NAMES, one.difference, strict=True))
    assert (found["distance"], found["kind"]) == (pytest.approx(0.8), pytest.approx(-0.6))
    assert one.speaks_of == {"distance"}  # that it was too far says nothing of its kind
    assert one.gains == (7, 0)


def test_from_too_far_the_distance_learns_until_it_outweighs_the_rest():
    fitted = told("introduced", distance=0.9, kind=0.6)
    too_far = told("proposed", "dismissed", "too-far", "ambassador", distance=0.4, kind=1.0)
    feedback = [
        replace(one, request_id=f"r-{n:03}", match_id=f"m-{n}-{which}")
        for n in range(200)
        for which, one in enumerate((fitted, too_far))
    ]

    found = learning.learned(feedback, SKEWED.weights)

    assert score_of(fitted.strengths, SKEWED) < score_of(too_far.strengths, SKEWED)
    after = Weights(found, 0.0, "")
    assert score_of(fitted.strengths, after) > score_of(too_far.strengths, after)
    others = {name: found[name] / SKEWED.weights[name] for name in NAMES if name != "distance" and found[name]}
    assert max(others.values()) - min(others.values()) < 0.01  # how they stand to each other did not change


def test_without_another_of_its_request_it_is_put_beside_the_mean_of_the_others():
    fitted = told("endorsed", content=0.9)
    unfitted = [
        replace(told("proposed", "dismissed", "other", "ambassador", content=m), request_id=f"r-{m}")
        for m in (0.2, 0.4)
    ]

    found = preferences([fitted, *unfitted], IN_USE.weights)

    content = NAMES.index("content")
    assert sorted(round(one.difference[content], 6) for one in found) == [0.5, 0.6, 0.7]


def test_what_still_runs_is_not_behind_what_was_introduced():
    introduced, running = told("introduced", kind=0.4), replace(told("endorsed", kind=1.0), match_id="m-2")

    assert preferences([introduced, running], IN_USE.weights) == []


def test_a_signal_that_was_not_there_is_no_difference():
    fitted = replace(told("endorsed"), strengths={"kind": 1.0})
    unfitted = replace(told("proposed", "dismissed", "other", "ambassador", kind=0.4), match_id="m-2")

    (one,) = preferences([fitted, unfitted], IN_USE.weights)

    assert {name for name, value in zip(NAMES, one.difference, strict=True) if value} == {"kind"}


def test_a_skewed_start_is_put_right_by_what_people_say():
    made = refit(by_a_rule(300, started_with=SKEWED), SKEWED)

    assert made.agreement is not None
    before, after = made.agreement
    assert after > before + 0.01
    assert made.after.weights["distance"] > SKEWED.weights["distance"] * 2
    assert made.after.weights["same-theme"] < SKEWED.weights["same-theme"]
    assert verdict(made, None) == "no-worse"


def test_weights_that_are_right_stay_about_what_they_are():
    made = refit(by_a_rule(300, started_with=IN_USE), IN_USE)

    assert made.agreement is not None
    assert made.agreement[1] >= made.agreement[0] - learning.AGREEMENT_MARGIN
    assert all(abs(made.after.weights[name] - IN_USE.weights[name]) < 0.8 for name in NAMES)


@pytest.mark.parametrize(
    ("feedback", "lacks"),
    [
        ([], {"requests": 50, "fitted": 15, "unfitted": 15}),
        (by_a_rule(20, started_with=SKEWED), {"requests": 30, "unfitted": 2}),
        ([replace(told("endorsed"), request_id=f"r-{n}") for n in range(90)], {"requests": 50, "unfitted": 15}),
    ],
)
def test_with_too_little_feedback_nothing_is_learned_and_it_says_how_much_lacks(feedback, lacks):
    made = refit(feedback, SKEWED)

    assert made.enough.lacks == lacks
    assert (made.after, made.agreement, verdict(made, None)) == (SKEWED, None, "too-little")


def test_what_was_learned_from_is_not_counted_twice():
    feedback = by_a_rule(100, started_with=SKEWED)

    assert refit(feedback, SKEWED, telling_before=90).enough.lacks == {"requests-since": 10}
    assert not refit(feedback, SKEWED, telling_before=80).enough.lacks


MADE = Refit(learning.Enough(300, 100, 100, 200, 100), SKEWED, IN_USE, (0.8, 0.85))


@pytest.mark.parametrize(
    ("agreement", "graded", "expected"),
    [
        ((0.8, 0.85), None, "no-worse"),
        ((0.8, 0.791), None, "no-worse"),
        ((0.8, 0.789), None, "worse-on-feedback"),
        ((0.8, 0.85), Graded(release=0.85, before=0.85, after=0.845), "no-worse"),
        ((0.8, 0.85), Graded(release=0.85, before=0.85, after=0.839), "worse-on-graded-set"),
        ((0.8, 0.85), Graded(release=0.86, before=0.85, after=0.845), "worse-on-graded-set"),  # not in small steps
        ((0.8, 0.85), Graded(release=0.86, before=0.70, after=0.77), "no-worse"),
        ((0.8, 0.85), Graded(release=0.86, before=0.70, after=0.699), "worse-on-graded-set"),
        ((0.8, 0.7), Graded(release=0.8, before=0.8, after=0.9), "worse-on-feedback"),
    ],
)
def test_what_is_worse_by_more_than_the_margin_is_refused(agreement, graded, expected):
    assert verdict(replace(MADE, agreement=agreement), graded) == expected


def test_weights_that_come_out_the_same_are_nothing_new():
    assert verdict(replace(MADE, after=SKEWED), None) == "nothing-new"


@given(
    st.fixed_dictionaries({name: st.floats(0, 1) for name in NAMES}),
    st.floats(0.1, 1),
    st.fixed_dictionaries({name: st.floats(0.1, 6) for name in NAMES}),
)
@settings(max_examples=40)
def test_what_is_learned_from_compares_as_the_score_does_whatever_part_of_its_weight_a_signal_had(found, part, weights):
    kept = found | {"content-counts": part}
    weights = {name: weight if PRIOR[name] > 0 else -weight for name, weight in weights.items()}

    compared = sum(weights[name] * value for name, value in zip(NAMES, row_of(kept, weights), strict=True))

    size = sum(weight for weight in weights.values() if weight > 0)
    assert max(0.0, compared / size) == pytest.approx(score_of(kept, Weights(weights, 0.0, "")), abs=0.0001)


@pytest.mark.parametrize("name", ["period", "same-language"])
def test_every_signal_learns_also_those_that_a_graded_set_tells_nothing_of(name):
    fitted = replace(told("endorsed"), strengths=dict.fromkeys(NAMES, 0.5) | {name: 1.0})
    unfitted = told("proposed", "dismissed", "other", "ambassador")
    feedback = [
        replace(one, request_id=f"r-{n:03}", match_id=f"m-{n}-{which}")
        for n in range(60)
        for which, one in enumerate((fitted, unfitted))
    ]

    assert learning.learned(feedback, IN_USE.weights)[name] > IN_USE.weights[name] * 2


def test_a_score_is_what_the_rules_make_of_the_same_signals():
    pair = a_pair(asked(place="Utrecht"), offered(place="Arnhem"), similarity=0.3, unwanted=0.4)
    found = fit(pair, NOW, IN_USE)

    assert found is not None
    assert score_of({signal.name: signal.strength for signal in signals(pair)}, IN_USE) == found.score


STRENGTH = st.floats(0, 1).map(lambda value: round(value, 3))
ENDS = st.sampled_from(
    [
        Became(Reached.ENDORSED),
        Became(Reached.INTRODUCED),
        Became(Reached.PROPOSED),
        Became(Reached.PROPOSED, "dismissed", "other", "ambassador"),
        Became(Reached.PROPOSED, "dismissed", "too-far", "ambassador"),
        Became(Reached.PROPOSED, "dismissed", "other-need", "ambassador"),
        Became(Reached.ENDORSED, "declined", "wrong-level", "offer"),
        Became(Reached.ENDORSED, "declined", None, "request"),
    ]
)
FEEDBACK = st.lists(
    st.tuples(st.integers(0, 9), st.dictionaries(st.sampled_from(NAMES), STRENGTH, min_size=1), ENDS),
    min_size=1,
    max_size=30,
).map(
    lambda rows: [
        Feedback(f"r-{request}", f"m-{number}", strengths, end) for number, (request, strengths, end) in enumerate(rows)
    ]
)


@settings(max_examples=40)
@given(FEEDBACK, st.randoms(use_true_random=False))
def test_whatever_is_taught_the_weights_stay_within_bounds_and_the_order_does_not_matter(feedback, chance):
    in_order = sorted(feedback, key=lambda one: (one.request_id, one.match_id))
    found = learning.learned(in_order, IN_USE.weights)

    assert set(found) == set(NAMES)
    assert all(found[name] >= 0 if PRIOR[name] >= 0 else found[name] <= 0 for name in NAMES)
    size = sum(max(0.0, weight) for weight in found.values())
    assert size == pytest.approx(sum(max(0.0, weight) for weight in IN_USE.weights.values()), abs=0.01)
    assert max(abs(weight) for weight in found.values()) <= learning.PART_MAX * size + 0.01
    shuffled = list(feedback)
    chance.shuffle(shuffled)
    assert refit(shuffled, IN_USE) == refit(feedback, IN_USE)


@settings(max_examples=60)
@given(st.fixed_dictionaries({name: st.floats(-50, 50) for name in NAMES}))
def test_bounds_hold_for_any_weights(weights):
    found = learning.bounded(weights, IN_USE.weights)

    size = sum(max(0.0, weight) for weight in IN_USE.weights.values())
    assert all(found[name] * PRIOR[name] >= 0 for name in NAMES)
    assert max(abs(weight) for weight in found.values()) <= learning.PART_MAX * size + 0.001


@settings(max_examples=60)
@given(FEEDBACK)
def test_a_preference_is_never_of_a_pair_that_says_nothing(feedback):
    silent = [one for one in feedback if worth_of(one) is None]

    assert preferences(sorted(silent, key=lambda one: one.request_id), IN_USE.weights) == []
