"""How often the database is asked: at rest, and for a command. Each way there and back wakes two processes."""

from contracts.event import new_id
from tests.chassis.conftest import lending_on
from tests.counting import counted
from tests.given import eventually

NEVER = 3600.0


async def test_a_relay_at_rest_asks_once_for_each_look(postgres, nats):
    async with counted(postgres) as ways, lending_on(ways, nats, relay_poll_seconds=0.05) as lending:
        await lending.lends("tool")
        await lending.outbox_empty()
        ways.asked.clear()

        async def looked() -> bool:
            return len(ways.asked) >= 5

        await eventually(looked, saying="five looks")
        assert set(ways.asked[:5]) == {""}  # a statement that is prepared, and neither a lock nor a commit


async def test_what_a_command_answers_and_what_it_says_are_written_together(postgres, nats):
    """It begins with a look for an earlier reply, does its work (which is two statements here), and commits."""
    async with (
        counted(postgres) as ways,
        lending_on(ways, nats, relay_poll_seconds=NEVER, relay_removed_seconds=1.0) as lending,
    ):
        for number in range(10):  # every connection has its statements prepared
            await lending.lends(f"tool-{number}", key=new_id())
        await lending.outbox_empty()
        ways.asked.clear()

        await lending.lends("tool", key=new_id())

        begin, *work, together, commit = ways.asked
        assert begin.startswith("BEGIN; SELECT FROM stored_reply")
        assert (work, together) == (["", ""], "")
        assert commit == "COMMIT"
