"""What an earlier release heard keeps nothing waiting: the broker lets its consumers go."""

import asyncio
from pathlib import Path

import pytest
from fastapi import APIRouter
from nats.js.errors import NotFoundError

from chassis import EventRouter, Service, Settings, letting_go
from chassis.router import durable_of
from chassis.tasks import ended
from tests.chassis.lending import Table, ToolWanted
from tests.given import PATIENCE_SECONDS, eventually, running

LET_GO_SECONDS = 0.5
MIGRATIONS = Path(__file__).parent / "migrations"
DURABLE = durable_of("lending", ToolWanted)


def newer(settings: Settings) -> Service:
    """A service whose earlier release heard this type."""
    router = EventRouter()
    router.no_longer_hears(ToolWanted)
    return Service("lending", settings, tables=Table, api=APIRouter(), handlers=router, migrations=MIGRATIONS)


@pytest.fixture
async def lending(postgres, nats, monkeypatch):
    """The newer release runs, and the broker has the consumer that the earlier one made."""
    monkeypatch.setattr(letting_go, "LET_GO_SECONDS", LET_GO_SECONDS)
    async with running(newer, postgres, nats) as started:
        await started.service.streams.consumer(ToolWanted, DURABLE)
        yield started.service


async def is_there(service: Service) -> bool:
    try:
        await service.streams.js.consumer_info(service.streams.name(ToolWanted.reach), DURABLE)
    except NotFoundError:
        return False
    return True


async def test_a_consumer_that_nobody_asks_any_more_goes(lending):
    await letting_go.let_go(lending)

    async def is_gone() -> bool:
        return not await is_there(lending)

    await eventually(is_gone, saying="a consumer that went")


async def test_it_stays_as_long_as_a_replica_of_the_earlier_release_asks(lending):
    asking = await lending.streams.js.pull_subscribe_bind(DURABLE, lending.streams.name(ToolWanted.reach))
    fetching = asyncio.create_task(asking.fetch(1, timeout=PATIENCE_SECONDS))

    async def is_asked() -> bool:
        stream = lending.streams.name(ToolWanted.reach)
        return bool((await lending.streams.js.consumer_info(stream, DURABLE)).num_waiting)

    await eventually(is_asked, saying="a replica that asks")
    await letting_go.let_go(lending)

    await asyncio.wait({fetching}, timeout=4 * LET_GO_SECONDS)
    assert await is_there(lending)
    await ended(fetching)


async def test_where_there_is_none_nothing_is_made(lending):
    await lending.streams.js.delete_consumer(lending.streams.name(ToolWanted.reach), DURABLE)

    await letting_go.let_go(lending)

    assert not await is_there(lending)
