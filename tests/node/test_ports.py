"""Ports: chosen once, remembered, and never one that somebody else has."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from node.nodes import leaf_port
from node.part import PartFailed, free_port
from node.ports import Ports


@contextmanager
def somebody_on(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def remembered(file: Path, gateway: int) -> int:
    """The port of NATS, in the file from now on."""
    ports = Ports(file, gateway=gateway)
    port = ports["nats"]
    ports.keep()
    return port


def test_a_chosen_port_is_the_same_after_a_restart(tmp_path):
    gateway = free_port()
    first = Ports(tmp_path / "ports.json", gateway=gateway)
    chosen = {name: first[name] for name in ("nats", "members")}
    first.keep()

    again = Ports(tmp_path / "ports.json", gateway=gateway)

    assert {name: again[name] for name in ("nats", "members")} == chosen
    assert len({gateway, *chosen.values()}) == 3


def test_a_remembered_port_that_somebody_took_is_replaced(tmp_path):
    gateway = free_port()
    taken = remembered(tmp_path / "ports.json", gateway)

    with somebody_on(taken):
        assert Ports(tmp_path / "ports.json", gateway=gateway)["nats"] != taken


def test_the_address_may_take_a_port_that_a_part_had(tmp_path):
    had = remembered(tmp_path / "ports.json", free_port())

    again = Ports(tmp_path / "ports.json", gateway=had)

    assert again["nats"] != again["gateway"] == had


def test_a_taken_port_for_the_address_is_told(tmp_path):
    gateway = free_port()

    with somebody_on(gateway), pytest.raises(PartFailed, match=f"poort {gateway} is bezet.*--port"):
        Ports(tmp_path / "ports.json", gateway=gateway)


@pytest.mark.parametrize("left", ["", '{"nats": 2'])
def test_a_file_that_a_crash_left_half_is_made_again(left, tmp_path):
    file = tmp_path / "ports.json"
    file.write_text(left)

    port = remembered(file, free_port())

    assert Ports(file, gateway=free_port())["nats"] == port


def test_where_regions_come_in_is_chosen_again_too(tmp_path):
    (tmp_path / "ports.json").write_text("")

    port = leaf_port(tmp_path)

    assert Ports(tmp_path / "ports.json", gateway=free_port())["nats-leaf"] == port
