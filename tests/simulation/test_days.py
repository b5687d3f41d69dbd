"""Whatever breaks in a day, and whenever: what was acknowledged is kept, said and told once, and nobody waits in vain.

The chassis runs as it is, over a database and a broker in memory (docs/decisions/0049).
"""

import os
import random
import subprocess
import sys

import pytest

from chassis import mailboxes, transactions
from node import ROOT
from tests.simulation.day import lived

DAYS, DAYS_LONG = 60, 1000


def broken(seeds: range) -> dict[int, list[str]]:
    """The days that did not end well, and how."""
    return {seed: found for seed in seeds if (found := lived(seed))}


def test_days_end_well():
    assert broken(range(DAYS)) == {}


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_thousand_other_days_end_well():
    """Other ones each time; the seeds of those that did not end well are told."""
    first = random.randrange(10**6)

    assert broken(range(first, first + DAYS_LONG)) == {}


#: Prints everything that was said in the day of a seed, in its order.
A_DAY = """
import sys
from tests.simulation.day import Day
from tests.simulation.process import simulated
from tests.simulation.virtual_time import run
day = Day(seed := int(sys.argv[1]))
with simulated(seed):
    run(day.live())
print([(one.seq, one.subject) for stream in day.broker.streams.values() for one in stream.messages])
"""


@pytest.mark.long
def test_a_seed_is_a_day_in_every_process():
    def day(seed: int, hashes: int) -> str:
        otherwise = os.environ | {"PYTHONHASHSEED": str(hashes)}
        command = [sys.executable, "-c", A_DAY, str(seed)]
        return subprocess.run(command, cwd=ROOT, env=otherwise, capture_output=True, text=True, check=True).stdout

    assert day(1, hashes=1) == day(1, hashes=2) == day(1, hashes=3) != day(2, hashes=1)


def test_it_is_seen_when_an_event_has_its_effect_twice(monkeypatch):
    enter_inbox = transactions.enter_inbox

    async def forgets(session, consumer, event_ids, *first):
        await enter_inbox(session, consumer, event_ids, *first)
        return set(event_ids)

    monkeypatch.setattr(transactions, "enter_inbox", forgets)

    assert any("told more than once" in what for found in broken(range(10)).values() for what in found)


def test_it_is_seen_when_a_reply_is_not_kept(monkeypatch):
    async def forgets(session, replies, node):
        return await mailboxes.write_outbox(session, node)

    monkeypatch.setattr(transactions, "store_replies", forgets)

    assert any(lived(seed) for seed in range(70, 190))  # of forty days one shows it
