"""The steps of a match: which may be taken when, by whom, and what they lead to."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import Problem
from contracts.vocabulary import Role, Side, Status
from services.matching import steps
from services.matching.match import RUNNING, Because, State
from services.matching.steps import (
    MatchAlreadyAnswered,
    MatchAlreadyJudged,
    MatchEnded,
    MatchNotAwaitingYou,
    MatchNotFound,
    NotTheirsToJudge,
)
from tests.matching.pure import NOW, a_match, endorsed

MEMBER, AMBASSADOR, TEAM = (frozenset({Role.MEMBER.value, role.value}) for role in Role)

STEPS = {
    "endorse": lambda match: steps.endorse(match, NOW),
    "dismiss": lambda match: steps.dismiss(match, Because.OTHER_NEED),
    "hand over": lambda match: steps.hand_over(match, ("somebody",), NOW),
    "asker yes": lambda match: steps.answer(match, Side.REQUEST, accepted=True),
    "asker no": lambda match: steps.answer(match, Side.REQUEST, accepted=False),
    "offerer yes": lambda match: steps.answer(match, Side.OFFER, accepted=True),
    "offerer no": lambda match: steps.answer(match, Side.OFFER, accepted=False, because=Because.TOO_FAR),
}


@given(st.lists(st.sampled_from(sorted(STEPS)), max_size=12))
def test_whatever_is_tried_an_introduction_follows_from_two_times_yes_alone(tried):
    match = a_match()
    for step in tried:
        before = match
        try:
            match = STEPS[step](match)
        except Problem:
            assert match is before
            continue
        assert match.version == before.version + 1
        if match.declined():
            match = steps.lapse(match, "declined")
        elif steps.both_accepted(match):
            match = steps.introduce(match, NOW)

    answers = {match.asker_accepted, match.offerer_accepted}
    assert (match.state is State.INTRODUCED) == (answers == {True})
    assert (match.state is State.LAPSED) == (False in answers)
    assert not (match.state in (State.PROPOSED, State.DISMISSED) and answers != {None})
    assert bool(match.awaits()) == bool(match.waits_for()) == (match.state in RUNNING)


def test_endorsing_gives_the_sides_their_own_time():
    match = steps.endorse(a_match(reminded_at=NOW), NOW + timedelta(days=2))

    assert (match.waiting_since, match.reminded_at) == (NOW + timedelta(days=2), None)
    assert match.waits_for() == ("asker", "offerer")


def test_handing_over_gives_the_next_their_own_time():
    match = steps.hand_over(a_match(reminded_at=NOW), ("other",), NOW + timedelta(days=2))

    assert (match.waiting_since, match.reminded_at, match.waits_for()) == (NOW + timedelta(days=2), None, ("other",))


@pytest.mark.parametrize("judge", ["endorse", "dismiss", "hand over"])
@pytest.mark.parametrize(
    ("state", "problem"),
    [
        (State.ENDORSED, MatchAlreadyJudged),
        (State.DISMISSED, MatchAlreadyJudged),
        (State.INTRODUCED, MatchAlreadyJudged),
        (State.LAPSED, MatchEnded),
    ],
)
def test_a_match_is_judged_once(judge, state, problem):
    with pytest.raises(problem):
        STEPS[judge](a_match(state=state))


@pytest.mark.parametrize(
    ("match", "problem"),
    [
        (a_match(), MatchNotAwaitingYou),
        (a_match(state=State.DISMISSED), MatchNotAwaitingYou),
        (endorsed(asker_accepted=True), MatchAlreadyAnswered),
        (endorsed(state=State.LAPSED), MatchEnded),
    ],
)
def test_a_side_answers_once_and_only_when_asked(match, problem):
    with pytest.raises(problem):
        steps.answer(match, Side.REQUEST, accepted=False)


SEEN_BY = {
    "the team": ("team", TEAM, True, True),
    "its ambassador": ("ambassador", AMBASSADOR, True, True),
    "who was its ambassador": ("ambassador", MEMBER, False, False),
    "another ambassador": ("another", AMBASSADOR, False, False),
    "who asks": ("asker", MEMBER, False, True),
    "who offers": ("offerer", MEMBER, False, True),
    "anybody": ("somebody", MEMBER, False, False),
}


@pytest.mark.parametrize(("member_id", "roles", "proposed", "asked"), SEEN_BY.values(), ids=SEEN_BY)
def test_who_sees_a_match_before_and_after_the_sides_are_asked(member_id, roles, proposed, asked):
    assert _sees(a_match(), member_id, roles) is proposed
    assert _sees(endorsed(), member_id, roles) is asked


def _sees(match, member_id, roles) -> bool:
    try:
        steps.must_see(match, (member_id,), roles)
    except MatchNotFound:
        return False
    return True


@pytest.mark.parametrize(
    ("member_id", "roles", "may"),
    [
        ("team", TEAM, True),
        ("ambassador", AMBASSADOR, True),
        ("ambassador", MEMBER, False),
        ("another", AMBASSADOR, False),
        ("asker", MEMBER, False),
        ("asker", TEAM, False),
    ],
)
def test_who_judges_a_match(member_id, roles, may):
    if may:
        steps.must_judge(a_match(), (member_id,), roles)
    else:
        with pytest.raises(NotTheirsToJudge):
            steps.must_judge(a_match(), (member_id,), roles)


def test_a_side_judges_their_own_match_when_there_was_nobody_else():
    steps.must_judge(a_match(ambassador_ids=("asker",)), ("asker",), AMBASSADOR)


@pytest.mark.parametrize(
    ("match", "asked", "accepted"),
    [
        (a_match(), (), ()),
        (endorsed(), ("asker", "offerer"), ()),
        (endorsed(offerer_accepted=True), ("asker", "offerer"), ("offerer",)),
    ],
)
def test_a_lapse_tells_who_was_asked_and_who_said_yes(match, asked, accepted):
    told = steps.lapse(match, "closed").told_of_lapse()

    assert (told["lapsed_because"], told["asked"], told["accepted"]) == ("closed", asked, accepted)


@pytest.mark.parametrize(("who", "other"), [("asker", "offerer"), ("offerer", "asker")])
def test_a_lapse_by_erasure_tells_nothing_of_the_erased(who, other):
    match = endorsed(asker_accepted=True, offerer_accepted=True, ambassador_ids=(who, "ambassador"))

    told = steps.lapse_erased(match, who).told_of_lapse()

    assert (told["asked"], told["accepted"], told["ambassador_ids"]) == ((other,), (other,), ("ambassador",))
    assert (told[who].member_id, told[who].title) == ("", "")
    assert told[other] == getattr(match, other)


@pytest.mark.parametrize(
    ("match", "status", "ends"),
    [
        (a_match(), Status.IN_CONVERSATION, True),
        (endorsed(), Status.IN_CONVERSATION, False),
        (a_match(), Status.WITHDRAWN, True),
        (endorsed(), Status.FULFILLED, True),
        (endorsed(), Status.EXPIRED, True),
        (a_match(), Status.OPEN, False),
    ],
)
def test_a_match_ends_with_what_it_is_about(match, status, ends):
    assert steps.ends_with(match, status) is ends


@pytest.mark.parametrize(
    ("match", "team", "may"),
    [
        (a_match(), ("team",), True),
        (a_match(ambassador_ids=("team-a",)), ("team-a", "team-b"), True),
        (a_match(ambassador_ids=("team-a", "team-b")), ("team-a", "team-b"), False),
        (a_match(), (), False),
        (endorsed(), ("team",), False),
    ],
)
def test_the_team_takes_over_what_an_ambassador_left(match, team, may):
    assert steps.can_be_taken_over(match, team) is may
