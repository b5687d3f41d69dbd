"""Whatever breaks in a day, and whenever: what was acknowledged is kept, said and told once, and nobody waits in vain.

The chassis runs as it is, over a database and a broker in memory (docs/decisions/0049).
"""

import random

import pytest

from chassis import transactions
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


def test_it_is_seen_when_an_event_has_its_effect_twice(monkeypatch):
    enter_inbox = transactions.enter_inbox

    async def forgets(session, consumer, event_ids, *first):
        await enter_inbox(session, consumer, event_ids, *first)
        return set(event_ids)

    monkeypatch.setattr(transactions, "enter_inbox", forgets)

    assert any("told more than once" in what for found in broken(range(10)).values() for what in found)
