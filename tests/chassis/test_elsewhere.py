"""What other nodes say is heard under their name, what one node is told no other hears, and what is local stays."""

import pytest
from sqlmodel import select

from chassis import EventRouter, dead_letters, forget_messages
from contracts.event import new_id
from tests.chassis.lending import Handling, KeyHanded, ReturnDue, ToolLent
from tests.given import eventually


def lent(tool_id, version=1):
    return ToolLent(tool_id=tool_id, version=version, lent_to="Noor")


async def remarks(lending, tool_id):
    """What the handlings of a tool say."""
    async with lending.session() as session:
        return list((await session.exec(select(Handling.remark).where(Handling.tool_id == tool_id))).all())


@pytest.mark.parametrize("to_us", [False, True], ids=["shared", "said to us"])
async def test_what_another_node_says_is_heard_with_the_name_of_that_node(lending, tool_id, to_us):
    await lending.publish_elsewhere(lent(tool_id), said_by="zeeland", to_us=to_us)

    await lending.handled(tool_id)

    assert await remarks(lending, tool_id) == ["lent in zeeland"]


async def test_what_another_node_says_to_a_third_is_not_heard(lending, tool_id):
    us, event = lending.service.settings.node, lent(tool_id)
    subject = event.subject("zeeland", "drenthe").removeprefix("odh.")
    await lending.service.streams.js.publish(f"odh.{us}.elsewhere.{subject}", b"not for us")
    await lending.publish_elsewhere(lent(f"{tool_id}-ours"), said_by="zeeland")

    await lending.handled(f"{tool_id}-ours")
    await lending.quiet()

    assert await lending.handlings(tool_id) == []
    assert await lending.dead_letters() == []


async def test_what_is_said_here_is_not_heard_as_from_elsewhere(lending, tool_id):
    await lending.lends(tool_id)
    await lending.quiet()

    assert await lending.handlings(tool_id) == []


async def test_a_node_that_speaks_for_another_is_not_believed(lending, tool_id):
    await lending.publish_elsewhere(lent(tool_id), said_by="zeeland", source="drenthe")

    letter = await lending.a_dead_letter()

    assert "WrongSubject" in letter.headers["Odh-Reason"]
    assert await lending.handlings(tool_id) == []


async def test_a_dead_letter_from_elsewhere_is_replayed_as_it_came(lending, trouble, tool_id):
    async def fail(*_):
        raise RuntimeError

    trouble[tool_id] = fail
    await lending.publish_elsewhere(lent(tool_id), said_by="zeeland", to_us=True)
    letter = await lending.a_dead_letter()
    trouble.clear()

    await dead_letters.replay(lending.service.streams, letter)

    await lending.handled(tool_id)
    assert await remarks(lending, tool_id) == ["lent in zeeland"]


async def test_what_is_said_to_another_node_is_among_what_leaves(lending, tool_id):
    us = lending.service.settings.node
    await lending.lends(tool_id, told_to="zeeland")
    await lending.outbox_empty()

    subjects = {subject for subject, _ in await lending.messages("shared")}

    assert subjects == {
        f"odh.{us}.shared.lending.tool-lent.{tool_id}",
        f"odh.{us}.to.zeeland.lending.tool-lent.{tool_id}",
    }


async def test_what_is_forgotten_goes_from_what_was_said_to_and_by_other_nodes_too(lending, trouble, tool_id):
    await lending.lends(tool_id, told_to="zeeland")
    for to_us in (False, True):
        await lending.publish_elsewhere(lent(tool_id), said_by="zeeland", to_us=to_us)
    await lending.outbox_empty()

    async with lending.session() as session:
        await forget_messages(lending.service.streams, session, speaker="lending", entity_ids=[tool_id])

    async def all_gone():
        return not await lending.messages("shared") and not await lending.messages("elsewhere")

    await eventually(all_gone, saying="streams without the tool")


def test_what_is_local_cannot_be_said_to_another_node():
    with pytest.raises(ValueError, match="cannot be said to another node"):
        KeyHanded(tool_id=new_id(), code="1234").subject("utrecht", "zeeland")
    with pytest.raises(TypeError, match="never leaves its node"):
        EventRouter().hears(ReturnDue, elsewhere=True)(_nothing)


def test_the_name_of_another_node_is_no_wider_subject():
    with pytest.raises(ValueError, match="cannot be said to another node"):
        lent(new_id()).subject("utrecht", "zeeland.>")


async def _nothing(event):
    """Hears and does nothing."""
