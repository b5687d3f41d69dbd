"""A meeting of the nation, and members of a region who come to it: one line, two nodes, and no name between them."""

from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
import sqlalchemy as sa

from contracts.envelope import decode
from contracts.requests import MeetingCalledOff, MeetingMoved, PlaceFreed, SignedUp, SignUpSettled
from services.requests import rules
from services.requests.app import service
from tests.given import eventually, fresh_name, running
from tests.nodes.sourcing import brought, connect, disconnect
from tests.requests.conftest import Requests
from tests.requests.test_listings import a_meeting


@pytest.fixture
async def two_nodes(postgres, nats):
    """The national node and a region, by requests alone."""
    names = [fresh_name("national"), fresh_name("zeeland")]
    async with AsyncExitStack() as stack:
        nation, region = [
            Requests(await stack.enter_async_context(
                running(service, postgres, nats, node=name, national_node=names[0])
            ))
            for name in names
        ]  # fmt: skip
        await connect(nation.service.streams.js, names[0], names[1:])
        yield nation, region


async def settled(nation, region) -> None:
    """Returns when both have heard all that either said."""
    names = [node.service.settings.node for node in (nation, region)]
    for _ in range(2):
        for node in (nation, region):
            await node.quiet()
        await brought(nation.service.streams.js, names)
        for node in (nation, region):
            await node.quiet()


async def set_version(node, version: int, standing: str) -> None:
    """All sign-ups of a node are as they were in its backup."""
    then = {"version": version, "standing": standing}
    async with node.service.engine.begin() as connection:
        await connection.execute(sa.text("UPDATE sign_up SET version = :version, standing = :standing"), then)


async def standing(node, meeting, who) -> str:
    return str((await node.member(who).get(f"/v1/meetings/{meeting['id']}/sign-up")).json()["standing"])


async def places_taken(node, meeting) -> int:
    return int((await node.http.get(f"/v1/meetings/{meeting['id']}")).json()["places_taken"])


async def test_one_line_for_a_meeting_of_the_nation_however_long_the_line_between_them_is_cut(two_nodes):
    nation, region = two_nodes
    meeting = await nation.placed("offer", "sem", **a_meeting(nation, participants=1))
    at = f"/v1/meetings/{meeting['id']}/sign-up"
    await settled(nation, region)

    await region.noor.put(at, json={"name": "Noor Jansen"})
    await settled(nation, region)
    await nation.member("ann").put(at, json={})
    assert (await standing(region, meeting, "noor"), await standing(nation, meeting, "ann")) == ("place", "waiting")
    crossed = [body for _, body in await nation.messages("elsewhere")]
    assert crossed
    assert not [body for body in crossed if b"noor" in body.lower()]

    await disconnect(nation.service.streams.js, nation.service.settings.node)
    await region.noor.delete(at)
    await region.member("bob").put(at, json={})
    await region.quiet()
    assert (await standing(nation, meeting, "ann"), await standing(region, meeting, "bob")) == ("waiting", "asked")
    names = [node.service.settings.node for node in two_nodes]
    await connect(nation.service.streams.js, names[0], names[1:])

    async def ann_comes() -> bool:
        return await standing(nation, meeting, "ann") == "place"

    await eventually(ann_comes, saying="a place that was freed elsewhere")
    await settled(nation, region)
    assert await standing(region, meeting, "bob") == "waiting"
    assert [event.member_id for event in await nation.said(PlaceFreed)] == ["ann"]

    later = (rules.day_of(nation.clock()) + timedelta(days=15)).isoformat()
    await nation.sem.patch(meeting["path"], json={"starts_on": later}, headers={"If-Match": '"1"'})
    await settled(nation, region)
    await nation.step(meeting, "withdraw", "sem")
    await settled(nation, region)

    for node, who in ((nation, "ann"), (region, "bob")):
        assert [event.member_id for event in await node.said(MeetingMoved)] == [who]
        assert [event.member_id for event in await node.said(MeetingCalledOff)] == [who]
    assert [event.standing for event in await region.said(SignedUp)] == ["place", "waiting"]


async def test_a_place_of_a_sign_up_that_a_region_lost_is_freed_and_who_signs_up_again_has_one(two_nodes):
    nation, region = two_nodes
    meeting = await nation.placed("offer", "sem", **a_meeting(nation, participants=2))
    at = f"/v1/meetings/{meeting['id']}/sign-up"
    await settled(nation, region)
    await region.noor.put(at, json={})
    await settled(nation, region)
    heard = [decode(body)[1] for _, body in await region.messages("elsewhere")]
    (answer,) = [event for event in heard if isinstance(event, SignUpSettled)]
    async with region.service.engine.begin() as connection:
        await connection.execute(sa.text("DELETE FROM sign_up"))

    await region.noor.put(at, json={})
    await settled(nation, region)
    for _ in range(2):  # what was said comes again to who was put back
        await region.publish_elsewhere(answer, said_by=nation.service.settings.node, to_us=True)
        await settled(nation, region)

    assert (await standing(region, meeting, "noor"), await places_taken(nation, meeting)) == ("place", 1)
    await region.noor.delete(at)
    await settled(nation, region)
    assert await places_taken(nation, meeting) == 0


async def test_a_region_that_was_put_back_is_heard_when_its_member_cancels_and_when_they_come_after_all(two_nodes):
    nation, region = two_nodes
    meeting = await nation.placed("offer", "sem", **a_meeting(nation, participants=1))
    at = f"/v1/meetings/{meeting['id']}/sign-up"
    await settled(nation, region)
    for step in ("PUT", "DELETE", "PUT"):
        await region.noor.request(step, at, json={} if step == "PUT" else None)
    await settled(nation, region)

    await set_version(region, 1, "place")
    await region.noor.delete(at)
    await settled(nation, region)
    assert (await standing(region, meeting, "noor"), await places_taken(nation, meeting)) == ("withdrawn", 0)

    await set_version(region, 2, "withdrawn")
    await region.noor.put(at, json={})
    await settled(nation, region)
    assert (await standing(region, meeting, "noor"), await places_taken(nation, meeting)) == ("place", 1)

    await set_version(region, 4, "withdrawn")
    await region.noor.put(at, json={})
    await settled(nation, region)
    assert (await standing(region, meeting, "noor"), await places_taken(nation, meeting)) == ("place", 1)
