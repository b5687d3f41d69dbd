"""docs/partners.md, run as it stands against a node of real processes, through its public door."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from contracts.envelope import decode
from node.node import Node
from node.part import free_port
from services.partners.news import KINDS, cloud_event
from services.partners.webhooks.rules import signatures
from tests.contracts.make_examples import path_of
from tests.given import eventually
from tests.story.conftest import COMPILED

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "partners.md").read_text()


def blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.M | re.S)


def run(*command: str, told: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, cwd=ROOT, env=os.environ | (told or {}), capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def load(folder: Path, key: str, node: str) -> str:
    """The first load of the page, of a file with a row that is right and one that is not."""
    (folder / "key.txt").write_text(key)
    rows = "nummer;naam;soort;plaats;brin\ns-2;IJsseldal College;school;Deventer;25LT\ns-3;Elders;school;Nergens;\n"
    (folder / "schools.csv").write_text(rows)
    (command,) = [line for block in blocks("console") for line in block.splitlines() if " load " in line]
    own = [str(folder / part) if part in ("key.txt", "schools.csv") else part for part in command.split()[1:]]
    done = subprocess.run(
        [sys.executable, "-m", "node", *own, "--node", node], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1, done.stdout + done.stderr  # a row is not right
    return done.stdout


def add_endpoint(folder: Path) -> dict[str, str]:
    """The endpoint of the page, on this machine; returns where it is to listen, and its secret."""
    (command,) = [line for block in blocks("console") for line in block.splitlines() if " webhook add " in line]
    port = str(free_port())
    own = [f"http://127.0.0.1:{port}/" if part.startswith("https:") else part for part in command.split()[1:]]
    made = run(sys.executable, "-m", "node", *own, "--to-private", f"--data={folder}")
    return {"PORT": port, "WEBHOOK_SECRET": made.splitlines()[1].removeprefix("secret=")}


@contextmanager
def listening(script: str, *told: dict[str, str]) -> Iterator[Any]:
    """The receiver of the page, while it listens."""
    env = os.environ | {name: value for one in told for name, value in one.items()}
    with subprocess.Popen([sys.executable, "-c", script], env=env, stdout=subprocess.PIPE, text=True) as receiver:
        try:
            yield receiver
        finally:
            receiver.kill()


async def taken_by(client: httpx.AsyncClient, kind: str, secret: str) -> bool:
    """Whether the receiver takes the news of a kind, at its fullest, as a node sends it."""
    envelope, event = decode(path_of(KINDS[kind], "fullest").read_bytes())
    body = cloud_event(kind, event.model_dump(mode="json"), envelope.id, envelope.time, "test")
    headers = signatures([secret], envelope.id, datetime.now(UTC), body)
    try:
        answer = await client.post("/", content=body, headers=headers)
    except httpx.ConnectError:  # it does not listen yet
        return False
    return answer.status_code == 204


async def test_the_receiver_of_the_page_takes_news_of_every_kind():
    port, secret = str(free_port()), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    _, receiving = blocks("python")

    with listening(receiving, {"PORT": port, "WEBHOOK_SECRET": secret}) as heard:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
            for kind in KINDS:
                await eventually(lambda kind=kind: taken_by(client, kind, secret), saying=f"the receiver takes {kind}")
                assert heard.stdout.readline().startswith(f"nl.omdehoek.partners.{kind}.v1 ")


@pytest.mark.long
@pytest.mark.whole_node
@pytest.mark.timeout(300)
async def test_the_page_for_partners_does_what_it_says(tmp_path):
    node = Node(
        tmp_path,
        name="test",
        gateway_port=free_port(),
        services=("members", "requests", "partners", "gateway"),
        settings=COMPILED | {"ODH_WEBHOOKS_TO_PRIVATE": "true"},
    )
    await node.start()
    try:
        add = blocks("console")[0].split()[1:]
        made = run(sys.executable, "-m", "node", *add, f"--data={tmp_path}")
        key = dict(line.split("=", 1) for line in made.splitlines())
        told = {"NODE": node.url("gateway"), "CLIENT_ID": key["client_id"], "CLIENT_SECRET": key["client_secret"]}
        for script in blocks("bash"):
            assert '"status":"pending"' in run("bash", "-euo", "pipefail", "-c", script, told=told)
        pushing, receiving = blocks("python")
        with listening(receiving, add_endpoint(tmp_path), told) as heard:
            ended = run(sys.executable, "-c", pushing, told=told)
            told_of = {tuple(heard.stdout.readline().split()) for _ in range(3)}  # in any order, as the page says
            assert told_of == {
                ("nl.omdehoek.partners.event-accepted.v1", number) for number in ("2001", "2002", "2003")
            }

        assert sorted(ended.splitlines()) == ["noor accepted None", "school-1 accepted None", "vraag-1 accepted None"]
        loaded = load(tmp_path, made, node.url("gateway"))
        assert "new 1, changed 0" in loaded
        assert "1 aangenomen, 0 afgewezen" in loaded
        assert "unchanged 1" in load(tmp_path, made, node.url("gateway"))
        assert '"row": 3' in (tmp_path / "schools.csv.rejects.jsonl").read_text()
        async with httpx.AsyncClient(base_url=node.url("gateway")) as public:
            found = (await public.get("/api/v1/organisations?q=Vechtdal")).json()["items"]
            assert [(one["name"], one["networks"]) for one in found] == [("Vechtdal College", ["duurzaam-mbo"])]
            hidden = [
                await public.get(path)
                for path in ("/partners/health/ready", "/partners/v1/receipts/x", "/api/v1/token")
            ]
            assert [answer.status_code for answer in hidden] == [404, 401, 404]
    finally:
        await node.stop()
