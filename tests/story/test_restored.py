"""A node is kept in the middle of a story and of a burst, loses its disk, and goes on as if it had been asleep.

What happened after the backup is lost with the disk; nothing of before is, nobody hears it again, and who was erased
meanwhile stays erased.
"""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from contracts.event import new_id
from node import restore
from node.client import Mail, Post
from node.keeping import databases, manifest
from node.keeping.manifest import Unusable
from node.node import Node
from tests.given import eventually
from tests.node.commands import Finished, odh
from tests.story.conftest import COMPILED, running_node
from tests.story.halfway import Halfway
from tests.story.ledger import Ledger

pytestmark = [pytest.mark.whole_node, pytest.mark.long, pytest.mark.timeout(300)]


@dataclass
class Restored:
    """The story after the restore, and what was seen on the way."""

    story: Halfway
    backup: Path
    commands: dict[str, Finished]
    mails_before: list[Mail]
    mails_lost: list[Mail]
    acknowledged_before: set[str]
    erased_id: str


@pytest.fixture(scope="module")
async def restored(run_directory: Path) -> AsyncIterator[Restored]:
    """The school offers and the company asks; kept; the ambassador endorses, somebody is erased; lost; put back."""
    here = run_directory / "restored"
    here.mkdir()
    listed = here / "another-disk.jsonl"
    settings = {
        "ODH_EMBEDDING_MODEL": "none",
        "ODH_RETRY_DELAY_SECONDS_FIRST": "0.05",
        "ODH_RETRY_DELAY_SECONDS_MAX": "0.5",
        "ODH_RELAY_POLL_SECONDS": "0.2",
        "ODH_MAIL_POLL_SECONDS": "0.2",
        "ODH_ERASED_LIST_FILE": str(listed),
    }
    commands: dict[str, Finished] = {}
    async with running_node(here / "disk", **settings) as node:
        story = Halfway(node, Ledger(here / "ledger.jsonl"), here / "armed")
        async with story.everybody(), story.somebody("Gast") as guest:
            await guest.follow(await guest.join(organisation_id=story.school_id))
            guest_id = await guest.member_id()
            await story.the_school_offers()
            await story.the_company_asks()
            await story.quiet()
            placed = set(await story.burst(10))

            # Kept while another burst goes on.
            mails_before = await every_mail(node)
            commands["backup"], _ = await asyncio.gather(
                odh("backup", str(here / "kept"), f"--data={node.data}", "--patience=0"), story.burst(30)
            )

            await story.the_ambassador_endorses()
            await guest.call("DELETE", "/members/me", headers={"Idempotency-Key": new_id()})

            async def is_listed() -> bool:
                return guest_id in (listed.read_text() if listed.exists() else "")

            await eventually(is_listed, saying="a line in the list")
            await story.quiet()
            mails_lost = [mail for mail in await every_mail(node) if mail.id not in {m.id for m in mails_before}]
            await story.look_away()
            port = int(node.url("gateway").rpartition(":")[2])
            commands["restore into a running node"] = await odh("restore", str(here / "kept"), f"--data={node.data}")
            await node.stop()
            shutil.rmtree(node.data)

            on_new = [f"--data={here / 'new disk'}", f"--erased={listed}"]
            commands["restore"] = await odh("restore", str(here / "kept"), *on_new)
            assert commands["restore"].code == 0, commands["restore"].err
            commands["restore again"] = await odh("restore", str(here / "kept"), *on_new)
            again = Node(here / "new disk", name="test", gateway_port=port, settings=COMPILED | settings)
            await again.start()
            try:
                story.node, story._post, story._connections = again, Post(again.addresses()), {}
                await story.look()
                await story.quiet()
                yield Restored(
                    story, here / "kept", commands, mails_before, mails_lost, placed | {story.request_id}, guest_id
                )
            finally:
                await again.stop()


async def every_mail(node: Node) -> list[Mail]:
    post = Post(node.addresses())
    try:
        return [await post.read(id) for id in await post.ids()]
    finally:
        await post.close()


def test_a_node_that_runs_is_kept_and_hardly_notices(restored):
    told = restored.commands["backup"]

    assert told.code == 0, told.err
    assert "even stil" in told.out
    assert (restored.backup / "manifest.json").stat().st_mode & 0o077 == 0


async def test_what_was_acknowledged_before_is_there_and_everybody_knows_the_same(restored):
    """Of the burst that went on, each request is nowhere, or with who keeps it, who heard it, and in the stream."""
    story = restored.story
    kept, heard = [
        {row["proposition_id"] for row in await story.rows(service, "SELECT proposition_id FROM proposition")}
        for service in ("requests", "matching")
    ]
    said = {
        (message.subject or "").rpartition(".")[2]
        for message in await story.messages("shared")
        if ".request-placed." in (message.subject or "")
    }

    assert restored.acknowledged_before <= kept
    assert kept == heard == said | {story.offer_id}
    for request_id in said:
        assert await story.said_about(request_id) == {"request-placed": 1}
    ((lowest,),) = await story.rows("requests", "SELECT min(version) FROM proposition")
    assert lowest > databases.VERSIONS_SKIPPED  # its next change wins from what another node may have heard


async def test_nobody_is_told_again_what_they_were_told_before(restored):
    """Nothing was left to send when the node was kept, so nothing goes out until something happens."""
    after = {mail.message_id for mail in await every_mail(restored.story.node)}

    assert not after & {mail.message_id for mail in restored.mails_before}


async def test_who_was_erased_after_the_backup_is_erased_again(restored):
    story, gone = restored.story, restored.erased_id

    assert "1 gewiste leden" in restored.commands["restore"].out
    for service, table in (("members", "member"), ("members", "affiliation"), ("notify", "contact")):
        assert await story.rows(service, f"SELECT * FROM {table} WHERE member_id = $1", gone) == []
    told = await story.rows("members", "SELECT service FROM erasure_part WHERE member_id = $1", gone)
    assert {row["service"] for row in told} == {"members", "requests", "matching", "notify", "partners"}
    about = [m.subject for kind in ("shared", "local") for m in await story.messages(kind) if gone in (m.subject or "")]
    assert {(subject or "").split(".")[4] for subject in about} <= {"member-erased", "member-forgotten"}


async def test_the_story_goes_on_and_what_is_done_again_is_mailed_under_the_same_id(restored):
    """Nobody has to sign in again. The endorsement was lost with the disk: to a mail server its mail is the same."""
    story = restored.story
    asked = {mail.to for mail in restored.mails_before if mail.link(f"/matches/{story.match_id}")}
    assert story.ambassador.email in asked

    await story.the_ambassador_says_it_fits()
    await story.both_say_yes()
    await story.quiet()

    assert (await story.owner.get(f"/matches/{story.match_id}"))["state"] == "introduced"
    once = {"match-proposed": 1, "match-endorsed": 1, "match-answered": 2, "introduction-made": 1}
    assert await story.said_about(story.match_id) == once
    mails = await story.mails(page=f"/matches/{story.match_id}")
    assert len({(mail.to, mail.subject) for mail in mails}) == len(mails)
    endorsed = {mail.message_id for mail in restored.mails_lost if f"/matches/{story.match_id}" in mail.text}
    assert endorsed
    assert endorsed <= {mail.message_id for mail in mails}


async def test_status_says_that_all_is_well_until_something_is_not(restored):
    story = restored.story
    on_data = f"--data={story.node.data}"

    await story.quiet()
    well = await odh("status", on_data)
    assert (well.code, well.err) == (0, "")
    assert "Alles is bij" in well.out

    poisoned = await story.publish_poison()
    await eventually(lambda: all_dead(story, poisoned), saying="dead letters")
    ill = await odh("status", on_data, "--json")
    told = json.loads(ill.out)
    assert (ill.code, told["healthy"]) == (1, False)
    assert sum(one["dead_letters"] for one in told["services"].values()) == poisoned
    kinds = {stream["name"].removeprefix(f"odh-{told['node']}-") for stream in told["streams"]}
    assert {"shared", "local", "elsewhere", "dead", "to-partner"} <= kinds


async def all_dead(story: Halfway, count: int) -> bool:
    return len(await story.messages("dead")) == count


def test_nothing_is_put_back_over_what_is_there(restored):
    running, again = restored.commands["restore into a running node"], restored.commands["restore again"]

    assert (running.code, again.code) == (1, 1)
    assert "stop de node eerst" in running.err
    assert "--overwrite" in again.err


@pytest.mark.parametrize("harm", ["cut short", "flipped", "gone", "no end", "newer form", "newer tables"])
def test_what_is_damaged_or_newer_is_refused(restored, tmp_path, harm):
    folder = tmp_path / "kept"
    shutil.copytree(restored.backup, folder)
    victim = folder / "databases" / "members" / "member.copy.gz"
    told = json.loads((folder / "manifest.json").read_text())
    match harm:
        case "cut short":
            victim.write_bytes(victim.read_bytes()[:-5])
        case "flipped":
            whole = bytearray(victim.read_bytes())
            whole[len(whole) // 2] ^= 1
            victim.write_bytes(whole)
        case "gone":
            victim.unlink()
        case "no end":
            (folder / "manifest.json").unlink()
        case "newer form":
            (folder / "manifest.json").write_text(json.dumps(told | {"form": manifest.FORM + 1}))
        case "newer tables":
            told["databases"]["members"]["revision"] = "9999"
            (folder / "manifest.json").write_text(json.dumps(told))

    with pytest.raises(Unusable):
        restore.checked(folder)
