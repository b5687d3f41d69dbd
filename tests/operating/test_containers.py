"""docs/operating.md, each command for containers as it stands there, on a real engine."""

import io
import json

import pytest

from contracts.event import new_id
from node import ROOT, SERVICES
from node.client import Person, Post
from node.story import play
from node.telling import Teller
from tests.deploy.containers import Containers, run, why_not
from tests.given import eventually
from tests.operating.desk import TELLS_MORE, Desk, a_node
from tests.operating.page import Page, in_containers

pytestmark = [
    pytest.mark.engine,
    pytest.mark.long,
    pytest.mark.timeout(1500),  # the first time the image is built
    pytest.mark.skipif(bool(missing := why_not()), reason=f"needs containers: {missing}"),
]

#: What no test runs: images of others, which are not everywhere.
NOT_RUN = {"docker compose --profile observability up --detach --wait"}


async def test_the_tasks_of_a_node(tmp_path):
    page = Page("operating.md")
    image, listed = "om-de-hoek:pages", tmp_path / "on another disk"
    listed.mkdir()
    listed.chmod(0o777)  # for the user in the container
    async with a_node(IMAGE=image, ERASED_AT=str(listed)) as node:
        words = {"http://127.0.0.1:8000": node.where.gateway, "http://127.0.0.1:8025": node.where.mail}
        words |= {"noor@vechtdal.example": "team@omdehoek.example", "./odh": f"{ROOT}/.venv/bin/python -m node"}
        desk = Desk(node, words)

        build, secrets, servers, databases, *in_one_go, beside, which, stop_old, take_old = page.under(
            "Upgrade while it runs"
        )
        await desk.type(build, cwd=ROOT)
        up, story = page.under("Run a node with compose")
        await desk.type(up)
        await desk.type(story, cwd=ROOT)
        example, _, logs, scale, behind, dead, look, down, away = page.table("Run a node with compose")
        await desk.type(example)
        assert "matching" in await desk.type(logs)
        assert "0 dead letters" in await desk.type(dead)
        await desk.follow([scale, behind, look], codes=TELLS_MORE)
        assert {part: len(node.ids(part)) for part in ("matching", "notify")} == {"matching": 3, "notify": 2}
        await desk.follow(page.under("See what is behind"), codes=TELLS_MORE)
        await desk.follow(page.under("Add a replica"), codes=TELLS_MORE)

        await a_node_is_put_back(desk, page)
        await partners(desk, page)
        await desk.follow(page.under("Make the counts anew"), codes=TELLS_MORE)
        for task in ("Use another embedding model", "Let matching learn from answers"):
            await desk.follow(page.under(task), codes=TELLS_MORE)

        for task in ("Make room on a full disk", "Give NATS more room", "Use another mail server"):
            await desk.follow(page.under(task))
        await desk.follow([one for one in page.under("When something does not answer") if " lines " not in one])
        await node.ready()

        old = passwords_of(node)
        await desk.follow(page.under("Rotate credentials"))
        await node.ready()
        assert not old & passwords_of(node)

        # The next release: the same image, by what the engine knows another one.
        run("docker", "tag", image, f"{image}-before")
        (node.folder / "next").mkdir()
        (node.folder / "next" / "Dockerfile").write_text(f"FROM {image}-before\nLABEL release=next\n")
        run("docker", "build", "--tag", image, str(node.folder / "next"))
        write_what_the_next_release_says_of_servers(node)
        before, had = releases(node), known(node)
        await desk.follow([secrets, servers, databases])
        assert node.rows("members", "SHOW max_connections") == ["301"]
        assert "the next release" in node.inside(node.ids("nats")[0], "cat", "/etc/nats/node.conf")
        assert known(node) == had
        await desk.follow([beside])
        assert len(set(releases(node)["requests"])) == 2
        await desk.follow([which, stop_old, take_old])
        await play(node.where, Teller(io.StringIO()))
        await desk.follow(in_one_go)
        await node.ready()
        assert not [service for service, ran in releases(node).items() if set(ran) & set(before[service])]

        # A node of before users of NATS kept its streams under another name.
        kept = streams_of(node)
        stop, move, start = page.under("From a release without users of NATS")
        await desk.type(stop)
        back = r'mv /data/nats/jetstream/NODE "/data/nats/jetstream/\$G"'
        node.compose("run", "--rm", "--no-deps", "--entrypoint", "sh", "secrets", "-c", back)
        await desk.follow([move, start])
        await node.ready()
        assert {name: count for name, count in streams_of(node).items() if count < kept.get(name, 0)} == {}

        await desk.type(down)
        assert node.ids("gateway") == []
        await desk.type(away)
    of_lines = {one for one in page.left() if " exec lines " in one}
    assert [one for one in page.left() if in_containers(one) and one not in NOT_RUN | of_lines] == []


def write_what_the_next_release_says_of_servers(node: Containers) -> None:
    """As git writes a file: another one of the same name."""
    for name, old, new in (
        ("docker-compose.yml", "--max_connections=300", "--max_connections=301"),
        ("deploy/nats/node.conf", "include ", "# the next release\ninclude "),
    ):
        at = node.folder / name
        text = at.read_text()
        assert text.count(old) == 1
        at.unlink()
        at.write_text(text.replace(old, new))


async def a_node_is_put_back(desk: Desk, page: Page) -> None:
    """As it was when it was kept, but for who was erased since."""
    node = desk.node
    keep, take_out = [one for one in page.under("Back up a node") if in_containers(one)]
    stop, restore, start = [one for one in page.under("Put a node back") if in_containers(one)]
    async with Person(node.where, name="Gast", email="gast@elders.example") as guest:
        at = {"kind": "company", "name": "Elders", "kvk": "90004711", "place": {"name": "Utrecht"}}
        await guest.follow(await guest.join(role="gast", organisation=at))
        guest_id = await guest.member_id()
        before = known(node)
        assert guest_id in before
        await desk.follow([keep, take_out])
        await guest.call("DELETE", "/members/me", headers={"Idempotency-Key": new_id()})

    async def is_listed() -> bool:
        return guest_id in node.inside(node.ids("members")[0], "sh", "-c", "cat /data/erased/* || true")

    await eventually(is_listed, within=60, saying="a line in the list of who was erased")
    await desk.is_told_no(restore, "draait nog")
    await desk.type(stop)
    await desk.is_told_no(restore.removesuffix(" --overwrite"), "--overwrite")
    assert "1 gewiste leden" in await desk.type(restore)
    await desk.type(start)
    await node.ready()
    assert known(node) == before - {guest_id}
    post = Post(node.where)
    mailed = await post.message_ids()
    await post.close()
    assert len(set(mailed)) == len(mailed)

    # And on another machine, which has only the file and the list.
    node.compose("down", "--volumes")
    await desk.follow(page.under("Lose a disk"))
    await node.ready()
    assert known(node) == before - {guest_id}


def known(node: Containers) -> set[str]:
    """Who and what a node has, and where its matches are."""
    asked = {"members": "SELECT member_id FROM member", "requests": "SELECT proposition_id FROM proposition"}
    asked["matching"] = "SELECT match_id, state FROM match"
    return {row for service, statement in asked.items() for row in node.rows(service, statement)}


def passwords_of(node: Containers) -> set[str]:
    """What a service connects with."""
    return set(node.inside(node.ids("members")[0], "cat", "/secrets/database_url", "/secrets/nats_url").split())


def releases(node: Containers) -> dict[str, list[str]]:
    """The image that each process of a service runs."""
    return {service: [node.inspect(one)["Image"] for one in node.ids(service)] for service in SERVICES}


def streams_of(node: Containers) -> dict[str, int]:
    """How many messages each stream has."""
    told = node.type("docker compose exec gateway python -m node status --json", codes=TELLS_MORE)
    return {stream["name"]: stream["messages"] for stream in json.loads(told)["streams"]}


async def partners(desk: Desk, page: Page) -> None:
    """A partner is there, loads once with a key, and has somebody who sees its page."""
    folder = desk.node.folder / "load"
    folder.mkdir()
    folder.chmod(0o777)  # the report is written in it
    listed, load = [
        one for one in page.under("Connect a partner network") if in_containers(one) and " lines " not in one
    ]
    add = "partner add docenten --network duurzaam-mbo --source https://docenten.example"
    (folder / "key.txt").write_text(await desk.type(listed.replace("partner list", add)))
    (folder / "schools.csv").write_text("nummer;naam;soort;plaats;brin\ns-2;IJsseldal College;school;Deventer;25LT\n")
    assert "docenten" in await desk.type(listed)
    assert "1 aangenomen, 0 afgewezen" in await desk.type(load)
    await desk.follow(page.under("Its endpoints, and its people"))
