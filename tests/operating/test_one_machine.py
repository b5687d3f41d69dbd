"""docs/operating.md and docs/operating-nodes.md, each command as it stands there, without containers."""

import json
import re
import shutil
import signal
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import pytest

from node import addresses
from node.nodes import leaf_port
from node.part import free_port
from tests.given import eventually
from tests.operating.checkout import Checkout
from tests.operating.page import Page, folder_of_its_own, in_containers

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

#: A command that found something to tell: one that is behind, a node that is away, too little to learn from.
TELLS_MORE = (0, 1, 3)

#: How a region is listed that was heard just now.
HERE = "zeeland.*verbonden"


async def people(folder: Path) -> list[str]:
    """The ids of the members of a node that runs."""
    where = addresses.read(folder)
    assert where is not None
    connection = await asyncpg.connect(where.databases["members"].replace("+asyncpg", ""), ssl=False)
    try:
        return [
            str(row["member_id"]) for row in await connection.fetch("SELECT member_id FROM member ORDER BY member_id")
        ]
    finally:
        await connection.close()


async def test_the_tasks_of_a_node(run_directory):
    page, port, model = Page("operating.md"), free_port(), free_port()
    here = folder_of_its_own(run_directory, "operating")
    words = {
        "127.0.0.1:8000": f"127.0.0.1:{port}",
        "127.0.0.1:8100": f"127.0.0.1:{model}",
        "--port 8100": f"--port {model}",
    }
    words |= {"https://embeddings.example": f"http://127.0.0.1:{model}", "/run/secrets": str(here)}
    words |= {"text-embedding-3-small": "e5-passage", "noor@vechtdal.example": "team@omdehoek.example"}
    listed = here / "kept" / "erased.jsonl"
    listed.parent.mkdir()
    desk = Checkout(here, words, ODH_PORT=str(port), ODH_ERASED_LIST_FILE=str(listed))
    (here / "embedding-key").write_text("secret")
    (here / "networks").mkdir()
    (here / "networks" / "groene-schakel.toml").write_text('name = "De Groene Schakel"\n')

    (up,) = page.under("Start a node")
    async with desk.window(up):
        (healthy,) = await desk.follow(page, "See whether it is healthy")
        assert '"status":"ready"' in healthy.replace(" ", "")
        await desk.type("./odh story")
        _, told = await desk.follow(page, "See what is behind", codes=TELLS_MORE)
        assert set(json.loads(told)["services"]) >= {"members", "requests", "matching", "notify", "gateway"}
        await desk.follow(page, "When something does not answer")
        assert "0 " in (await desk.follow(page, "Look at what could not be handled"))[0]
        assert "ODH_SMTP_URL" in (await desk.follow(page, "See what can be set"))[0]
        await desk.follow(page, "Use a managed PostgreSQL, NATS cluster or mail server")

        await desk.follow(page, "Let matching learn from answers", codes=TELLS_MORE)
        await desk.follow(page, "Connect a partner network")
        await desk.follow(page, "Its endpoints, and its people")
        (counted,) = await desk.follow(page, "Make the counts anew", codes=(0, 3))
        assert "0" in counted
        # The model's server waits for who keeps a line to it, as a node does: it is not asked to end.
        first, server, models, move, moved, back = [
            one for one in page.under("Use another embedding model") if not in_containers(one)
        ]
        async with desk.window(server, "on http", signal.SIGKILL):
            await desk.type(models)
            await desk.type(move)
            assert "e5-passage" in await desk.type(moved)
            await desk.type(back)

        (keep,) = [one for one in page.under("Back up a node") if not in_containers(one)]
        assert "bewaard" in (await desk.type(keep)).lower()
        before = await people(here / ".odh")
    restore, start, *_ = page.under("Put a node back")
    await desk.type(restore)
    async with desk.window(start):
        assert await people(here / ".odh-back") == before

    shutil.rmtree(here / ".odh-back")
    listed.write_text(json.dumps({"member_id": before[-1], "erased_at": datetime.now(UTC).isoformat()}) + "\n")
    (again,) = page.under("Erased people, after a restore")
    await desk.type(again)
    async with desk.window(start):

        async def is_gone() -> bool:
            return before[-1] not in await people(here / ".odh-back")

        await eventually(is_gone, saying="somebody who stays erased")

    renew, up = [one for one in page.under("Rotate credentials") if not in_containers(one)]
    old = (here / ".odh" / "keys" / "identity.private.jwk.json").read_text()
    await desk.type(renew)
    async with desk.window(up):
        assert (here / ".odh" / "keys" / "identity.private.jwk.json").read_text() != old
        async with httpx.AsyncClient() as http:
            assert (await http.get(f"http://127.0.0.1:{port}/health/ready")).json()["status"] == "ready"

    shutil.rmtree(here / ".odh" / "nats")  # and then what "Lose a disk" says of it
    async with desk.window(up):
        await desk.type("./odh story")

    shutil.move(here / ".odh", here / "of before")
    async with desk.window(server, "on http", signal.SIGKILL), desk.window(first):
        await desk.type(models)  # none is in use before there is a text

    assert [one for one in page.left() if not in_containers(one)] == []


async def test_the_tasks_of_several_nodes(run_directory):
    page = Page("operating-nodes.md")
    port, of_region = free_port(), free_port()
    ports = {"--port 8000": f"--port {port}", "--port 8001": f"--port {of_region}"}
    here = folder_of_its_own(run_directory, "nation")
    there = folder_of_its_own(run_directory, "region")

    hub = Checkout(here, ports, ODH_PORT=str(port))
    nation, let_in, join = page.under("Try it on one machine")
    async with hub.window(nation):
        await hub.type(let_in)
        async with hub.window(join):
            await shows(hub, "./odh nodes list --data nation", HERE)

    on_this_machine = {
        "hub.example.org:7422": f"127.0.0.1:{leaf_port(here / '.odh')}",
        "zeeland.line.json": str(here / "zeeland.line.json"),
    }
    hub.words = on_this_machine
    region = Checkout(there, on_this_machine, ODH_PORT=str(of_region))
    assert "Gemaakt" in (await hub.follow(page, "TLS"))[0]
    (let_in,), (join,), (who,) = (
        page.under(task) for task in ("Let a region in", "Join, as a region", "See who is there and what is behind")
    )
    (renew,) = page.under("Put a node back")
    another, out = page.under("Give a region another key, or leave it out")
    async with hub.window("./odh up", ODH_NODE="national"):
        await hub.type(let_in)
        async with region.window(join):
            await shows(hub, who, HERE)
            await hub.type(another)
            await shows(hub, who, r"zeeland.*weg")
        await region.type(renew)
        await region.type("./odh nodes join zeeland.line.json")
        async with region.window("./odh up --node zeeland"):
            await shows(hub, who, HERE)
            await hub.type(out)
            await shows(hub, who, r"(?s)\A(?!.*zeeland)")

    assert [one for one in page.left() if not in_containers(one)] == []


async def shows(desk: Checkout, command: str, what: str) -> None:
    """Types it until it tells that."""

    async def is_so() -> bool:
        return re.search(what, await desk.type(command, codes=(0, 3))) is not None

    await eventually(is_so, within=60, saying=what)
