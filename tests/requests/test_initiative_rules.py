"""What is decided of initiatives, without anything running."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from contracts.vocabulary import InitiativeStatus, Side
from services.requests.initiatives import rules

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)
MONTH = timedelta(days=30)

sides = st.sampled_from(list(Side))
ends = st.sampled_from([InitiativeStatus.DONE, InitiativeStatus.LASTING, InitiativeStatus.STOPPED])


@st.composite
def steps(draw: st.DrawFn) -> list[tuple[int, str]]:
    """What two nodes that do not hear of each other may say of one initiative: versions, and what they stand for."""
    said = []
    for side in draw(st.permutations(list(Side))):
        if draw(st.booleans()):
            said.append((rules.version_after(InitiativeStatus.RUNNING, side), f"started by {side}"))
            if draw(st.booleans()):
                said.append((rules.version_after(draw(ends), side), f"ended by {side}"))
    gone = draw(st.sets(st.sets(sides, min_size=1).map(frozenset)))
    without = [
        (rules.version_after(InitiativeStatus.STOPPED, Side.REQUEST, one), f"without {sorted(one)}") for one in gone
    ]
    return said + without


@given(steps(), st.randoms(use_true_random=False))
def test_two_nodes_come_to_the_same_in_whatever_order_they_hear(said, chance):
    def after(heard):
        state = (0, "")
        for one in heard:
            state = one if one[0] > state[0] else state
        return state

    assert len({version for version, _ in said}) == len({what for _, what in said})  # one version, one meaning
    assert after(chance.sample(said, len(said))) == after(said)


@given(st.lists(sides, max_size=6))
def test_a_change_of_words_wins_from_those_before_and_two_at_once_are_told_apart(changes):
    wording = 0
    for side in changes:
        both = {rules.wording_after(wording, one): one for one in Side}
        assert len(both) == 2
        assert max(both) == rules.wording_after(wording, Side.REQUEST)
        assert min(both) > wording
        wording = rules.wording_after(wording, side)
        assert rules.worded_by(wording, Side.OFFER) is side


@given(sides, sides, ends, st.sets(sides, min_size=1))
def test_a_later_step_wins_from_an_earlier_one(starter, ender, how, erased):
    started = rules.version_after(InitiativeStatus.RUNNING, starter)
    ended = rules.version_after(how, ender)

    assert started < ended < rules.version_after(how, ender, erased)


@given(st.lists(st.one_of(st.just("note"), st.integers(1, 50)), max_size=60), st.integers(0, 80))
def test_the_two_are_reminded_once_for_a_silence_and_never_twice_in_a_month(happens, begins_after):
    now, noted_at, reminders = NOON, None, []
    starts_on = NOON + timedelta(days=begins_after)
    for one in happens:
        if one == "note":
            noted_at = now
            continue
        now += timedelta(days=one)
        quiet = rules.quiet_since(NOON, noted_at, starts_on)
        if rules.must_remind(quiet, reminders[-1] if reminders else None, MONTH, now):
            assert now - quiet >= MONTH * (1 - rules.EARLY_PART_MAX)
            reminders.append(now)

    assert all(later - earlier >= MONTH * 0.9 for earlier, later in pairwise(reminders))
