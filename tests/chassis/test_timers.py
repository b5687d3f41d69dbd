"""What is said later is heard then: once, the newest only, and whatever happens to the broker meanwhile."""

from datetime import UTC, datetime, timedelta

import pytest

from chassis.mailboxes import say_later
from chassis.transactions import Item
from tests.chassis.conftest import lending_on
from tests.chassis.lending import ReturnDue


async def set_timers(lending, tool_id, *timers):
    """Each timer is a remark and in how many seconds it goes off; all in one transaction."""

    async def work(session):
        for remark, seconds in timers:
            due = datetime.now(UTC) + timedelta(seconds=seconds)
            say_later(session, ReturnDue(tool_id=tool_id, remark=remark), at=due)

    await lending.service.transactions.do(Item(work))
    await lending.outbox_empty()


async def waiting(lending):
    """The timers that still wait."""
    return [subject.rsplit(".", 1)[1] for subject, _ in await lending.messages("local") if ".timer." in subject]


async def test_a_timer_goes_off_once_at_its_time(lending, tool_id):
    await set_timers(lending, tool_id, ("later", 1.5))
    assert await waiting(lending) == [tool_id]
    assert await lending.handlings(tool_id) == []

    await lending.handled(tool_id)

    assert await waiting(lending) == []
    (one,) = await lending.stored("local")
    assert isinstance(one[1], ReturnDue)


async def test_a_timer_of_the_past_goes_off_at_once(lending, tool_id):
    await set_timers(lending, tool_id, ("past", -3600))

    await lending.handled(tool_id)


@pytest.mark.parametrize("together", [True, False])
async def test_a_newer_timer_replaces_the_one_that_waits(lending, tool_id, together):
    timers = [("old", 0.8), ("new", 1.2)]
    for group in [timers] if together else [[one] for one in timers]:
        await set_timers(lending, tool_id, *group)
    assert await waiting(lending) == [tool_id]

    await lending.handled(tool_id)
    await set_timers(lending, f"{tool_id}-end", ("end", 0.5))
    await lending.handled(f"{tool_id}-end")  # by then the old one would have gone off too

    assert [replica for _, _, replica in await lending.handlings(tool_id)] == ["new"]


async def test_timers_of_many_go_off_together_with_what_is_said_at_once(lending):
    """Schedules and plain events share the relay's batches."""
    for number in range(20):
        await lending.lends(f"tool-{number}", returned_after_seconds=0.3)

    for number in range(20):
        await lending.handled(f"tool-{number}")


async def test_a_timer_survives_a_broker_that_is_killed(postgres, own_nats, tool_id):
    async with lending_on(postgres, own_nats) as lending:
        await set_timers(lending, tool_id, ("during", 0.5))
        await set_timers(lending, f"{tool_id}-after", ("after", 2.5))

        own_nats.kill()
        await own_nats.start()

        await lending.handled(tool_id)
        await lending.handled(f"{tool_id}-after")


@pytest.mark.parametrize("year", [2040, 2400, 9999])
async def test_a_timer_far_away_waits_and_stops_nothing(lending, tool_id, year):
    """A date as somebody may fill it in; a clock in nanoseconds ends in the year 2262."""
    far = datetime(year, 12, 31, tzinfo=UTC) - datetime.now(UTC)

    await set_timers(lending, tool_id, ("far", far.total_seconds()))
    await set_timers(lending, f"{tool_id}-soon", ("soon", 0.5))
    await lending.handled(f"{tool_id}-soon")  # the broker has looked at what is due

    assert await waiting(lending) == [tool_id]
    assert await lending.handlings(tool_id) == []
