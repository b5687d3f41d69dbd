"""S2, S3 and S11 on a node of real processes: what is too large, too slow or too often costs it next to nothing.

The others are looked at meanwhile: they are served, whatever one sends.
"""

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator

import httpx
import psutil
import pytest

from node.client import Post
from tests.given import eventually, fresh_name
from tests.hostile.conftest import LINKS_PER_HOUR_MAX

pytestmark = [pytest.mark.long, pytest.mark.whole_node, pytest.mark.timeout(300)]

AT_ONCE = 40
#: All that these calls hold is ten times as much, or more.
GROWTH_MAX = 40_000_000

PLACES = "/api/v1/places?q=zeist"


class Watched:
    """What a process keeps in memory, beside what it did before."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self._before = self._process.memory_info().rss

    def growth(self) -> int:
        return self._process.memory_info().rss - self._before


@pytest.fixture
async def gate(node) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody at the gateway, who has called before: what a first call loads is there.

    Each call has its own connection: the server closes one that says nothing for a while, also just before a call.
    """
    each_its_own = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(base_url=node.url("gateway"), timeout=60, limits=each_its_own) as http:
        assert (await http.get(PLACES)).status_code == 200
        yield http


@pytest.fixture
def watched(node, gate) -> dict[str, Watched]:
    pids = node.addresses().pids
    return {name: Watched(pids[name]) for name in ("gateway", "members")}


def stays_small(watched: dict[str, Watched]) -> None:
    grown = {name: one.growth() for name, one in watched.items()}
    assert all(growth < GROWTH_MAX for growth in grown.values()), grown


async def endless() -> AsyncIterator[bytes]:
    """Ten megabytes, of which nothing says that they are so many."""
    for _ in range(1000):
        yield b"x" * 10_000


@pytest.mark.parametrize("door", ["gateway", "members"])
async def test_a_body_without_end_is_not_kept(node, gate, watched, door):
    path = {"gateway": "/api/v1/members", "members": "/v1/members"}[door]

    async def send() -> int:
        async with httpx.AsyncClient(base_url=node.url(door), timeout=60) as http:
            try:
                answer = await http.post(path, content=endless(), headers={"Content-Type": "application/json"})
                return answer.status_code
            except httpx.TransportError:  # it was refused before all of it was sent
                return 413

    sending = [asyncio.create_task(send()) for _ in range(AT_ONCE)]
    assert (await gate.get(PLACES)).status_code == 200
    assert set(await asyncio.gather(*sending)) == {413}
    stays_small(watched)


@pytest.mark.parametrize("times", [1, 2])
@pytest.mark.parametrize("door", ["gateway", "members"])
async def test_what_grows_when_it_is_unpacked_is_not_unpacked(node, gate, watched, door, times):
    """Small enough to be read, and a thousand times as large, or a million, inside."""
    bomb, path = b" " * 40_000_000, {"gateway": "/api/v1/members", "members": "/v1/members"}[door]
    for _ in range(times):
        bomb = gzip.compress(bomb)
    told = {"Content-Type": "application/json", "Content-Encoding": ", ".join(["gzip"] * times)}
    assert len(bomb) < 60_000

    async with httpx.AsyncClient(base_url=node.url(door), timeout=60) as http:
        calls = [http.post(path, content=bomb, headers=told) for _ in range(AT_ONCE)]
        answers = await asyncio.gather(*calls)

    assert {answer.status_code for answer in answers} == {415}
    stays_small(watched)


async def test_who_says_a_word_now_and_then_keeps_nobody_waiting(node, gate, watched):
    """Many who never finish what they ask; whoever asks something meanwhile is answered."""
    host, port = node.url("gateway").removeprefix("http://").split(":")
    slow = [await asyncio.open_connection(host, int(port)) for _ in range(200)]
    for number, (_, writer) in enumerate(slow):
        writer.write(b"GET / HTTP/1.1\r\nX-Slow: x" if number % 2 else b"POST /api/v1/members HTTP/1.1\r\nHost: x\r\n")

    for _ in range(20):
        for _, writer in slow:
            writer.write(b"x")
        assert (await gate.get(PLACES)).status_code == 200

    for reader, _ in slow:  # and they are let go, with or without a word
        said = await asyncio.wait_for(reader.read(), 60)
        assert said == b"" or said.startswith((b"HTTP/1.1 408 ", b"HTTP/1.1 400 ")), said
    for _, writer in slow:
        writer.close()
    stays_small(watched)


async def test_a_head_without_end_is_refused(node, gate, watched):
    host, port = node.url("gateway").removeprefix("http://").split(":")
    statuses = Counter()
    for _ in range(AT_ONCE):
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-Endless: " + b"x" * 1_000_000)
        try:
            statuses[(await asyncio.wait_for(reader.readline(), 60))[9:12]] += 1
        except ConnectionError:  # it was refused before all of it was sent
            statuses[b"431"] += 1
        writer.close()
    assert set(statuses) <= {b"431", b""}, statuses
    stays_small(watched)
    assert (await gate.get(PLACES)).status_code == 200


async def test_however_many_let_somebody_be_mailed_they_get_a_few_mails(world, gate):
    """Whoever asks is answered alike; the one who is asked for is not flooded."""
    email = world.people["victim"].email
    post = Post(world.node.addresses())
    before = len(await post.ids(to=email))

    asked = [gate.post("/api/v1/sign-in-links", json={"email": email}) for _ in range(100)]
    answers = await asyncio.gather(*asked)

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    await world.look.quiet(60)
    assert len(await post.ids(to=email)) - before <= LINKS_PER_HOUR_MAX
    other, had = world.people["other"].email, len(await post.ids(to=world.people["other"].email))
    assert (await gate.post("/api/v1/sign-in-links", json={"email": other})).status_code == 202

    async def is_mailed() -> bool:
        return len(await post.ids(to=other)) > had

    await eventually(is_mailed, within=60, saying="a link for somebody else")
    await post.close()


async def test_whoever_tries_tokens_finds_none_and_is_told_nothing(gate):
    tried = [gate.post("/api/v1/sessions", json={"token": fresh_name("token")}) for _ in range(100)]
    answers = await asyncio.gather(*tried)

    assert len({(answer.status_code, answer.text) for answer in answers}) == 1
    assert answers[0].status_code in (401, 410, 422)
