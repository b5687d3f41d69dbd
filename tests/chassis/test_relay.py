"""What was said reaches the stream: at once, in order, each event once, whatever happens to the relay or the broker."""

import asyncio
import shutil
import time

import pytest

from chassis import Service
from chassis.mailboxes import say
from chassis.transactions import Item
from tests.chassis.conftest import TINY, Lending, lending_on, replica_of
from tests.chassis.lending import CodeHanded, KeyHanded, LendingSettings, Table, ToolLent, api
from tests.given import PATIENCE_SECONDS, eventually, running


async def test_a_commit_wakes_the_relay(postgres, nats, tool_id):
    """A poll would come a minute later."""
    async with lending_on(postgres, nats, relay_poll_seconds=60.0) as lending:
        await lending.lends(tool_id)

        await lending.outbox_empty()
        assert await lending.lent() == [tool_id]


async def test_what_nobody_woke_the_relay_for_is_found_by_looking(postgres, nats, tool_id):
    """As after a process that died between its commit and its relay."""
    async with lending_on(postgres, nats, relay_poll_seconds=0.1) as lending:
        lending.service.transactions._said = lambda rows: None

        await lending.lends(tool_id)

        await lending.outbox_empty()
        assert await lending.lent() == [tool_id]


async def test_an_event_is_in_the_stream_soon_after_the_answer(lending):
    """Alone on a machine it takes some milliseconds; the bound only tells waking from looking now and then."""
    await lending.lends("warm-up")
    await lending.outbox_empty()
    took = []
    for number in range(10):
        await lending.lends(f"tool-{number}")
        since = time.perf_counter()
        await lending.outbox_empty()
        took.append(time.perf_counter() - since)

    assert sorted(took)[5] < 0.5


async def test_more_than_a_batch_is_said_in_its_order(postgres, nats):
    async with lending_on(postgres, nats, relay_batch_size_max=20, relay_poll_seconds=60.0) as lending:
        await lending.lends("tool", copies=105)

        await lending.outbox_empty()
        assert await lending.lent() == ["tool", *(f"tool-{number}" for number in range(1, 105))]


async def test_two_replicas_say_each_version_of_each_tool_once(lending):
    """Each publishes what it committed itself; that the highest version wins is up to who hears them."""
    tools = [f"tool-{number}" for number in range(6)]
    for tool in tools:
        await lending.lends(tool)

    async with replica_of(lending) as twin:

        async def pass_on(tool):
            for version in range(1, 9):
                through = (lending, twin)[version % 2]
                answer = await through.http.put(
                    f"/v1/tools/{tool}", json={"lent_to": "Bas"}, headers={"If-Match": f'"{version}"'}
                )
                assert answer.status_code == 200

        await asyncio.gather(*map(pass_on, tools))
        await lending.outbox_empty()

    lent = [event for _, event in await lending.stored()]
    assert len(lent) == len(tools) * 9
    for tool in tools:
        assert sorted(event.version for event in lent if event.tool_id == tool) == list(range(1, 10))


async def test_two_replicas_publish_each_event_once(lending):
    async with replica_of(lending) as twin:
        await asyncio.gather(*((lending, twin)[number % 2].lends(f"tool-{number}") for number in range(60)))
        await lending.outbox_empty()

    ids = [event_id for event_id, _ in await lending.stored()]
    assert len(ids) == len(set(ids)) == 60


async def test_a_row_stays_until_the_broker_has_acknowledged_it(postgres, own_nats, tool_id):
    async with lending_on(postgres, own_nats) as lending:
        own_nats.kill()

        await lending.lends(tool_id)  # commands go on
        relay = asyncio.create_task(lending.service.relay.relay_batch())
        await asyncio.wait({relay}, timeout=PATIENCE_SECONDS)
        assert relay.exception() is not None
        assert await lending.outbox() == [tool_id]

        await own_nats.start()
        await lending.outbox_empty()
        assert await lending.lent() == [tool_id]


async def test_a_broker_that_was_away_gets_everything_once_and_in_order(postgres, own_nats):
    async with lending_on(postgres, own_nats) as lending:
        for number in range(30):
            await lending.lends(f"tool-{number:02}")
            if number == 5:
                own_nats.kill()
            if number == 20:
                await own_nats.start()

        await lending.outbox_empty()
        assert await lending.lent() == [f"tool-{number:02}" for number in range(30)]


@pytest.mark.parametrize("count", [1, 3, 300])
async def test_what_was_stored_before_the_relay_died_is_not_stored_again(own_lending, count):
    """Between the acknowledgement and the commit of the delete: the rows are still there after a restart."""
    await own_lending.execute("CREATE TABLE kept AS SELECT * FROM outbox")
    await own_lending.execute(
        "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN INSERT INTO kept SELECT (OLD).*; RETURN OLD; END $$"
    )
    await own_lending.execute("CREATE TRIGGER keep BEFORE DELETE ON outbox FOR EACH ROW EXECUTE FUNCTION keep()")
    await own_lending.lends("tool", copies=count)
    await own_lending.outbox_empty()
    await own_lending.execute("DROP TRIGGER keep ON outbox")

    await own_lending.execute("INSERT INTO outbox OVERRIDING SYSTEM VALUE SELECT * FROM kept")
    await own_lending.lends("new", copies=2)  # in the same batch as what the broker knows already
    own_lending.service.relay.wake()
    await own_lending.outbox_empty()

    lent = await own_lending.lent()
    assert sorted(lent) == sorted(["tool", *(f"tool-{number}" for number in range(1, count)), "new", "new-1"])


async def test_a_relay_that_dies_before_it_removed_what_it_published_loses_nothing(own_lending, tool_id):
    """The process ends after the broker has stored the events: the rows stay, and go again under the same ids."""
    claimed, going_on = asyncio.Event(), asyncio.Event()
    publish = own_lending.service.relay._publish

    async def publish_and_hang(rows):
        numbers = await publish(rows)
        claimed.set()
        await going_on.wait()
        return numbers

    own_lending.service.relay._publish = publish_and_hang
    await own_lending.lends(tool_id, copies=2)
    await claimed.wait()
    relay = next(task for task in own_lending.service._running if "Relay.run" in repr(task))
    relay.cancel()
    own_lending.service.relay._publish = publish

    async with replica_of(own_lending) as twin:
        await twin.outbox_empty()
        assert await twin.lent() == [tool_id, f"{tool_id}-1"]


@pytest.mark.parametrize("kinds", [("shared", "local", "dead"), ("shared",)])
async def test_a_broker_that_lost_its_streams_gets_them_again(own_lending, kinds):
    await own_lending.lends("before")
    await own_lending.outbox_empty()
    for kind in kinds:
        await own_lending.service.streams.js.delete_stream(own_lending.service.streams.name(kind))

    await own_lending.lends("after", key_code="1234")

    await own_lending.outbox_empty()
    assert await own_lending.lent() == ["after"]


async def test_a_service_that_hears_nothing_gets_the_streams_again_too(postgres, nats, tool_id):
    """No consumer of it finds out."""

    def deaf(settings: LendingSettings) -> Service:
        return Service("lending", settings, tables=Table, api=api, migrations=TINY / "migrations")

    async with running(deaf, postgres, nats) as started:
        lending = Lending(started)
        await lending.service.streams.js.delete_stream(lending.service.streams.name("shared"))

        await lending.lends(tool_id)

        await lending.outbox_empty()
        assert await lending.lent() == [tool_id]


async def test_a_broker_that_comes_back_empty_is_made_ready_again(postgres, own_nats, tool_id):
    async with lending_on(postgres, own_nats) as lending:
        own_nats.kill()
        shutil.rmtree(own_nats.data / "store")
        await lending.lends(tool_id)
        await own_nats.start()

        await lending.outbox_empty()
        assert await lending.lent() == [tool_id]


async def test_events_leave_by_the_stream_of_their_reach(lending, tool_id):
    async def work(session):
        say(session, ToolLent(tool_id=tool_id, lent_to="Noor"))
        say(session, KeyHanded(tool_id=tool_id, code="1234"))
        say(session, ToolLent(tool_id=tool_id, lent_to="Bas", version=2))

    await lending.service.transactions.do(Item(work))
    await lending.outbox_empty()

    assert [type(event) for _, event in await lending.stored("shared")] == [ToolLent, ToolLent]
    assert [type(event) for _, event in await lending.stored("local")] == [KeyHanded]
    node = lending.service.settings.node
    subjects = [subject for kind in ("shared", "local") for subject, _ in await lending.messages(kind)]
    assert subjects == [
        f"odh.{node}.shared.lending.tool-lent.{tool_id}",
        f"odh.{node}.shared.lending.tool-lent.{tool_id}",
        f"odh.{node}.local.lending.key-handed.{tool_id}",
    ]


async def test_what_may_not_stay_in_a_stream_goes_away(lending, tool_id):
    """`kept_seconds` is one second for this event."""

    async def work(session):
        say(session, CodeHanded(tool_id=tool_id, code="1234"))
        say(session, ToolLent(tool_id=tool_id, lent_to="Noor"))

    await lending.service.transactions.do(Item(work))
    await lending.outbox_empty()

    async def gone():
        return not await lending.messages("local")

    await eventually(gone, saying="a message that is not kept")
    assert await lending.lent() == [tool_id]
