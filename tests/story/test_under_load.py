"""A node on which many ask at once, while each of its services is replaced, and when far more come than it can help."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import httpx
import pytest

from contracts.event import new_id
from node.part import free_port
from node.program import Program
from tests.story.conftest import running_node
from tests.story.halfway import UNANSWERED, Halfway
from tests.story.ledger import Ledger

pytestmark = [pytest.mark.whole_node, pytest.mark.long, pytest.mark.timeout(400)]

#: So many calls are under way at the gateway, and so many come in at the same moment.
CONNECTIONS, BURST = 20, 600

#: One retry is enough.
TRIES_MAX = 2


@pytest.fixture(scope="module")
async def story(run_directory: Path) -> AsyncIterator[Halfway]:
    """A node with a gateway that knows how much it can have under way."""
    settings = {
        "ODH_EMBEDDING_MODEL": "none",
        "ODH_RELAY_POLL_SECONDS": "0.2",
        "ODH_MAIL_POLL_SECONDS": "0.2",
        "ODH_MEMBER_LIMIT": "100000/minute",
        "ODH_CONNECTIONS_MAX": str(CONNECTIONS),
        "ODH_CONNECT_SECONDS_MAX": "0.5",
        "ODH_RESTART_SECONDS_MAX": "60",  # on a busy machine; otherwise two
    }
    async with running_node(run_directory / "under-load", **settings) as node:
        story = Halfway(node, Ledger(run_directory / "under-load.jsonl"), run_directory / "never-armed")
        async with story.everybody():
            yield story


@dataclass
class Asking:
    """Somebody who asks at whatever gateway; what was acknowledged, what failed at first, and what was refused."""

    gateways: list[httpx.AsyncClient]
    placed: list[str] = field(default_factory=list)
    failed_once: list[str] = field(default_factory=list)
    numbers: count = field(default_factory=count)

    async def ask(self, gateway: httpx.AsyncClient) -> httpx.Response | httpx.TransportError:
        """Asks something new, once."""
        return await self.send(gateway, self.something(), new_id())

    def something(self) -> dict[str, object]:
        return UNANSWERED | {"title": f"Vraag {next(self.numbers)} van de stormloop"}

    async def send(self, gateway: httpx.AsyncClient, body: object, key: str) -> httpx.Response | httpx.TransportError:
        try:
            answer = await gateway.post("/api/v1/requests", json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as lost:
            return lost
        if answer.status_code == 201:
            self.placed.append(answer.json()["request_id"])
        return answer

    async def until(self, enough: asyncio.Event, mine: int) -> None:
        """Asks on and on at one gateway, and what fails there at the other, after as long as was told."""
        one, other = self.gateways[mine], self.gateways[1 - mine]
        while not enough.is_set():
            body, key = self.something(), new_id()
            answer, tries = await self.send(one, body, key), 1
            while isinstance(answer, httpx.TransportError) or answer.status_code != 201:
                self.failed_once.append(repr(answer))
                if isinstance(answer, httpx.Response):
                    assert answer.status_code == 503, answer.text
                    await asyncio.sleep(int(answer.headers["retry-after"]))
                assert tries < TRIES_MAX, answer
                answer, tries = await self.send(other, body, key), tries + 1


async def a_client(stack: AsyncExitStack, story: Halfway, url: str) -> httpx.AsyncClient:
    """The owner of the company, at a gateway."""
    cookies, limits = story.owner.http.cookies, httpx.Limits(max_connections=None)
    return await stack.enter_async_context(
        httpx.AsyncClient(base_url=url, cookies=cookies, timeout=120, limits=limits, verify=False)
    )


async def asking_at(story: Halfway, gateways: list[httpx.AsyncClient]) -> Asking:
    """Somebody who asks, and knows what the other test has asked on the same node."""
    return Asking(gateways, placed=await story.stormed())


async def then_all_is_well(story: Halfway, placed: list[str]) -> None:
    """What was acknowledged is there once and was said once, nothing else is, and nobody was mailed twice."""
    await story.quiet(within=90)
    assert Counter(await story.stormed()) == Counter(placed)
    await story.then_each_was_placed_once(placed)
    assert await story.messages("dead") == []
    assert {name: times for name, times in (await story.message_ids()).items() if times > 1} == {}


async def test_each_service_is_replaced_while_people_ask_and_one_retry_is_enough(story):
    """F21: with two gateways, as where nobody may notice; the other services have one process each."""
    second = Program(
        "gateway 2",
        ["chassis", "services.gateway"],
        port=free_port(),
        log=story.node.data / "logs" / "gateway-2.log",
        environment=lambda: story.node.env("gateway") | {"ODH_PORT": str(second.port)},
    )
    async with AsyncExitStack() as stack:
        stack.push_async_callback(second.stop)
        await second.start(60)
        urls = (story.node.url("gateway"), second.url)
        asking = await asking_at(story, [await a_client(stack, story, url) for url in urls])
        enough = asyncio.Event()
        workers = [asyncio.create_task(asking.until(enough, number % 2)) for number in range(4)]
        try:
            for part in (*(story.node.parts[name] for name in story.node.services), second):
                before = len(asking.placed)
                await part.stop()
                await part.start(60)
                while len(asking.placed) < before + 8 and not any(worker.done() for worker in workers):
                    await asyncio.sleep(0.05)
        finally:
            enough.set()
            await asyncio.gather(*workers)

    await then_all_is_well(story, asking.placed)
    await story.play()
    await story.then_it_ended_well()


async def test_of_a_burst_what_is_taken_in_is_done_and_the_rest_is_told_to_come_back(story):
    """F20: nothing but yes, or not now and when."""
    async with AsyncExitStack() as stack:
        asking = await asking_at(story, [await a_client(stack, story, story.node.url("gateway"))])
        answers = await asyncio.gather(*(asking.ask(asking.gateways[0]) for _ in range(BURST)))

        refused = [answer for answer in answers if isinstance(answer, httpx.TransportError) or not answer.is_success]
        assert {getattr(answer, "status_code", repr(answer)) for answer in refused} <= {429, 503}
        assert all(int(answer.headers["retry-after"]) for answer in refused)
        assert len(answers) > len(refused)

    await then_all_is_well(story, asking.placed)
    await story.play()
    await story.then_it_ended_well()
