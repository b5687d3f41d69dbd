"""Ports: chosen once, remembered, and never one that somebody else has."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from node.part import PartFailed, free_port
from node.ports import Ports


@contextmanager
def somebody_on(port: int) -> Iterator[None]:
    with socket.create_server(("127.0.0.1", port)):
        yield


def test_a_chosen_port_is_the_same_after_a_restart(tmp_path):
    gateway = free_port()
    first = Ports(tmp_path / "ports.json", gateway=gateway)
    chosen = {name: first[name] for name in ("nats", "members")}

    again = Ports(tmp_path / "ports.json", gateway=gateway)

    assert {name: again[name] for name in ("nats", "members")} == chosen
    assert len({gateway, *chosen.values()}) == 3


def test_a_remembered_port_that_somebody_took_is_replaced(tmp_path):
    gateway = free_port()
    taken = Ports(tmp_path / "ports.json", gateway=gateway)["nats"]

    with somebody_on(taken):
        assert Ports(tmp_path / "ports.json", gateway=gateway)["nats"] != taken


def test_the_address_may_take_a_port_that_a_part_had(tmp_path):
    had = Ports(tmp_path / "ports.json", gateway=free_port())["nats"]

    again = Ports(tmp_path / "ports.json", gateway=had)

    assert again["nats"] != again["gateway"] == had


def test_a_taken_port_for_the_address_is_told(tmp_path):
    gateway = free_port()

    with somebody_on(gateway), pytest.raises(PartFailed, match=f"poort {gateway} is bezet.*--port"):
        Ports(tmp_path / "ports.json", gateway=gateway)
