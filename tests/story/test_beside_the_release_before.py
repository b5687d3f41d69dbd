"""A release of before and this one on the same node, for half a minute of all that they can take: both answer calls,
both hear events, and of what was acknowledged nothing is lost, refused, given up or done twice.

The release of before is taken from the history of the project; where that is not at hand, nothing can be said.
"""

import asyncio
import gzip
import io
import subprocess
import sys
import tarfile
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

from node import ROOT, SERVICES
from node.client import Person
from node.node import Node
from node.part import free_port
from node.program import Program
from tests.given import eventually
from tests.story.conftest import COMPILED
from tests.story.halfway import OFFER, UNANSWERED, Halfway
from tests.story.ledger import Ledger

#: Of before partner networks and counts: services, tables and events have come since.
RELEASE = "b0a37706d23db552493715461b1aa80f84fbafa2"
OF_RELEASE = ("members", "requests", "matching", "notify", "gateway")

#: How long both work, and how many calls each gateway has under way.
SECONDS, AT_A_TIME = 30.0, 4

SETTINGS = {
    "ODH_EMBEDDING_MODEL": "none",
    "ODH_RELAY_POLL_SECONDS": "0.2",
    "ODH_MAIL_POLL_SECONDS": "0.2",
    "ODH_METRICS_SECONDS": "1",
    "ODH_MEMBER_LIMIT": "100000/minute",
}


def released(folder: Path) -> Path:
    """The code of the release of before, from the history."""
    command = ["git", "archive", RELEASE, "chassis", "contracts", "services", "node"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True)
    if done.returncode:
        pytest.skip("the history of the project is not at hand")
    with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


class OfBefore(Node):
    """A node whose processes are those of the release of before."""

    code: Path

    def _compose(self) -> None:
        super()._compose()
        for name in self.services:
            part = self.parts[name]
            assert isinstance(part, Program)
            part.command = partial(_typed_in, self.code, part.arguments)  # type: ignore[method-assign]


def _typed_in(folder: Path, arguments: Sequence[str]) -> list[str]:
    compiled = f"PYTHONPYCACHEPREFIX={folder / 'bytecode'}"
    return ["env", "-C", str(folder), compiled, sys.executable, "-m", *arguments]


@contextmanager
def counting() -> Iterator[tuple[str, Counter[str]]]:
    """Where processes tell what they count, and what each service of them counted, by `service counter`."""
    last: dict[tuple[str, ...], int] = {}
    counted: Counter[str] = Counter()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.endswith("/metrics"):
                self._count(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _count(self, body: bytes) -> None:
            for told in ExportMetricsServiceRequest.FromString(body).resource_metrics:
                service = {one.key: one.value.string_value for one in told.resource.attributes}["service.name"]
                for metric in (metric for scope in told.scope_metrics for metric in scope.metrics):
                    for point in metric.sum.data_points:
                        labels = sorted(f"{one.key}={one.value}" for one in point.attributes)
                        key = (service, metric.name, *labels)
                        counted[f"{service} {metric.name}"] += point.as_int - last.get(key, 0)
                        last[key] = point.as_int

        def log_message(self, *_: object) -> None:
            """Not on the screen."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", counted
        server.shutdown()


async def beside(node: Node, told_to: str) -> dict[str, Program]:
    """A process of each service of this release, on the same servers; returned when all are ready."""
    ports = {name: free_port() for name in SERVICES}
    urls = {f"ODH_{name.upper()}_URL": f"http://127.0.0.1:{port}" for name, port in ports.items() if name != "gateway"}
    programs = {}
    for name in SERVICES:
        await node.postgres.create_database(name)
        own = urls | {"ODH_PORT": str(ports[name]), "ODH_OTLP_ENDPOINT": told_to}
        programs[name] = Program(
            f"new {name}",
            ["chassis", f"services.{name}"],
            port=ports[name],
            log=node.data / "logs" / f"new-{name}.log",
            environment=lambda name=name, own=own: node.env(name) | own,  # type: ignore[misc]
        )
    for program in programs.values():
        program.launch()
    for program in programs.values():
        await program.wait_ready(90)
    return programs


async def asks(story: Halfway, owner: Person, until: float) -> list[str]:
    """As many requests as the gateway takes, some at a time; the ids of what it acknowledged."""
    found: list[str] = []

    async def one_after_another(name: str) -> None:
        while time.monotonic() < until:
            body = UNANSWERED | {"title": f"Vraag {len(found)} van {name} in de stormloop"}
            found.append(str((await story.ledger.send(owner, "/requests", body))["request_id"]))

    await asyncio.gather(*(one_after_another(f"rij {row}") for row in range(AT_A_TIME)))
    return found


async def a_story(story: Halfway) -> None:
    """From an offer to an introduction, while others ask."""
    offer = await story.ledger.send(story.teacher, "/offers", OFFER)
    await known(story, "SELECT 1 FROM proposition WHERE proposition_id = $1", offer["offer_id"])
    await story.the_company_asks()
    await known(story, "SELECT 1 FROM match WHERE request_id = $1", story.request_id)
    await story.the_ambassador_endorses()
    await story.both_say_yes()


async def known(story: Halfway, question: str, id: str) -> None:
    """Waits until matching has it."""

    async def is_known() -> bool:
        return bool(await story.rows("matching", question, id))

    await eventually(is_known, within=60, saying=question)


async def ended_well(story: Halfway) -> None:
    """One introduction, each event of it once, and nothing anywhere that could not be handled."""
    await story.quiet(within=90)
    assert (await story.owner.get(f"/matches/{story.match_id}"))["state"] == "introduced"
    once = {"match-proposed": 1, "match-endorsed": 1, "match-answered": 2, "introduction-made": 1}
    assert await story.said_about(story.match_id) == once
    assert await story.messages("dead") == []
    assert {name: times for name, times in (await story.message_ids()).items() if times > 1} == {}
    assert story.ledger.refusals == []


@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(400)
async def test_two_releases_share_the_work_of_a_node(run_directory: Path):
    here = run_directory / "two-releases"
    (here / "code").mkdir(parents=True)
    with counting() as (old_told, of_old), counting() as (new_told, of_new):
        told = COMPILED | SETTINGS | {"ODH_OTLP_ENDPOINT": old_told, "PYTHONPATH": ""}
        node = OfBefore(here / "data", name="test", gateway_port=free_port(), services=OF_RELEASE, settings=told)
        node.code = released(here / "code")
        async with AsyncExitStack() as closing:
            closing.push_async_callback(node.stop)
            await node.start()
            story = Halfway(node, Ledger(here / "ledger.jsonl"), here / "armed")
            await closing.enter_async_context(story.everybody())
            await a_story(story)  # by the release of before alone
            await ended_well(story)

            programs = await beside(node, new_told)
            for program in programs.values():
                closing.push_async_callback(program.stop)
            at_new = node.addresses()._replace(gateway=programs["gateway"].url)
            twin = await closing.enter_async_context(Person(at_new, name="Wim", email=story.owner.email))
            twin.http.cookies.update(story.owner.http.cookies)
            until = time.monotonic() + SECONDS
            of_one, of_other, _ = await asyncio.gather(
                asks(story, story.owner, until), asks(story, twin, until), a_story(story)
            )

            await ended_well(story)
            await story.then_each_was_placed_once([*of_one, *of_other])
            await eventually(lambda: both_heard(of_old, of_new), saying="events that both handled")
            for counter in ("rejected", "buried"):
                assert not [name for of in (of_old, of_new) for name in +of if name.endswith(f"events.{counter}")]


async def both_heard(of_old: Counter[str], of_new: Counter[str]) -> bool:
    """Whether matching of both had its part of what was asked: of ten, at the least one."""
    heard = [of["odh-matching odh.events.handled"] for of in (of_old, of_new)]
    return min(heard) * 10 > sum(heard)
