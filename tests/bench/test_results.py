"""How a measurement is judged: void before good or bad, and a miss is told by how much."""

import pytest

from bench import results
from bench.measuring import Finding, drifted
from bench.rows import PEERS, ROWS, SUBJECTS

P4 = next(row for row in ROWS if row.id == "P4")
P5 = next(row for row in ROWS if row.id == "P5")

QUIET = {"fsync us": 200.0, "loop ms": 6.0, "others %": 1.0}


def found(*, relay: list[float], ceiling: list[float], stored: int = 10) -> results.Findings:
    """What trials gave for P4."""
    return {
        "relay": [Finding({"events/s": each}, {"events": {"written": 10, "stored": stored}}) for each in relay],
        "256 in flight": [Finding({"events/s": each}) for each in ceiling],
    }


def test_a_ratio_is_of_each_repeat_with_the_ceiling_of_its_own_turn():
    (line,) = results.lines(found(relay=[4000, 9000, 6000], ceiling=[1000, 3000, 1000]), {})

    assert line.value == (4.0, 3.0, 6.0)
    assert line.verdict == "reached"


@pytest.mark.parametrize(
    ("row", "value", "verdict"),
    [
        (P4, 3.0, "missed by 25%"),
        (P4, 4.0, "reached"),
        (P4, 6.5, "reached, the further mark too"),
        (P5, 3.6, "missed by 20%"),
        (P5, 3.0, "reached"),
        (P5, 1.0, "reached, the further mark too"),
    ],
)
def test_a_bar_is_reached_or_missed_by_so_much(row, value, verdict):
    assert results.verdict_of(row, value) == verdict


def test_what_was_counted_differently_is_void():
    (line,) = results.lines(found(relay=[9000], ceiling=[1000], stored=9), {})

    assert line.verdict == "void: events: written 10, stored 9"


def test_a_ceiling_that_nothing_reached_in_its_time_is_void():
    (line,) = results.lines(found(relay=[9000, 9000], ceiling=[1000, 0]), {})

    assert line.verdict == "void: nothing was done in the time for it"


def test_what_was_measured_while_the_machine_changed_is_void():
    (line,) = results.lines(found(relay=[9000], ceiling=[1000]), {"relay": ["fsync us 200 → 300"]})

    assert line.verdict == "void: fsync us 200 → 300"


@pytest.mark.parametrize(
    ("changed", "drift"),
    [
        ({}, []),
        ({"fsync us": 240.0}, []),
        ({"fsync us": 251.0}, ["fsync us 200 → 251"]),
        ({"loop ms": 4.0}, ["loop ms 6 → 4"]),
        ({"others %": 20.0}, []),
        ({"others %": 60.0}, ["others % 1 → 60"]),
    ],
)
def test_probes_may_differ_by_a_quarter(changed, drift):
    assert drifted(QUIET, QUIET | changed) == drift


def test_every_row_names_trials_that_there_are():
    for row in ROWS:
        assert row.trials <= SUBJECTS[row.subject].keys()
    for subject, peers in PEERS.items():
        assert not peers.keys() & SUBJECTS[subject].keys()


def test_a_page_keeps_what_is_around_its_table():
    page = f"before\n\n{results.BEGIN}\n\nold\n\n{results.END}\nafter\n"

    renewed = results.renewed(page, "new")

    assert renewed.startswith("before\n")
    assert renewed.endswith("\nafter\n")
    assert "old" not in renewed
    assert results.renewed(renewed, "new") == renewed


def test_the_page_has_a_place_for_the_table():
    page = results.PAGE.read_text()

    assert page.index(results.BEGIN) < page.index(results.END)
