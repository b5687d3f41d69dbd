"""What a node is called: said at its first start, and the same ever after."""

import signal
from pathlib import Path

import pytest

from node import names
from node.links.register import NotPossible, Register
from node.node import Node
from node.part import PartFailed, free_port
from tests.node.commands import Up, odh


def with_streams_of(data: Path, *nodes: str) -> Path:
    for node in nodes:
        (data / "nats" / "store" / "jetstream" / "NODE" / "streams" / f"odh-{node}-shared").mkdir(parents=True)
    return data


@pytest.fixture(scope="module")
async def zeeland(run_directory: Path) -> Path:
    """The folder of a node that was started as Zeeland, and stopped."""
    node = Node(run_directory / "zeeland", name="zeeland", gateway_port=free_port(), services=("members",))
    await node.start()
    await node.stop()
    return node.data


def test_a_node_that_was_started_has_its_name_ever_after(zeeland):
    assert names.of(zeeland) == "zeeland"


async def test_it_does_not_start_as_another_node(zeeland):
    with pytest.raises(PartFailed, match=f"de node op {zeeland} heet zeeland, niet utrecht"):
        await Node(zeeland, name="utrecht", gateway_port=free_port(), services=()).start()


def test_a_folder_of_a_release_that_kept_no_name_shows_it_by_its_streams(zeeland):
    (zeeland / "name").unlink()
    try:
        assert names.of(zeeland) == "zeeland"
    finally:
        names.keep(zeeland, "zeeland")


def test_a_region_of_such_a_release_shows_it_by_its_line_whatever_it_was_started_as(tmp_path):
    data = with_streams_of(tmp_path / "region", "utrecht", "zeeland")
    bundle = Register(tmp_path / "nation", "national").add("zeeland", "nats-leaf://hub.example:7422", None)
    Register(data / "keys" / "lines", "zeeland").join(bundle)

    assert names.of(data) == "zeeland"


def test_a_folder_with_streams_of_two_nodes_is_the_one_that_is_asked_for(tmp_path):
    data = with_streams_of(tmp_path, "national", "utrecht")

    assert names.of(data, "national") == "national"
    with pytest.raises(NotPossible, match="heet national of utrecht, zeg welke met --node"):
        names.of(data)


def test_a_folder_without_a_node_has_the_name_that_is_asked_for(tmp_path):
    assert names.of(tmp_path / "nothing", "zeeland") == "zeeland"
    assert names.of(tmp_path / "nothing") is None


@pytest.mark.long
async def test_up_goes_on_with_the_node_that_is_there(zeeland):
    up = await Up.start(zeeland, free_port())

    await up.shows(f"node zeeland start op {zeeland}")

    await up.end(signal.SIGINT)


@pytest.mark.long
@pytest.mark.parametrize("asked", [["--node=utrecht"], ["--join={}"]])
async def test_up_does_not_make_another_node_of_it(asked, zeeland, tmp_path):
    bundle = tmp_path / "drenthe.json"
    await odh("nodes", "add-region", "drenthe", f"--data={tmp_path / 'nation'}", f"--to={bundle}")

    refused = await odh("up", f"--data={zeeland}", f"--port={free_port()}", *[one.format(bundle) for one in asked])

    assert (refused.code, refused.out) == (1, "")
    assert "zeeland" in refused.err
    assert "Traceback" not in refused.err
    assert not (zeeland / "keys" / "lines" / "line.json").exists()
