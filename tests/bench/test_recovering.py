"""A part is killed under load: what is told of it, and that nothing is lost. Never a time."""

import subprocess
import sys

import pytest

from bench.recovering import Recovery, table
from node import ROOT


def once(part="matching", **other):
    told = {"up_after": 1.0, "behind_for": 0.5, "accepted": 90, "refused": 10, "mailed_twice": 0, "lost": 0}
    return Recovery(**{"part": part, **told, "deliveries": 400, "again": 1} | other)


def test_half_of_the_repeats_is_told_beside_the_bar_and_counts_are_of_all():
    heads, *rows = table([once(behind_for=0.5), once(behind_for=1.0, again=7), once(behind_for=9.0, lost=2)])

    assert len(rows) == 1
    told = dict(zip(heads, rows[0], strict=True))
    assert told["nobody behind, s after that"] == "1.00 (0.50 – 9.00)"
    assert (told["bar"], told[""]) == ("under 2", "reached")
    assert (told["accepted"], told["refused"], told["lost"]) == ("270", "30", "2")
    assert told["delivered again"] == "9 of 1,200 (0.75%)"


def test_each_part_is_held_to_its_own_bar():
    verdicts = {row[0]: row[4] for row in table([once("notify", behind_for=3.0), once("nats", behind_for=3.0)])}

    assert verdicts == {"killed": "", "notify": "missed", "nats": "reached"}


@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(200)
def test_nothing_is_lost_when_the_broker_is_killed() -> None:
    asked = [sys.executable, "-m", "node", "bench", "recovery", "--parts", "nats", "--repeats", "1"]

    done = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "| nats" in done.stdout
