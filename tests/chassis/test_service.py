"""A service starts, tells what it lacks, and stops without leaving anything half done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from chassis import Service
from chassis.streams import Streams
from tests.chassis.conftest import TINY, Gate, Lending, lending_on, replica_of, wanted
from tests.chassis.lending import LendingSettings, Table, ToolLent, api, router, service
from tests.given import Running, eventually, running


async def ready(lending):
    return await lending.http.get("/health/ready")


async def ready_with(lending, status):
    async def so():
        return (await ready(lending)).json()["status"] == status

    await eventually(so, saying=f"a service that is {status}")


async def test_a_service_is_ready_when_all_its_parts_are(lending):
    assert (await ready(lending)).status_code == 200
    assert (await ready(lending)).json() == {"status": "ready", "parts": {"database": "ready", "broker": "ready"}}
    assert (await lending.http.get("/health/live")).json() == {"status": "live"}


async def test_without_its_broker_it_takes_commands_and_says_so(postgres, own_nats, tool_id):
    async with lending_on(postgres, own_nats) as lending:
        own_nats.kill()
        await ready_with(lending, "degraded")

        assert (await ready(lending)).status_code == 200
        assert (await ready(lending)).json()["parts"] == {"database": "ready", "broker": "not ready"}
        await lending.lends(tool_id)

        await own_nats.start()
        await ready_with(lending, "ready")
        await lending.outbox_empty()
        assert await lending.lent() == [tool_id]


async def test_a_service_that_starts_before_its_broker_takes_commands_and_waits_for_it(
    postgres, own_nats, tool_id, monkeypatch
):
    own_nats.kill()
    looked = asyncio.Event()

    async def in_vain(_streams, _error):
        looked.set()

    async def later():
        await looked.wait()
        await own_nats.start()

    monkeypatch.setattr(Streams, "_on_error", in_vain)
    starting = asyncio.create_task(later())
    async with lending_on(postgres, own_nats) as lending:
        await starting
        await lending.lends(tool_id)
        await lending.then_said(ToolLent)


async def test_before_it_has_its_tables_it_is_not_ready(lending):
    twin = Lending(Running(service(lending.service.settings), lending.running._key, lending.running.clock))

    answer = await ready(twin)

    assert answer.status_code == 503
    assert answer.json() == {"status": "not ready", "parts": {"database": "not migrated", "broker": "not ready"}}


async def test_a_stop_finishes_the_commands_that_were_taken_in(lending, tool_id, trouble):
    gate = trouble[tool_id] = Gate()
    async with replica_of(lending) as twin:
        calls = [asyncio.create_task(twin.lend(tool_id)), asyncio.create_task(twin.lend(f"{tool_id}-next"))]
        await gate.reached.wait()
        asyncio.get_running_loop().call_later(0.2, gate.opened.set)
    # by now the other one has stopped

    assert [answer.status_code for answer in await asyncio.gather(*calls)] == [201, 201]
    await lending.outbox_empty()
    assert sorted(await lending.lent()) == [tool_id, f"{tool_id}-next"]


async def test_what_comes_in_while_it_stops_is_answered_that_it_cannot_be_done(lending, tool_id):
    async with replica_of(lending) as twin:
        pass

    assert (await twin.lend(tool_id)).status_code == 503


async def test_a_stop_waits_only_so_long_for_a_handler(lending, tool_id, trouble, monkeypatch):
    """It is then broken off, as if the process had been killed, and the event is handled by another replica."""
    monkeypatch.setattr("chassis.service.STOP_SECONDS_MAX", 0.2)
    gate = trouble[tool_id] = Gate()
    async with replica_of(lending, ack_wait_seconds=0.3):
        await lending.publish(wanted(tool_id))
        await gate.reached.wait()
    trouble.clear()  # it stopped, though the handler waits still
    gate.opened.set()

    await lending.handled(tool_id)


def with_background(*jobs: Callable[[Service], Awaitable[None]], **more: Any):
    """The service with something that runs beside it."""

    def make(settings: LendingSettings) -> Service:
        return Service(
            "lending",
            settings,
            tables=Table,
            api=api,
            handlers=router,
            migrations=TINY / "migrations",
            background=jobs,
            **more,
        )

    return make


async def test_what_runs_beside_is_started_again_when_it_fails(postgres, nats):
    times, done = [], asyncio.Event()

    async def job(_):
        times.append(1)
        if len(times) < 3:
            raise RuntimeError("canary")
        done.set()

    async with running(with_background(job), postgres, nats):
        await asyncio.wait_for(done.wait(), 60)

    assert len(times) == 3


async def test_what_ran_well_for_a_while_is_started_again_as_soon_as_the_first_time(postgres, nats, monkeypatch):
    ran_until, runs, done, time = [0.0], [], asyncio.Event(), asyncio.get_running_loop().time
    monkeypatch.setattr("chassis.service.PAUSE_SECONDS_FIRST", 0.01)
    monkeypatch.setattr("chassis.service.monotonic", lambda: ran_until[0])

    async def job(_):
        runs.append(time())
        if len(runs) == 8:
            done.set()
            return
        if len(runs) == 7:
            ran_until[0] += 60
        raise RuntimeError("canary")

    async with running(with_background(job), postgres, nats):
        await asyncio.wait_for(done.wait(), 60)

    assert runs[7] - runs[6] < runs[6] - runs[5]


async def test_what_runs_beside_ends_with_the_service(postgres, nats):
    ended = []

    async def job(_):
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    async with running(with_background(job), postgres, nats):
        pass

    assert ended == [True]


async def test_another_part_that_is_missing_only_degrades(postgres, nats):
    parts = {"mail server": "ready"}

    async def other(_):
        return parts

    async with running(with_background(other_parts=other), postgres, nats) as started:
        parts["mail server"] = "not ready"
        answer = await started.http.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["parts"]["mail server"] == "not ready"


@pytest.mark.parametrize("address", ["/docs", "/redoc", "/openapi.yaml"])
async def test_no_page_is_served_that_fetches_scripts_from_elsewhere(lending, address):
    assert (await lending.http.get(address)).status_code == 404


async def test_every_route_says_in_the_document_that_it_refuses_with_a_problem(lending):
    document = (await lending.http.get("/openapi.json")).json()

    answered = [told["responses"] for of in document["paths"].values() for told in of.values()]
    assert answered
    assert all(one["4XX"] == one["5XX"] == {"$ref": "#/components/responses/Problem"} for one in answered)
    assert not any("422" in one for one in answered)
    assert list(document["components"]["responses"]["Problem"]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in document["components"]["schemas"]
