"""An event has one effect, whatever happens on its way; and one fault stays one fault."""

import asyncio
import itertools
import random

import pytest

from chassis import EventRouter
from contracts.envelope import encode
from contracts.event import EventRejected, new_id
from tests.chassis.conftest import Gate, lending_on, replica_of, wanted
from tests.chassis.lending import (
    AlreadyLent,
    DepositAsked,
    DepositAskedV2,
    Handling,
    ToolLent,
    ToolWanted,
    router,
)
from tests.given import eventually


async def fail(*_):
    raise RuntimeError("canary")


def failing(times):
    """A trouble that goes over after so many times."""
    left = times

    async def trouble(*_):
        nonlocal left
        left -= 1
        if left >= 0:
            raise RuntimeError("canary")

    return trouble


async def test_an_event_is_heard_and_what_it_causes_is_said(lending, tool_id):
    await lending.when(wanted(tool_id, wanted_by="Noor"))

    (lent,) = await lending.then_said(ToolLent)
    assert (lent.tool_id, lent.lent_to) == (tool_id, "Noor")
    assert await lending.handlings(tool_id) == [(tool_id, 1, "one")]


async def test_an_event_delivered_three_times_has_one_effect(lending, tool_id):
    await lending.when(wanted(tool_id), delivered_times=3)

    await lending.then_said(ToolLent)
    assert len(await lending.handlings(tool_id)) == 1


async def test_copies_in_one_batch_have_one_effect(own_lending, tool_id):
    await kill_consumers(own_lending)
    await own_lending.publish(wanted(tool_id), delivered_times=3)

    start_consumers(own_lending)

    await own_lending.then_said(ToolLent)
    assert len(await own_lending.handlings(tool_id)) == 1


async def test_a_copy_that_comes_long_after_has_no_effect(lending, tool_id):
    """As after the broker's window for duplicates, by a replay, or from another node."""
    event_id = await lending.publish(wanted(tool_id))
    await lending.handled(tool_id)
    await lending.given()

    await lending.publish(wanted(tool_id), event_id=event_id)

    await lending.then_nothing_said()
    assert len(await lending.handlings(tool_id)) == 1


async def test_the_highest_version_wins_in_whatever_order_events_come(lending, tool_id):
    versions = list(range(1, 21))
    random.shuffle(versions)

    await lending.when(*(wanted(tool_id, version, wanted_by=f"number {version}") for version in versions))

    tool = await lending.tool(tool_id)
    assert (tool.version, tool.lent_to) == (20, "number 20")


async def test_replicas_share_the_work_and_the_highest_version_wins(postgres, nats):
    tools = [f"tool-{number}" for number in range(5)]
    async with lending_on(postgres, nats, batch_size_max=4) as lending, replica_of(lending):
        events = [wanted(tool, version, wanted_by=f"number {version}") for version in range(1, 13) for tool in tools]
        await asyncio.gather(*(lending.publish(event, delivered_times=2) for event in events))
        await lending.quiet()

        handlings = await lending.handlings()
        assert len(handlings) == len({(tool, version) for tool, version, _ in handlings}) == 60
        assert {replica for _, _, replica in handlings} == {"one", "two"}
        for tool in tools:
            assert (await lending.tool(tool)).lent_to == "number 12"


async def test_an_event_that_breaks_a_rule_is_rejected_and_not_tried_again(lending, tool_id, trouble):
    tries = 0

    async def refuse(*_):
        nonlocal tries
        tries += 1
        raise AlreadyLent

    trouble[tool_id] = refuse

    event_id = await lending.publish(wanted(tool_id))

    (rejected,) = await lending.then_said(EventRejected)
    ((envelope, _),) = await lending.envelopes()
    assert envelope.source == f"urn:nld:omdehoek:{lending.service.settings.node}:systeem:lending"
    assert rejected.rejected_id == event_id
    assert (rejected.rejected_type, rejected.rejected_by) == (ToolWanted.type_name(), "lending")
    assert rejected.problem == "https://omdehoek.nl/problems/already-lent"
    assert rejected.title == "This tool is with somebody else"
    assert await lending.dead_letters() == []
    assert await lending.handlings() == []

    await lending.publish(wanted(tool_id), event_id=event_id)  # the refusal, too, is said once
    await lending.then_said(EventRejected)
    assert tries == 1


async def test_an_event_whose_handler_fails_is_tried_again(lending, tool_id, trouble):
    trouble[tool_id] = failing(5)

    await lending.when(wanted(tool_id))

    await lending.then_said(ToolLent)
    assert len(await lending.handlings(tool_id)) == 1
    assert await lending.dead_letters() == []


async def test_each_wait_before_another_attempt_is_longer(postgres, nats, tool_id, trouble):
    at = []

    async def note(*_):
        at.append(asyncio.get_running_loop().time())
        raise RuntimeError

    trouble[tool_id] = note
    settings = {"retry_delay_seconds_first": 0.05, "retry_delay_seconds_max": 0.8, "attempts_max": 4}
    async with lending_on(postgres, nats, **settings) as lending:
        await lending.publish(wanted(tool_id))
        await lending.a_dead_letter()

    waits = [later - earlier for earlier, later in itertools.pairwise(at)]
    assert len(waits) == 3
    assert all(wait >= least for wait, least in zip(waits, (0.05, 0.2, 0.8), strict=True))


async def test_poison_goes_to_the_dead_letters_and_its_neighbours_notice_nothing(lending, tool_id, trouble):
    """All of them may come in one batch, which is one transaction."""
    poison, good = f"{tool_id}-poison", [f"{tool_id}-{number}" for number in range(40)]
    trouble[poison] = fail

    await asyncio.gather(*(lending.publish(wanted(tool)) for tool in [*good[:20], poison, *good[20:]]))
    letter = await lending.a_dead_letter()
    await lending.quiet()

    assert sorted(tool for tool, _, _ in await lending.handlings()) == sorted(good)
    assert sorted(await lending.lent()) == sorted(good)
    assert letter.subject == f"odh.{lending.service.settings.node}.dead.lending.borrowers.tool-wanted.{poison}"
    assert letter.headers["Odh-Attempts"] == "6"
    assert letter.headers["Odh-Reason"].startswith("RuntimeError at test_hearing.py:")
    assert "canary" not in str(letter.headers)
    assert len(await lending.dead_letters()) == 1


@pytest.mark.parametrize("error", [OSError, TimeoutError, FileNotFoundError, KeyError, asyncio.QueueFull])
async def test_no_error_of_a_handler_is_taken_for_an_absent_database(lending, tool_id, trouble, error):
    """It would be tried for ever, and nothing behind it would be heard."""

    async def raise_it(*_):
        raise error("canary")

    trouble[tool_id] = raise_it

    await lending.publish(wanted(tool_id))

    letter = await lending.a_dead_letter()
    assert letter.headers["Odh-Reason"].startswith(error.__name__)


@pytest.mark.parametrize(("version", "reason"), [(2**40, "DBAPIError"), (1, "IntegrityError")])
async def test_no_value_that_does_not_fit_is_taken_for_an_absent_database(lending, tool_id, trouble, version, reason):
    async def twice(_, session):
        session.add(Handling(handling_id=tool_id, tool_id=tool_id, version=version, replica="one"))
        session.add(Handling(handling_id=tool_id, tool_id=tool_id, version=version, replica="one"))
        await session.flush()

    trouble[tool_id] = twice

    await lending.publish(wanted(tool_id))

    letter = await lending.a_dead_letter()
    assert "at" in letter.headers["Odh-Reason"], reason


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"\xff\xfe",
        b'{"specversion": "1.0"}',
        b"[" * 20_000,
        b'{"specversion": "0.3", "id": "1", "source": "s", "type": "t", "subject": "s", "data": {}}',
    ],
)
async def test_what_is_not_understood_is_a_dead_letter_at_once(lending, tool_id, body):
    await lending.publish(wanted("before"))
    await lending.service.streams.js.publish(wanted(tool_id).subject(lending.service.settings.node), body)
    await lending.publish(wanted("after"))

    letter = await lending.a_dead_letter()
    await lending.quiet()

    assert letter.headers["Odh-Reason"].startswith("not understood: ")
    assert letter.headers["Odh-Attempts"] == "1"
    assert (letter.data or b"") == body
    assert [tool for tool, _, _ in await lending.handlings()] == ["before", "after"]


async def test_an_event_without_what_it_needs_is_a_dead_letter(lending, tool_id):
    body = encoded(lending, wanted(tool_id)).replace(b'"tool_id"', b'"tool"')
    await lending.service.streams.js.publish(wanted(tool_id).subject(lending.service.settings.node), body)

    letter = await lending.a_dead_letter()

    assert letter.headers["Odh-Reason"] == "not understood: ValidationError"


async def test_an_event_on_the_subject_of_another_is_a_dead_letter(lending, tool_id):
    """A right to speak about one entity is none to speak about all; and forgetting goes by the subject."""
    subject = wanted("another").subject(lending.service.settings.node)
    await lending.service.streams.js.publish(subject, encoded(lending, wanted(tool_id)))

    letter = await lending.a_dead_letter()

    assert letter.headers["Odh-Reason"] == "not understood: WrongSubject"
    assert await lending.tool(tool_id) is None


async def test_a_field_that_is_not_known_here_is_passed_over(lending, tool_id):
    """A newer release may say more."""
    body = encoded(lending, wanted(tool_id)).replace(b'"tool_id"', b'"colour":"red","tool_id"')
    await lending.service.streams.js.publish(wanted(tool_id).subject(lending.service.settings.node), body)

    await lending.handled(tool_id)


async def test_a_version_that_is_not_known_here_is_parked_and_not_lost(lending, tool_id):
    """A newer release may say an event in a form of which this one knows nothing: after the upgrade it is replayed."""
    body = encoded(lending, wanted(tool_id)).replace(b"tool-wanted.v1", b"tool-wanted.v9")
    await lending.service.streams.js.publish(wanted(tool_id).subject(lending.service.settings.node), body)

    letter = await lending.a_dead_letter()

    assert letter.headers["Odh-Reason"] == "not understood: UnknownEvent"
    assert letter.data == body
    assert await lending.handlings() == []


async def test_an_older_version_is_lifted_to_the_one_that_is_heard(lending, tool_id):
    await lending.when(DepositAsked(tool_id=tool_id, euros=25), DepositAskedV2(tool_id=f"{tool_id}-new", cents=750))

    assert [(tool, cents) for tool, cents, _ in await lending.handlings()] == [(tool_id, 2500), (f"{tool_id}-new", 750)]
    assert await lending.dead_letters() == []


async def test_a_handler_that_hangs_fails_and_keeps_nobody_waiting_for_ever(postgres, nats, tool_id, trouble):
    trouble[tool_id] = Gate()  # which nobody opens
    settings = {"handler_seconds_max": 1.0, "attempts_max": 2}  # the next one takes less, on a busy machine too
    async with lending_on(postgres, nats, **settings) as lending:
        await lending.publish(wanted(tool_id))
        await lending.publish(wanted(f"{tool_id}-next"))

        letter = await lending.a_dead_letter()
        await lending.handled(f"{tool_id}-next")

        assert letter.headers["Odh-Reason"].startswith("NeverFinished")
        assert await lending.handlings(tool_id) == []


async def test_a_handler_that_is_slow_keeps_no_other_event_and_no_command_waiting(lending, tool_id, trouble):
    """F18: they are done while it is still at it."""
    gate = trouble[tool_id] = Gate()
    await lending.publish(wanted(tool_id))
    await gate.reached.wait()

    for number in range(5):
        await lending.publish(DepositAskedV2(tool_id=f"other-{number}", cents=1))
        await lending.handled(f"other-{number}")
        await lending.lends(f"lent-{number}")

    assert await lending.handlings(tool_id) == []
    gate.opened.set()
    await lending.handled(tool_id)


async def test_a_handler_that_ends_its_process_takes_no_neighbour_with_it(postgres, nats, tool_id, trouble):
    """The process is started again each time, hears the same batch, and dies again."""
    good = [f"{tool_id}-{number}" for number in range(6)]
    died, hang = asyncio.Event(), asyncio.Event()

    async def die(*_):
        died.set()
        await hang.wait()

    trouble[tool_id] = die
    settings = {"ack_wait_seconds": 0.5, "attempts_max": 2, "deliveries_max": 12}
    async with lending_on(postgres, nats, **settings) as lending:
        await kill_consumers(lending)
        for tool in [*good[:3], tool_id, *good[3:]]:
            await lending.publish(wanted(tool))

        while not await lending.dead_letters():
            start_consumers(lending)
            await asyncio.wait([asyncio.ensure_future(died.wait())], timeout=2.0)
            died.clear()
            await kill_consumers(lending)
        start_consumers(lending)
        await lending.quiet()

        (letter,) = await lending.dead_letters()
        assert letter.headers["Odh-Reason"] == "its handler never finished"
        assert sorted(tool for tool, _, _ in await lending.handlings()) == good


async def kill_consumers(lending):
    """As SIGKILL would: nothing more is acknowledged."""
    for task in lending.service._hearing:
        task.cancel()
    await asyncio.gather(*lending.service._hearing, return_exceptions=True)


def start_consumers(lending):
    lending.service._hearing[:] = [asyncio.create_task(consumer.run()) for consumer in lending.service.consumers]


async def test_a_message_that_is_worked_on_is_not_given_to_another(postgres, nats, tool_id, trouble):
    """The broker is told so for as long as it takes, here twice its patience."""
    gate = trouble[tool_id] = Gate()
    async with lending_on(postgres, nats, ack_wait_seconds=1.0) as lending, replica_of(lending):
        await lending.publish(wanted(tool_id))
        await gate.reached.wait()
        stood_still = await longest_stop(2.0) > 0.3  # so long it is worked on
        info = await consumer_info(lending)
        gate.opened.set()
        await lending.quiet()

        assert stood_still or info.num_redelivered == 0  # on a machine that stands still, the word itself is late
        assert len(await lending.handlings(tool_id)) == 1


async def longest_stop(within):
    """Lets so many seconds go by; returns for how long at most the machine let nothing go on meanwhile."""
    loop, longest = asyncio.get_running_loop(), 0.0
    began = now = loop.time()
    while now < began + within:
        await asyncio.sleep(0.01)
        longest, now = max(longest, loop.time() - now), loop.time()
    return longest


async def consumer_info(lending):
    streams = lending.service.streams
    return await streams.js.consumer_info(streams.name("shared"), "lending-borrowers-tool-wanted")


async def test_a_replica_that_stood_still_and_comes_back_has_no_second_effect(postgres, nats, tool_id, trouble):
    """It held the event past the broker's patience without a sign of life; another one has handled it meanwhile."""
    gate, first = Gate(), []

    async def stand_still(*_):
        if not first:
            first.append(True)
            await gate()

    trouble[tool_id] = stand_still
    async with lending_on(postgres, nats, ack_wait_seconds=0.3) as lending:
        consumer = next(one for one in lending.service.consumers if one.name.endswith("tool-wanted"))
        consumer._show_life = stands_still
        await lending.publish(wanted(tool_id))
        await gate.reached.wait()
        async with replica_of(lending):

            async def given_to_another():
                return (await consumer_info(lending)).num_redelivered

            await eventually(given_to_another, saying="a second delivery")
            gate.opened.set()
            await lending.quiet()

        assert len(await lending.handlings(tool_id)) == 1
        assert await lending.lent() == [tool_id]


async def stands_still(_):
    await asyncio.Event().wait()


async def test_a_broker_that_is_killed_while_events_come_in_is_heard_again_soon(postgres, own_nats):
    """A fetch that was under way is never answered; waiting for its end would take half a minute."""
    async with lending_on(postgres, own_nats) as lending:
        await lending.when(wanted("before"))
        own_nats.kill()
        await own_nats.start()
        await lending.service.streams.ready()

        await lending.publish(wanted("after"))

        await lending.handled("after")


async def test_a_broker_that_lost_its_streams_is_heard_again_soon(own_lending):
    await own_lending.when(wanted("before"))
    for kind in ("shared", "local"):
        await own_lending.service.streams.js.delete_stream(own_lending.service.streams.name(kind))
    await own_lending.lends("something")  # the relay makes the streams again, if no consumer has
    await own_lending.outbox_empty()

    await own_lending.publish(wanted("after"))

    await own_lending.handled("after")


async def test_a_stop_lets_the_batch_under_way_finish(own_lending, tool_id, trouble):
    gate = trouble[tool_id] = Gate()
    async with replica_of(own_lending):
        await kill_consumers(own_lending)
        await own_lending.publish(wanted(tool_id))
        await gate.reached.wait()
        asyncio.get_running_loop().call_later(0.3, gate.opened.set)
    # by now the other one has stopped

    assert await own_lending.handlings(tool_id) == [(tool_id, 1, "two")]
    info = await consumer_info(own_lending)
    assert (info.num_ack_pending, info.num_pending) == (0, 0)


def test_two_handlers_for_one_event_are_refused():
    one = EventRouter()
    one.hears(ToolWanted)(router.hearings[0].handler)

    with pytest.raises(TypeError, match="has a handler"):
        one.hears(ToolWanted)(router.hearings[0].handler)


def test_nor_when_the_second_is_in_a_router_that_is_included():
    router, other = EventRouter(), EventRouter()
    router.hears(ToolLent)(_does_nothing)
    other.hears(ToolLent)(_does_nothing)

    with pytest.raises(TypeError, match="has a handler"):
        router.include(other)


async def _does_nothing(event: ToolLent) -> None:
    """Hears it, and leaves it."""


def test_a_handler_that_asks_for_what_there_is_not_is_refused():
    async def handler(event, weather):
        """Wants to know the weather."""

    with pytest.raises(TypeError, match="weather"):
        EventRouter().hears(ToolWanted)(handler)


def encoded(lending, event):
    now = lending.clock()
    return encode(event, event_id=new_id(), node=lending.service.settings.node, time=now, traceparent=None)
