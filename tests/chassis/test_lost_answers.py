"""The database does what it is asked and its answer gets lost: what was done is not done again, nothing is left."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from tests.chassis.conftest import Lending, lending_on, wanted
from tests.faults.proxy import AtTheEndOf, Line
from tests.given import eventually

TOOLS = [f"tool-{number}" for number in range(16)]

#: What the lost answers were to, and how often one is lost: a commit, or whatever is asked.
LOST = [pytest.param(b"COMMIT", 2, id="commits"), pytest.param(b"", 37, id="anything")]


@pytest.fixture(scope="module")
async def line(postgres) -> AsyncIterator[Line]:
    async with Line(postgres.port) as line:
        yield line


@pytest.fixture(scope="module")
async def at_the_end(postgres, nats, line) -> AsyncIterator[Lending]:
    async with lending_on(AtTheEndOf(postgres, line), nats, attempts_max=2, batch_size_max=4) as started:
        yield started


@pytest.fixture
async def lending(at_the_end, line) -> AsyncIterator[Lending]:
    await at_the_end.begin()
    yield at_the_end
    line.mend()


@pytest.mark.parametrize(("asked", "every"), LOST)
async def test_a_command_that_was_done_is_answered_as_done_when_it_is_asked_again(lending, line, asked, every):
    line.lose_answers(to=asked, every=every)
    few = asyncio.Semaphore(4)

    async def ask(tool: str) -> httpx.Response:
        async with few:  # or all would share one transaction
            return await lending.insists(tool, key=f"the-call-for-{tool}")

    answers = await asyncio.gather(*map(ask, TOOLS))
    line.mend()
    again = [await lending.lend(tool, key=f"the-call-for-{tool}") for tool in TOOLS]

    assert line.answers_lost
    assert [answer.content for answer in again] == [answer.content for answer in answers]
    await lending.quiet()
    assert sorted(await lending.lent()) == sorted(TOOLS)


@pytest.mark.parametrize(("asked", "every"), LOST)
async def test_an_event_has_one_effect_and_costs_no_attempt(lending, line, asked, every):
    line.lose_answers(to=asked, every=every)
    for tool in TOOLS:
        await lending.publish(wanted(tool))
        await lending.publish(wanted(tool, version=2))

    async def all_heard() -> bool:
        return not await lending._left_to_hear()

    await eventually(all_heard, within=60, saying="the end of what is to be heard")
    line.mend()

    assert line.answers_lost
    await lending.quiet()
    assert sorted((tool, version) for tool, version, _ in await lending.handlings()) == [
        (tool, version) for tool in sorted(TOOLS) for version in (1, 2)
    ]
    assert sorted(await lending.lent()) == sorted(TOOLS * 2)
    assert await lending.dead_letters() == []
