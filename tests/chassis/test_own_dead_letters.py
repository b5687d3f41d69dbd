"""The node's team sees a service's dead letters, has them handled once more, or throws them away."""

import pytest

from chassis import own_dead_letters
from contracts.deeds import DeedDone
from contracts.envelope import decode
from contracts.event import EventRejected
from tests.chassis.conftest import lending_on, wanted
from tests.chassis.test_dead_letters import fail, poisoned
from tests.given import eventually

ADDRESS = "/team/dead-letters"


@pytest.fixture(scope="module")
async def standing(postgres, nats):
    """A service that gives up after two attempts."""
    async with lending_on(postgres, nats, attempts_max=2) as started:
        yield started


def team(lending):
    """Somebody of the node's team."""
    return lending.http_as("m-team", roles=("node-team",))


async def test_a_letter_is_seen_with_its_reason_and_without_its_content(lending, trouble, tool_id):
    await poisoned(lending, trouble, tool_id)

    (letter,) = (await team(lending).get(ADDRESS)).json()

    assert (letter["event"], letter["attempts"]) == ("borrowers.tool-wanted", 2)
    assert "RuntimeError" in letter["reason"]
    assert letter["letter_id"].endswith(tool_id)
    for who in (lending.http, lending.http_as("m"), lending.http_as("m", roles=("ambassador",))):
        assert (await who.get(ADDRESS)).status_code in (401, 403)
        assert (await who.delete(f"{ADDRESS}/{letter['letter_id']}")).status_code in (401, 403)


async def test_it_is_handled_once_more_and_then_it_is_gone(lending, trouble, tool_id):
    await poisoned(lending, trouble, tool_id)
    (letter,) = (await team(lending).get(ADDRESS)).json()
    again = f"{ADDRESS}/{letter['letter_id']}/replay"

    trouble[tool_id] = fail
    failed = await team(lending).post(again)
    trouble.clear()
    done = [(await team(lending).post(again)).status_code for _ in range(2)]

    assert (failed.status_code, "RuntimeError" in failed.json()["reason"]) == (409, True)
    assert done == [204, 404]
    assert await lending.lent() == [tool_id]
    assert await lending.dead_letters() == []
    (deed,) = await lending.said(DeedDone)
    assert (deed.deed, deed.done_by, deed.matter_id) == ("dead-letter-replayed", "m-team", letter["letter_id"])


async def test_one_is_thrown_away_and_others_stay(lending, trouble, tool_id):
    await poisoned(lending, trouble, tool_id, f"{tool_id}-other")
    letters = {one["letter_id"]: one for one in (await team(lending).get(ADDRESS)).json()}
    gone = next(one for one in letters if one.endswith(tool_id))

    assert (await team(lending).delete(f"{ADDRESS}/{gone}")).status_code == 204

    left = [one["letter_id"] for one in (await team(lending).get(ADDRESS)).json()]
    assert left == [one for one in letters if one != gone]
    for strange in ("x", "a.>", "*", gone):
        assert (await team(lending).delete(f"{ADDRESS}/{strange}")).status_code == 404


async def test_who_said_what_is_thrown_away_hears_that_nobody_will_handle_it(lending, tool_id, two_letters):
    said = {
        decode(letter.data)[0].id for letter in await lending.dead_letters() if letter.subject.endswith(f".{tool_id}")
    }

    assert (await team(lending).delete(two_letters)).status_code == 204

    heard = await lending.said(EventRejected)
    assert {event.rejected_id for event in heard} == said
    assert {event.rejected_about for event in heard} == {tool_id}
    assert {(event.rejected_by, event.problem.rpartition("/")[2]) for event in heard} == {("lending", "not-handled")}


@pytest.fixture
async def two_letters(lending, trouble, tool_id, monkeypatch):
    """Two letters about one tool, with more letters between them than are read at once."""
    monkeypatch.setattr(own_dead_letters, "READ_AT_ONCE", 2)
    others = [f"{tool_id}-{number}" for number in range(3)]
    await poisoned(lending, trouble, tool_id, *others)
    trouble[tool_id] = fail
    await lending.publish(wanted(tool_id, version=2))

    async def all_there():
        return len(await lending.dead_letters()) == 5

    await eventually(all_there, saying="the second letter")
    await lending.quiet()
    letters = [one["letter_id"] for one in (await team(lending).get(ADDRESS)).json()]
    assert [one.rpartition(".")[2] for one in letters] == [tool_id, *reversed(others)]
    return f"{ADDRESS}/{letters[0]}"


async def test_all_letters_about_something_are_handled_the_oldest_first(lending, trouble, tool_id, two_letters):
    trouble.clear()

    assert (await team(lending).post(f"{two_letters}/replay")).status_code == 204

    assert [version for _, version, _ in await lending.handlings(tool_id)] == [1, 2]
    assert len(await lending.dead_letters()) == 3


async def test_a_letter_that_still_fails_stays_and_those_before_it_go(lending, trouble, tool_id, two_letters):
    async def fail_at_second(event, *_):
        if event.version == 2:
            raise RuntimeError("canary")

    trouble[tool_id] = fail_at_second

    assert (await team(lending).post(f"{two_letters}/replay")).status_code == 409

    assert [version for _, version, _ in await lending.handlings(tool_id)] == [1]
    assert len(await lending.dead_letters()) == 4


async def test_all_letters_about_something_are_thrown_away_together(lending, two_letters):
    assert (await team(lending).delete(two_letters)).status_code == 204

    assert len(await lending.dead_letters()) == 3
