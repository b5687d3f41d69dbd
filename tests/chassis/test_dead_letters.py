"""What could not be handled is seen, replayed and dropped by command."""

import asyncio
import time

import pytest
from nats.aio.msg import Msg

from chassis import dead_letters
from contracts.envelope import decode, encode
from contracts.event import EventRejected, new_id
from node.nats import NatsServer
from node.part import free_port
from tests.chassis.conftest import beside, lending_on, wanted
from tests.chassis.lending import KeyHanded
from tests.given import eventually


async def fail(*_):
    raise RuntimeError("canary")


async def command(lending, *arguments):
    """The command line, as `./odh dead-letters` hands it on."""
    settings = lending.service.settings
    where = ["--node", settings.node, "--nats", settings.nats_url]
    return await asyncio.to_thread(dead_letters.main, [*arguments, *where])


@pytest.fixture(scope="module")
async def standing(postgres, nats):
    """A service that gives up after two attempts."""
    async with lending_on(postgres, nats, attempts_max=2) as started:
        yield started


async def poisoned(lending, trouble, *tools):
    """Dead letters about these tools; returns their numbers."""
    for tool in tools:
        trouble[tool] = fail
        await lending.publish(wanted(tool))

    async def all_there():
        return len(await lending.dead_letters()) == len(tools)

    await eventually(all_there, saying="dead letters")
    await lending.quiet()
    trouble.clear()
    letters = {letter.subject.rpartition(".")[2]: letter.seq for letter in await lending.dead_letters()}
    return [str(letters[tool]) for tool in tools]


async def test_there_are_none(lending, capsys):
    assert await command(lending) == 0

    assert capsys.readouterr().out == "0 dead letters stand here.\n"


async def test_the_list_tells_what_when_where_and_why(lending, trouble, tool_id, capsys):
    await poisoned(lending, trouble, tool_id)
    capsys.readouterr()

    assert await command(lending, "list") == 0

    line, last = capsys.readouterr().out.splitlines()
    assert f"borrowers.tool-wanted.{tool_id}" in line
    assert "lending" in line
    assert "2 attempts: RuntimeError at test_dead_letters.py:" in line
    assert "canary" not in line
    assert last == "1 dead letters stand here."


async def test_one_is_shown_with_its_event(lending, trouble, tool_id, capsys):
    number, _ = await poisoned(lending, trouble, tool_id, f"{tool_id}-other")

    assert await command(lending, "show", number) == 0

    shown = capsys.readouterr().out
    assert f'"tool_id":"{tool_id}"' in shown
    assert f"{tool_id}-other" not in shown


async def test_one_that_is_replayed_is_handled_and_is_no_dead_letter_any_more(lending, trouble, tool_id):
    number, other = await poisoned(lending, trouble, tool_id, f"{tool_id}-other")

    assert await command(lending, "replay", number) == 0

    await lending.handled(tool_id)
    await lending.quiet()
    assert await lending.lent() == [tool_id]
    assert [str(letter.seq) for letter in await lending.dead_letters()] == [other]


async def test_all_can_be_replayed_at_once(lending, trouble, tool_id):
    tools = [f"{tool_id}-{number}" for number in range(3)]
    await poisoned(lending, trouble, *tools)

    assert await command(lending, "replay", "all") == 0

    for tool in tools:
        await lending.handled(tool)
    assert await lending.dead_letters() == []


async def test_one_that_still_fails_is_a_dead_letter_again(lending, trouble, tool_id):
    (number,) = await poisoned(lending, trouble, tool_id)
    trouble[tool_id] = fail

    await command(lending, "replay", "all")

    async def back_again():
        return [letter.seq for letter in await lending.dead_letters() if str(letter.seq) != number]

    await eventually(back_again, saying="a second dead letter")


async def test_a_replay_reaches_only_who_has_not_handled_it(lending, trouble, tool_id):
    """Another service handled the event when it was first said; its inbox knows."""

    async def fail_in_one(_, session):
        if session.info["replica"] == "one":
            raise RuntimeError

    async with beside(lending, "watching", replica="watching") as watching:
        trouble[tool_id] = fail_in_one
        await lending.publish(wanted(tool_id))
        await lending.a_dead_letter()
        await watching.quiet()
        assert [replica for _, _, replica in await lending.handlings(tool_id)] == ["watching"]
        trouble.clear()

        await command(lending, "replay", "all")
        await lending.handled(tool_id, times=2)
        await lending.quiet()
        await watching.quiet()

        assert [replica for _, _, replica in await lending.handlings(tool_id)] == ["watching", "one"]


async def test_one_that_is_dropped_is_gone_and_was_not_handled(lending, trouble, tool_id, capsys):
    (number,) = await poisoned(lending, trouble, tool_id)
    (letter,) = await lending.dead_letters()

    assert await command(lending, "drop", number) == 0

    assert "1 dead letters dropped." in capsys.readouterr().out
    assert await lending.dead_letters() == []
    assert await lending.handlings() == []
    (rejected,) = await lending.said(EventRejected)
    assert (rejected.rejected_id, rejected.rejected_by) == (decode(letter.data)[0].id, "lending")


async def test_a_version_that_is_known_by_now_is_handled_after_its_replay(lending, tool_id):
    """The event came from a newer release than ours; what is replayed is the same bytes, after the upgrade."""
    node, now = lending.service.settings.node, lending.clock()
    body = encode(wanted(tool_id), event_id=new_id(), node=node, time=now, traceparent=None)
    await lending.service.streams.js.publish(wanted(tool_id).subject(node), body.replace(b".v1", b".v9"))
    letter = await lending.a_dead_letter()
    assert b"tool-wanted.v9" in letter.data

    letter.data = letter.data.replace(b".v9", b".v1")  # stands for the release that knows it
    await dead_letters.replay(lending.service.streams, letter)

    await lending.handled(tool_id)
    assert await lending.dead_letters() == []


async def test_one_that_nobody_can_read_is_dropped_without_a_word(lending, tool_id):
    await lending.service.streams.js.publish(wanted(tool_id).subject(lending.service.settings.node), b"{")
    letter = await lending.a_dead_letter()

    assert await command(lending, "drop", str(letter.seq)) == 0

    assert await lending.dead_letters() == []
    assert [one for one, _ in await lending.messages("local") if "event-rejected" in one] == []


@pytest.mark.parametrize("arguments", [("replay",), ("drop", "999999"), ("show", "999999")])
async def test_which_letter_must_be_said(lending, arguments, capsys):
    assert await command(lending, *arguments) == 2

    assert "Say which letter" in capsys.readouterr().err


async def test_a_node_that_is_not_there_is_not_made(lending, capsys):
    url = lending.service.settings.nats_url

    assert await asyncio.to_thread(dead_letters.main, ["list", "--node", "elsewhere", "--nats", url]) == 1

    assert "no node called elsewhere" in capsys.readouterr().err
    assert "odh-elsewhere-dead" not in [info.config.name for info in await lending.service.streams.js.streams_info()]


async def test_a_server_that_does_not_answer_is_said(capsys):
    url = f"nats://127.0.0.1:{free_port()}"

    assert await asyncio.to_thread(dead_letters.main, ["list", "--nats", url]) == 1

    assert "no NATS server answers there" in capsys.readouterr().err


async def test_a_server_that_does_not_take_the_password_is_not_taken_for_one_that_is_away(tmp_path, capsys):
    users = {"authorization": {"users": [{"user": "odh", "password": "right"}]}}
    server = NatsServer(tmp_path, port=free_port(), monitor_port=free_port(), domain="closed", more=lambda: users)
    await server.start()
    try:
        assert await asyncio.to_thread(dead_letters.main, ["list", "--nats", server.url]) == 1
    finally:
        await server.stop()

    assert "NATS refuses these credentials" in capsys.readouterr().err


async def test_what_may_not_stay_in_its_stream_is_no_lasting_dead_letter(lending, tool_id):
    subject = KeyHanded(tool_id=tool_id, code="1234").subject(lending.service.settings.node)
    heard = f"$JS.ACK.stream.keys.1.1.1.{time.time_ns()}.0"
    message = Msg(None, subject=subject, reply=heard, data=b"{}", headers={"Nats-TTL": "4s"})

    await dead_letters.bury(lending.service.streams, "keys", message, reason="a reason", attempts=1)

    (letter,) = await lending.dead_letters()
    assert letter.headers["Nats-TTL"] == "4s"

    async def gone():
        return not await lending.dead_letters()

    await eventually(gone, saying="a dead letter that is not kept")
