"""Somebody is forgotten: every message about them goes, from streams, timers, dead letters and the outbox."""

import asyncio

import pytest
from sqlalchemy import text

from chassis import forget_messages
from chassis.forgetting import UNDER_WAY_SECONDS_MAX
from contracts.event import new_id
from tests.chassis.conftest import lending_on, replica_of, wanted
from tests.chassis.lending import ToolLent
from tests.given import eventually


async def forget(lending, *tool_ids, keep=(), speaker="lending"):
    """What a service does when it erases somebody."""
    async with lending.session() as session:
        removed = await forget_messages(
            lending.service.streams, session, speaker=speaker, entity_ids=tool_ids, keep=keep
        )
        await session.commit()
    return removed


async def everything(lending):
    """The subjects of all messages in all streams."""
    return [subject for kind in ("shared", "local", "dead") for subject, _ in await lending.messages(kind)]


async def fail(*_):
    raise RuntimeError("canary")


async def test_every_message_about_somebody_goes_and_the_others_stay(lending, tool_id):
    other = f"{tool_id}-other"
    for tool in (tool_id, other):
        await lending.lends(tool, key_code="1234", returned_after_seconds=3600)
    await lending.outbox_empty()
    assert len([subject for subject in await everything(lending) if subject.endswith(tool_id)]) == 3

    removed = await forget(lending, tool_id)

    assert removed == 3  # the event, the key, the timer
    left = await everything(lending)
    assert not [subject for subject in left if subject.endswith(f".{tool_id}")]
    assert len([subject for subject in left if subject.endswith(f".{other}")]) == 3


async def test_a_second_time_there_is_nothing_left_to_remove(lending, tool_id):
    await lending.lends(tool_id)
    await lending.outbox_empty()

    assert [await forget(lending, tool_id), await forget(lending, tool_id)] == [1, 0]


async def test_what_is_to_be_kept_stays(lending, tool_id):
    await lending.lends(tool_id, key_code="1234")
    await lending.outbox_empty()

    await forget(lending, tool_id, keep=[ToolLent])

    assert await lending.lent() == [tool_id]
    assert await lending.stored("local") == []


async def test_a_timer_of_somebody_forgotten_does_not_go_off(lending, tool_id):
    await lending.lends(tool_id, returned_after_seconds=4.0)
    await lending.outbox_empty()
    await forget(lending, tool_id)

    await lending.lends(f"{tool_id}-later", returned_after_seconds=4.2)
    await lending.handled(f"{tool_id}-later")

    assert await lending.handlings(tool_id) == []


async def test_dead_letters_about_somebody_go_too(lending, trouble, tool_id):
    trouble[tool_id] = fail
    await lending.publish(wanted(tool_id))
    await lending.a_dead_letter()

    assert await forget(lending, tool_id, speaker="borrowers") == 2  # the event itself, and the dead letter

    assert await lending.dead_letters() == []


async def test_what_was_not_yet_said_is_not_said_any_more(postgres, own_nats, tool_id):
    async with lending_on(postgres, own_nats) as lending:
        relay = lending.service.relay
        publish, relay._publish = relay._publish, fail
        await lending.lends(tool_id, key_code="1234")
        await lending.lends(f"{tool_id}-other")
        await lending.execute("UPDATE outbox SET said_at = said_at - interval '1 minute'")

        assert await forget(lending, tool_id) == 2
        relay._publish = publish
        await lending.outbox_empty()

        assert await lending.lent() == [f"{tool_id}-other"]


@pytest.mark.parametrize("handed_over", [True, False], ids=["from memory", "from the outbox"])
async def test_what_is_under_way_to_the_broker_is_forgotten_too(own_lending, tool_id, handed_over):
    """The relay has begun to publish an event: forgetting waits for it, and then removes the message."""
    publishing, going_on = asyncio.Event(), asyncio.Event()
    relay = own_lending.service.relay
    publish = relay._publish

    async def publish_slowly(rows):
        publishing.set()
        await going_on.wait()
        return await publish(rows)

    relay._publish = publish_slowly
    if not handed_over:
        own_lending.service.transactions._said = lambda rows: relay.wake()
    await own_lending.lends(tool_id)
    await publishing.wait()

    forgetting = asyncio.create_task(forget(own_lending, tool_id))
    await eventually(lambda: is_being_forgotten(own_lending), saying="forgetting that waits for the relay")
    going_on.set()
    await forgetting
    await own_lending.outbox_empty()

    assert not [subject for subject in await everything(own_lending) if subject.endswith(tool_id)]


async def test_a_replica_whose_broker_is_away_keeps_nothing_to_say_of_who_is_forgotten(postgres, own_nats, tool_id):
    async with lending_on(postgres, own_nats) as cut, replica_of(cut) as other:
        await cut.lends(f"{tool_id}-before")
        await cut.outbox_empty()
        published, relay = [], cut.service.relay
        publish = relay._publish

        async def publish_and_note(rows):
            published.extend(row.subject.rpartition(".")[2] for row in rows)
            return await publish(rows)

        relay._publish = publish_and_note
        cut.service.streams._ready.clear()  # its line is cut; the other's is not

        await cut.lends(tool_id, key_code="1234")
        await other.outbox_empty()
        assert await forget(other, tool_id) == 2
        cut.service.streams._ready.set()
        await cut.lends(f"{tool_id}-after")
        await cut.outbox_empty()

        assert set(published) == {f"{tool_id}-after"}


async def test_what_waits_in_memory_too_long_is_looked_for_where_it_may_have_been_forgotten(own_lending, tool_id):
    relay = own_lending.service.relay
    removing, going_on = asyncio.Event(), asyncio.Event()
    remove_stored = relay._remove_stored

    async def remove_slowly():
        removing.set()
        await going_on.wait()
        await remove_stored()

    await own_lending.lends(f"{tool_id}-before")
    relay._remove_stored = remove_slowly
    await removing.wait()
    await own_lending.lends(tool_id)
    relay._handed_since -= UNDER_WAY_SECONDS_MAX
    await own_lending.execute("DELETE FROM outbox WHERE entity_id LIKE '%' || :id", id=tool_id)
    going_on.set()
    await own_lending.outbox_empty()

    assert await own_lending.lent() == [f"{tool_id}-before"]


async def is_being_forgotten(lending):
    """Whether a transaction waits for the relay: it looks again and again, or for the relay's lock."""
    async with lending.service.engine.connect() as connection:
        found = await connection.execute(
            text(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() "
                "AND (query LIKE '%SELECT EXISTS (SELECT FROM outbox%' OR wait_event_type = 'Lock')"
            )
        )
        return found.scalar_one()


async def test_an_id_that_would_widen_the_subject_forgets_nothing(lending, tool_id):
    await lending.lends(tool_id)
    await lending.outbox_empty()

    assert await forget(lending, "*", ">", "", "a.b", f"{tool_id}.*") == 0

    assert await lending.lent() == [tool_id]


async def test_the_broker_is_asked_as_little_whatever_can_be_said_about_something(lending):
    """An ambassador may have looked at thousands of matches, of which dozens of things are said."""
    matches = [new_id() for _ in range(100)]
    asked_before = lending.service.streams.client.stats["out_msgs"]

    await forget(lending, *matches, speaker="matching")

    assert lending.service.streams.client.stats["out_msgs"] - asked_before < 10 * len(matches)
