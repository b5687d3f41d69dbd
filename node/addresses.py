"""Where the running node is: `<data>/node.json`, written when it is open and removed when it stops."""

import json
from pathlib import Path
from typing import NamedTuple

import psutil

from node import ROOT

DATA = ROOT / ".odh"


class Addresses(NamedTuple):
    """The database and NATS addresses hold passwords: the file is its owner's only."""

    node: str
    gateway: str
    mail: str
    smtp: str
    nats: str
    services: dict[str, str]
    databases: dict[str, str]
    team: list[str]
    pids: dict[str, int | None]


def read(data: Path | None = None) -> Addresses | None:
    """The node that runs on this data, or None when there is none."""
    try:
        addresses = Addresses(**json.loads(_file(data or DATA).read_text()))
    except FileNotFoundError:
        return None
    return addresses if _exists(addresses.pids.get("up")) else None


def write(data: Path, addresses: Addresses) -> None:
    new = _file(data).with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(json.dumps(addresses._asdict(), indent=2))
    new.replace(_file(data))


def forget(data: Path) -> None:
    _file(data).unlink(missing_ok=True)


def _file(data: Path) -> Path:
    return data / "node.json"


def _exists(pid: int | None) -> bool:
    return pid is not None and psutil.pid_exists(pid)
