"""What fits what, and why."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import KINDS_WITHOUT_DISTANCE, Kind, Language, Side, Status, Theme
from services.matching.choosing import Busy, chosen
from services.matching.pairs import (
    Pair,
    Proposition,
    can_match,
    kilometres_between,
    kinds_answered_by,
    kinds_that_answer,
)
from services.matching.rules import fit, fitting
from services.matching.weights import kept_weights
from tests.matching.pure import NOW, a_pair, asked, offered

days = st.dates(date(2026, 9, 1), date(2027, 8, 31))


def propositions(side: Side) -> st.SearchStrategy[Proposition]:
    """Any request or offer of a few members and organisations, so that they meet themselves now and then."""
    return st.builds(
        Proposition,
        side=st.just(side),
        id=st.sampled_from([f"{side}-{n}" for n in range(4)]),
        member_id=st.sampled_from(["anna", "bas", "cor"]),
        organisation_id=st.sampled_from(["school", "company", "centre", "partner"]),
        kind=st.sampled_from(Kind),
        themes=st.lists(st.sampled_from(Theme), max_size=3).map(tuple),
        language=st.sampled_from(Language),
        place_name=st.just("Utrecht"),
        province=st.just("Utrecht"),
        latitude=st.floats(50.8, 53.5),
        longitude=st.floats(3.4, 7.2),
        status=st.sampled_from([Status.OPEN, Status.OPEN, Status.OPEN, Status.WITHDRAWN]),
        expires_at=st.sampled_from([NOW + timedelta(days=9), NOW]),
        reach_km=st.none() | st.integers(1, 300),
        starts_on=st.none() | days,
        ends_on=st.none() | days,
        mbo_level=st.none() | st.integers(1, 4),
        participants=st.none() | st.integers(1, 40),
        languages=st.sets(st.sampled_from(Language)).map(lambda spoken: tuple(sorted(spoken))),
        voice=st.floats(-1, 1),
    )


pairs = st.builds(
    Pair,
    request=propositions(Side.REQUEST),
    offer=propositions(Side.OFFER),
    similarity=st.none() | st.floats(-1, 1),
    words=st.lists(st.sampled_from(["warmtepomp", "monteur", "huis", "oud", "dak"]), unique=True).map(tuple),
    in_common=st.floats(0, 9),
    unwanted=st.floats(0, 4),
    offer_running=st.integers(0, 9),
)


@given(pairs)
def test_a_score_is_made_of_its_reasons(pair):
    found = fit(pair, NOW)

    assert (found is not None) == can_match(pair.request, pair.offer, NOW)
    if found:
        assert 0 <= found.score <= 1
        weights = [reason.weight for reason in found.reasons]
        assert weights == sorted(weights, reverse=True)
        assert 0 <= sum(weights) <= found.score + 0.001


@given(pairs, st.floats(-1, 1), st.floats(-1, 1))
def test_more_alike_is_never_worse(pair, one, other):
    less, more = sorted((one, other))
    if found := fit(replace(pair, similarity=less), NOW):
        assert found.score <= fit(replace(pair, similarity=more), NOW).score


@given(pairs)
def test_nearer_is_never_worse(pair):
    there = {"latitude": pair.request.latitude, "longitude": pair.request.longitude}
    if found := fit(pair, NOW):
        assert found.score <= fit(replace(pair, offer=replace(pair.offer, **there)), NOW).score


@given(st.lists(pairs, max_size=12), st.integers(1, 4), st.integers(0, 4), st.randoms())
def test_a_request_gets_the_best_few_offers_each_of_another_organisation(found, most, running, random):
    found = list({(pair.request.id, pair.offer.id): pair for pair in found}.values())
    busy = {"request-0": Busy(running, frozenset({"company"}))}

    best = chosen(fitting(found, NOW), busy, most=most)

    for request_id in {pair.request.id for pair in found}:
        organisations = [p.pair.offer.organisation_id for p in best if p.pair.request.id == request_id]
        assert len(organisations) == len(set(organisations)) <= most
        if request_id == "request-0":
            assert len(organisations) <= max(0, most - running)
            assert "company" not in organisations
    assert all(proposal.fit.score >= kept_weights().score_min for proposal in best)
    random.shuffle(found)
    assert chosen(fitting(found, NOW), busy, most=most) == best


@given(propositions(Side.REQUEST), propositions(Side.OFFER))
def test_a_distance_is_the_same_both_ways(one, other):
    assert kilometres_between(one, other) == pytest.approx(kilometres_between(other, one))
    assert kilometres_between(one, one) == 0


def test_distances_are_those_on_the_map():
    assert kilometres_between(asked(place="Utrecht"), asked(place="Zeist")) == pytest.approx(7.6, abs=0.1)
    assert kilometres_between(asked(place="Groningen"), asked(place="Maastricht")) == pytest.approx(268, abs=5)


def test_what_an_offer_answers_is_what_it_is_the_answer_to():
    assert all(
        (offer in kinds_that_answer(asked)) == (asked in kinds_answered_by(offer)) for asked in Kind for offer in Kind
    )
    assert all(kind in kinds_that_answer(kind) for kind in Kind)


def test_a_school_and_a_company_with_the_same_subject_fit():
    assert can_match(asked(), offered(), NOW)


@pytest.mark.parametrize(
    "offer",
    [
        offered(status=Status.WITHDRAWN),
        offered(status=Status.IN_CONVERSATION),
        offered(expires_at=NOW),
        offered(member_id="asker"),
        offered(organisation_id="school"),
        offered(kind=Kind.EQUIPMENT),
    ],
    ids=["withdrawn", "in conversation", "expired", "one's own", "one's colleague's", "something else"],
)
def test_what_cannot_be_had_is_not_proposed(offer):
    assert not can_match(asked(), offer, NOW)
    assert fit(a_pair(offer=offer), NOW) is None


@pytest.mark.parametrize(
    ("reaches", "fits"), [((None, None), True), ((8, None), True), ((8, 7), False), ((None, 7), False)]
)
def test_both_sides_say_how_far_they_go(reaches, fits):
    request, offer = asked(reach_km=reaches[0]), offered(reach_km=reaches[1])  # 7.6 km apart

    assert can_match(request, offer, NOW) is fits


@pytest.mark.parametrize("kind", sorted(KINDS_WITHOUT_DISTANCE))
def test_what_travels_by_itself_may_come_from_anywhere(kind):
    request, offer = asked(kind=kind, reach_km=1), offered(kind=kind, place="Groningen", reach_km=1)

    found = fit(a_pair(request, offer), NOW)

    assert found
    assert "distance" not in {reason.code for reason in found.reasons}


@pytest.mark.parametrize(("levels", "fits"), [((2, 2), True), ((2, 3), True), ((2, 4), False), ((2, None), True)])
def test_levels_are_at_most_one_apart(levels, fits):
    assert can_match(asked(mbo_level=levels[0]), offered(mbo_level=levels[1]), NOW) is fits


@pytest.mark.parametrize(
    ("asked_for", "offered_for", "fits"),
    [
        (("2027-02-01", "2027-03-01"), ("2027-02-15", "2027-06-01"), True),
        (("2027-02-01", "2027-03-01"), ("2027-03-01", None), True),
        (("2027-02-01", "2027-03-01"), ("2027-03-02", None), False),
        ((None, "2027-01-31"), ("2027-02-01", "2027-06-01"), False),
        ((None, None), ("2027-02-01", "2027-06-01"), True),
    ],
)
def test_periods_overlap(asked_for, offered_for, fits):
    request = asked(**_period(*asked_for))

    assert can_match(request, offered(**_period(*offered_for)), NOW) is fits


@pytest.mark.parametrize(
    ("kind", "asked_for", "offered_for", "told"),
    [
        (Kind.INTERNSHIP, ("2027-02-01", "2027-06-30"), ("2027-06-30", "2027-12-31"), []),
        (Kind.INTERNSHIP, ("2027-02-01", "2027-06-30"), ("2027-05-01", "2027-12-31"), []),
        (Kind.INTERNSHIP, ("2027-02-01", "2027-06-30"), ("2027-03-01", None), ["2027-03-01/2027-06-30"]),
        (Kind.INTERNSHIP, ("2027-02-01", None), ("2028-09-01", None), []),
        (Kind.INTERNSHIP, ("2027-02-01", None), (None, "2027-02-01"), []),
        (Kind.INTERNSHIP, (None, None), ("2027-02-01", "2027-06-30"), []),
        (Kind.GUEST_LESSON, ("2027-02-01", "2027-06-30"), ("2027-06-30", None), ["2027-06-30/2027-06-30"]),
        (Kind.GUEST_LESSON, ("2027-02-01", None), ("2028-09-01", None), []),
    ],
)
def test_a_period_is_a_reason_where_it_is_known_and_what_takes_a_whole_period_has_half_of_it(
    kind, asked_for, offered_for, told
):
    pair = a_pair(asked(kind=kind, **_period(*asked_for)), offered(kind=kind, **_period(*offered_for)))
    unsaid = a_pair(asked(kind=kind), offered(kind=kind))

    assert [reason.value for reason in fit(pair, NOW).reasons if reason.code == "period"] == told
    assert (fit(pair, NOW).score > fit(unsaid, NOW).score) is bool(told)


def _period(begin: str | None, end: str | None) -> dict[str, date | None]:
    return {"starts_on": begin and date.fromisoformat(begin), "ends_on": end and date.fromisoformat(end)}


def test_the_reasons_say_what_the_two_have_in_common():
    request = asked(mbo_level=3, **_period("2027-02-01", "2027-06-30"))
    offer = offered(mbo_level=3, **_period("2027-03-01", None))

    found = fit(a_pair(request, offer, words=("warmtepomp", "monteur"), in_common=1.2), NOW)

    assert {reason.code: reason.value for reason in found.reasons} == {
        "same-theme": "energy-transition",
        "distance": "7.6",
        "kind": "guest-lesson:guest-lesson",
        "meaning": "82%",
        "words": "warmtepomp, monteur",
        "level": "3",
        "period": "2027-03-01/2027-06-30",
    }


def test_that_both_are_in_english_is_worth_telling_and_that_both_are_in_dutch_is_not():
    english = a_pair(asked(language=Language.ENGLISH), offered(language=Language.ENGLISH))
    mixed = a_pair(asked(), offered(language=Language.ENGLISH))

    assert [r.value for r in fit(english, NOW).reasons if r.code == "same-language"] == ["en"]
    assert not [r for pair in (mixed, a_pair()) for r in fit(pair, NOW).reasons if r.code == "same-language"]
    assert fit(mixed, NOW).score < fit(a_pair(), NOW).score


def test_without_the_model_words_in_common_and_the_rest_decide():
    unread = a_pair(similarity=None, in_common=0.1)

    (proposal,) = chosen(fitting([unread], NOW), {}, most=3)

    assert "meaning" not in {reason.code for reason in proposal.fit.reasons}


@pytest.mark.parametrize("kind", [Kind.GUEST_LESSON, Kind.INTERNSHIP])
def test_without_the_model_texts_without_a_word_in_common_are_not_proposed(kind):
    unread = a_pair(asked(kind=kind, voice=1.0), offered(kind=kind, voice=-1.0), similarity=None)

    assert fit(unread, NOW).score >= kept_weights().score_min
    assert chosen(fitting([unread], NOW), {}, most=3) == []


def test_the_same_kind_fits_better_than_one_that_answers_it_partly():
    partly = fit(a_pair(offer=offered(kind=Kind.SITE_VISIT)), NOW)

    assert partly.score < fit(a_pair(), NOW).score
    assert "guest-lesson:site-visit" in {reason.value for reason in partly.reasons}


def test_the_same_theme_alone_is_not_enough():
    unlike = a_pair(similarity=0.1)

    assert chosen(fitting([unlike], NOW), {}, most=3) == []


def test_a_request_with_many_past_introductions_still_has_room():
    busy = {"r": Busy(running=0, organisations=frozenset({"a", "b", "c"}))}

    assert len(chosen(fitting([a_pair()], NOW), busy, most=3)) == 1


@pytest.mark.parametrize(("kind", "proposed"), [(Kind.INTERNSHIP, 3), (Kind.EQUIPMENT, 3), (Kind.GUEST_LESSON, 9)])
def test_what_one_party_takes_up_is_proposed_to_a_few_requests_at_a_time(kind, proposed):
    pairs = [a_pair(asked(id=f"r-{n}", kind=kind), offered(kind=kind), offer_running=2) for n in range(9)]

    assert len(chosen(fitting(pairs, NOW), {}, most=3, most_of_offer=5)) == proposed


def test_of_those_that_fit_equally_well_it_is_not_always_the_same_one_that_goes_first():
    offers = [offered(id=f"o-{n}", organisation_id=f"o-{n}") for n in range(2)]
    pairs = [a_pair(asked(id=f"r-{n}"), offer) for n in range(20) for offer in offers]

    assert {proposal.pair.offer.id for proposal in chosen(fitting(pairs, NOW), {}, most=1)} == {"o-0", "o-1"}


@pytest.mark.parametrize(
    ("asked_in", "offered_in", "fits"),
    [((), ("en",), True), (("nl",), (), True), (("nl",), ("en",), False), (("nl", "en"), ("en",), True)],
)
def test_what_cannot_be_done_in_a_language_of_both_is_no_match(asked_in, offered_in, fits):
    request = asked(languages=tuple(map(Language, asked_in)))
    offer = offered(languages=tuple(map(Language, offered_in)))

    assert can_match(request, offer, NOW) is fits


@pytest.mark.parametrize(
    ("kind", "come", "room", "fits"),
    [
        (Kind.GUEST_LESSON, 30, 25, False),
        (Kind.GUEST_LESSON, 25, 25, True),
        (Kind.SITE_VISIT, 30, None, True),
        (Kind.MEETING, None, 10, True),
        (Kind.INTERNSHIP, 4, 2, True),  # two of the four find a place here
        (Kind.EQUIPMENT, 30, 10, True),
    ],
)
def test_a_group_that_comes_as_a_whole_needs_room_for_all(kind, come, room, fits):
    request, offer = asked(kind=kind, participants=come), offered(kind=kind, participants=room)

    assert can_match(request, offer, NOW) is fits
