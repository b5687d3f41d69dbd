"""A node of a country whose disk is lost, and of which a backup is put back that has no keys."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import nats
import pytest

from contracts.event import new_id
from node.keeping import lines
from node.keeping.manifest import Manifest
from node.links import certificates
from node.links.register import Register
from node.node import Node
from node.part import free_port
from tests.given import eventually
from tests.lines.country import Place, placed
from tests.node.commands import Finished, odh
from tests.story.conftest import COMPILED

pytestmark = pytest.mark.timeout(300)


@asynccontextmanager
async def running(data: Path, name: str) -> AsyncIterator[Node]:
    """With the services that a backup knows by name."""
    services = ("members", "notify", "partners")
    node = Node(data, name=name, gateway_port=free_port(), services=services, settings=COMPILED)
    await node.start()
    try:
        yield node
    finally:
        await node.stop()


async def lost_and_put_back(node: Node, kept: Path, data: Path) -> Finished:
    """Keeps a node that runs, stops it, and puts it back into another folder."""
    backup = await odh("backup", str(kept), f"--data={node.data}", "--patience=0")
    assert backup.code == 0, backup.err
    await node.stop()
    restore = await odh("restore", str(kept), f"--data={data}")
    assert restore.code == 0, restore.err
    return restore


@pytest.mark.long
@pytest.mark.whole_node
async def test_a_nation_that_is_put_back_without_keys_hears_the_regions_that_it_let_in(run_directory, tmp_path):
    here = run_directory / new_id()
    async with running(here / "disk", "nederland") as nation:
        register = nation.lines
        bundle = register.add("zeeland", f"nats-leaf://127.0.0.1:{nation.leaf_port}", None)
        register.partners.add("docenten", old_until=datetime.now(UTC))
        partners = register.partners.live()
        await lost_and_put_back(nation, tmp_path / "kept", here / "new disk")
    zeeland = Place(tmp_path, "zeeland")
    zeeland.register.join(bundle)
    await zeeland.start()

    async with running(here / "new disk", "nederland") as again:
        await zeeland.says("r1")

        assert (again.lines.regions, again.lines.partners.live()) == (register.regions, partners)
        client = await nats.connect(again.nats.url)

        async def hears() -> bool:
            info = await client.jetstream().stream_info(
                "odh-nederland-elsewhere", subjects_filter=placed(zeeland, "r1")[0]
            )
            return bool(info.state.subjects)

        await eventually(hears, saying="what a region says")
        await client.close()
        await zeeland.stop()


@pytest.mark.long
@pytest.mark.whole_node
async def test_whoever_puts_a_region_back_without_keys_is_told_to_have_it_let_in_anew(run_directory, tmp_path):
    here = run_directory / new_id()
    bundle = Register(tmp_path / "nation", "national").add("zeeland", "nats-leaf://127.0.0.1:1", None)
    Register(here / "disk" / "keys" / "lines", "zeeland").join(bundle)
    async with running(here / "disk", "zeeland") as region:
        told = await lost_and_put_back(region, tmp_path / "kept", here / "new disk")

    assert re.search(r"regio van national: .*nodes rotate.* join before you start", told.out)
    assert all(bundle.seed.encode() not in file.read_bytes() for file in (tmp_path / "kept").rglob("*.json"))


@pytest.fixture
def nation(tmp_path: Path) -> Path:
    """The folder of a national node that let Zeeland in, over TLS."""
    register = Register(tmp_path / "nation" / "keys" / "lines", "national")
    certificates.make(register.folder, ["127.0.0.1"])
    register.add("zeeland", "tls://127.0.0.1:7422", None)
    return tmp_path / "nation"


def kept_of(nation: Path, target: Path) -> Manifest:
    target.mkdir()
    kept = lines.keep(nation, "national", target)
    return Manifest(node="national", made_at="", databases={}, streams={}, mails_waiting=0, lines=kept)


def test_whom_a_node_let_in_or_left_out_after_the_backup_it_does_not_forget_by_a_restore(nation, tmp_path):
    kept, register = kept_of(nation, tmp_path / "kept"), Register(nation / "keys" / "lines", "national")
    register.remove("zeeland")

    assert lines.put_back(kept, tmp_path / "kept", nation) == []

    assert register.regions == {}


def test_a_backup_has_no_key_of_the_lines_and_a_restore_says_that_a_certificate_is_to_be_made_anew(nation, tmp_path):
    kept = kept_of(nation, tmp_path / "kept")

    (told,) = lines.put_back(kept, tmp_path / "kept", tmp_path / "new")

    assert "nodes certificate" in told
    there = {file.name for folder in ("kept", "new") for file in (tmp_path / folder).rglob("*") if file.is_file()}
    assert there == {"regions.json"}
