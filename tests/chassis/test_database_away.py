"""A database that goes away and comes back: nothing is lost, nothing happens twice, and nobody is blamed for it."""

import asyncio
from signal import SIGINT

import asyncpg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

import chassis.service
from chassis import database
from tests.chassis.conftest import Gate, lending_on, wanted
from tests.chassis.lending import DepositAskedV2, ToolLent
from tests.given import eventually

ATTEMPTS = 2
# A machine that stands still is late with its word that it works on something, which is a delivery more.
MOST = {"attempts_max": ATTEMPTS, "deliveries_max": ATTEMPTS, "ack_wait_seconds": 60}


@pytest.fixture
async def lending(own_postgres, nats):
    """On a database server that the test may kill; it runs again afterwards."""
    async with lending_on(own_postgres, nats, **MOST) as started:
        yield started
        if not own_postgres.is_alive:
            await own_postgres.start()


@pytest.fixture
def looks(monkeypatch):
    """Each look of whoever waits for the database whether it answers."""
    waits, looked = database.wait_for_database, []

    class Looked:
        def __init__(self, engine):
            self._engine = engine

        def connect(self):
            looked.append(1)
            return self._engine.connect()

    async def counted(engine, **how):
        await waits(Looked(engine), **how)

    for waiting in (database, chassis.service):
        monkeypatch.setattr(waiting, "wait_for_database", counted)
    return looked


async def waited_for(looks):
    """Returns when it was looked for more often than an event has attempts."""

    async def in_vain():
        return len(looks) > ATTEMPTS

    await eventually(in_vain, saying="looks for a database that is away")


async def ready(lending):
    return await lending.http.get("/health/ready")


async def test_an_absent_database_costs_an_event_no_attempt(lending, own_postgres, tool_id, looks):
    own_postgres.kill()
    await lending.publish(wanted(tool_id))
    await waited_for(looks)

    await own_postgres.start()

    await lending.handled(tool_id)
    await lending.quiet()
    assert await lending.dead_letters() == []
    assert await lending.lent() == [tool_id]


async def test_nor_while_it_is_prepared(lending, own_postgres, tool_id, looks):
    own_postgres.kill()
    await lending.publish(DepositAskedV2(tool_id=tool_id, cents=1))
    await waited_for(looks)

    await own_postgres.start()
    await lending.quiet()

    assert await lending.dead_letters() == []
    assert len(await lending.handlings(tool_id)) == 1


async def test_nor_does_one_that_lets_nobody_in_for_a_while(lending, own_postgres, tool_id, looks):
    """As while it is put back, or its password is changed before the service has the new one."""
    await lending.lends(f"{tool_id}-before")
    name = lending.service.engine.url.database
    admin = await asyncpg.connect(own_postgres.url(driver="postgresql"))
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await admin.execute("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1", name)
    await admin.execute(f'ALTER DATABASE "{name}" RENAME TO "{name}-away"')
    await lending.publish(wanted(tool_id))
    command = await lending.lend(f"{tool_id}-meanwhile")
    await waited_for(looks)

    await admin.execute(f'ALTER DATABASE "{name}-away" RENAME TO "{name}"')
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await admin.close()

    await lending.handled(tool_id)
    await lending.quiet()
    assert command.status_code == 503
    assert await lending.dead_letters() == []
    assert tool_id in await lending.lent()


async def test_a_database_that_is_killed_in_the_middle_of_a_batch_undoes_it_whole(
    lending, own_postgres, tool_id, trouble
):
    gate = trouble[tool_id] = Gate()
    await lending.publish(wanted(tool_id))
    await lending.publish(wanted(f"{tool_id}-next"))
    await gate.reached.wait()
    own_postgres.kill()
    gate.opened.set()
    await own_postgres.start()

    await lending.quiet()

    assert [len(await lending.handlings(tool)) for tool in (tool_id, f"{tool_id}-next")] == [1, 1]
    assert sorted(await lending.lent()) == [tool_id, f"{tool_id}-next"]
    assert await lending.dead_letters() == []


async def test_commands_are_answered_that_it_cannot_be_done_now(lending, own_postgres, tool_id):
    await lending.lends(f"{tool_id}-before")
    own_postgres.kill()

    command = await lending.lend(tool_id)
    question = await lending.http.get(f"/v1/tools/{tool_id}-before")

    for answer in (command, question):
        assert answer.status_code == 503
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["retry-after"]
        assert answer.json()["type"].endswith("/temporarily-unavailable")

    await own_postgres.start()

    async def works_again():
        return (await lending.lend(tool_id)).status_code in (201, 409)

    await eventually(works_again, saying="a command that works again")
    assert (await lending.http.get(f"/v1/tools/{tool_id}-before")).status_code == 200


async def test_health_tells_which_part_is_not_ready(lending, own_postgres):
    assert (await ready(lending)).json() == {"status": "ready", "parts": {"database": "ready", "broker": "ready"}}
    own_postgres.kill()

    async def not_ready():
        return (await ready(lending)).status_code == 503

    await eventually(not_ready, saying="a database that is not ready")
    assert (await ready(lending)).json() == {
        "status": "not ready",
        "parts": {"database": "not ready", "broker": "ready"},
    }
    assert (await lending.http.get("/health/live")).status_code == 200

    await own_postgres.start()

    async def ready_again():
        return (await ready(lending)).status_code == 200

    await eventually(ready_again, saying="a database that is ready again")


async def test_what_was_acknowledged_before_the_database_died_is_there_and_said_once(lending, own_postgres):
    """Commands go on while it is killed and started again; each is repeated with its key until it is answered."""
    tools = [f"tool-{number}" for number in range(50)]

    async def kill_and_start():
        await asyncio.sleep(0.02)
        own_postgres.kill()
        await own_postgres.start()

    await asyncio.gather(kill_and_start(), *(lending.insists(tool, key=f"the-call-for-{tool}") for tool in tools))
    await lending.outbox_empty()

    assert sorted(await lending.lent()) == sorted(tools)


async def test_a_service_that_starts_before_its_database_waits_for_it(own_postgres, nats, tool_id, looks):
    await own_postgres.create_database("late")
    own_postgres.kill(SIGINT)
    await own_postgres.wait_gone()

    async def start_later():
        await waited_for(looks)
        await own_postgres.start()

    class Late:
        """The server, without asking it to make a database while it is away."""

        def url(self, _):
            return own_postgres.url("late")

        async def create_database(self, _):
            """It is there already."""

        async def drop_database(self, _):
            await own_postgres.drop_database("late")

    starting = asyncio.create_task(start_later())
    async with lending_on(Late(), nats) as lending:
        await starting
        await lending.lends(tool_id)
        await lending.then_said(ToolLent)


async def test_an_error_of_the_database_does_not_show_the_values_of_a_statement(lending):
    async with lending.service.engine.connect() as connection:
        with pytest.raises(DBAPIError) as told:
            await connection.execute(
                text("INSERT INTO tool (tool_id, lent_to) VALUES (:id, :who)"), {"id": "a", "who": "canary"}
            )

    assert "SQL parameters hidden" in str(told.value)
