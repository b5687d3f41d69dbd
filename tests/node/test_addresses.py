"""Where the running node is, and that one which does not run is never taken for it."""

import os
import subprocess
import sys
import time

import psutil
import pytest

from node import addresses
from node.addresses import Addresses
from node.keeping.servers import started
from tests.node.commands import odh


def of_a_node_with(pid: int) -> Addresses:
    return Addresses(
        node="utrecht", gateway="", mail="", smtp="", nats="", services={}, databases={}, team=[], pids={"up": pid}
    )


def test_a_running_node_is_found(tmp_path):
    addresses.write(tmp_path, of_a_node_with(os.getpid()))

    found = addresses.read(tmp_path)

    assert found is not None
    assert found.pids["up"] == os.getpid()
    assert (tmp_path / "node.json").stat().st_mode & 0o077 == 0


def test_there_is_none_before_the_first_start_nor_after_the_stop(tmp_path):
    assert addresses.read(tmp_path) is None
    addresses.write(tmp_path, of_a_node_with(os.getpid()))
    addresses.forget(tmp_path)
    assert addresses.read(tmp_path) is None


def test_a_killed_node_is_not_found(tmp_path):
    gone = subprocess.Popen([sys.executable, "-c", ""])
    addresses.write(tmp_path, of_a_node_with(gone.pid))
    gone.wait()

    assert addresses.read(tmp_path) is None


def test_a_younger_process_with_the_number_of_a_killed_node_is_not_taken_for_it(tmp_path):
    addresses.write(tmp_path, of_a_node_with(os.getpid()))
    before = psutil.Process().create_time() - 10
    os.utime(tmp_path / "node.json", (before, before))

    assert addresses.read(tmp_path) is None
    assert before < time.time()


@pytest.mark.parametrize("left", ["", '{"node": "utr', '{"node": "utrecht"}'])
def test_what_a_crash_or_another_release_left_is_no_node_that_runs(left, tmp_path):
    (tmp_path / "node.json").write_text(left)

    assert addresses.read(tmp_path) is None


async def test_a_node_of_which_only_the_servers_run_to_keep_it_or_put_it_back_is_none_that_can_be_asked(run_directory):
    data = run_directory / "kept"
    async with started(data, "utrecht", 0):
        status = await odh("status", f"--data={data}")
        other = await odh("backup", str(run_directory / "kept-once-more"), f"--data={data}")

        assert addresses.read(data) is None

    assert (status.code, status.out) == (1, "")
    assert "no node runs here" in status.err
    assert other.code == 1
    assert other.err.startswith("Niet bewaard (not kept): er draait al een node op")
