"""Where the running node is: `<data>/node.json`, written when it is open and removed when it stops."""

import json
import sys
from pathlib import Path
from typing import NamedTuple

from node import ROOT
from node.files import write as write_file

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
    file = _file(data or DATA)
    try:
        addresses = Addresses(**json.loads(file.read_text()))
        return addresses if _runs(addresses.pids["up"], file.stat().st_mtime) else None
    except (FileNotFoundError, ValueError, TypeError):  # not whole, or of another release
        return None


def is_empty(asked: Path | None) -> bool:
    """Whether no node runs on the folder that somebody asked for; then they are told so."""
    if asked is None or read(asked):
        return False
    print(f"Er draait geen node op {asked} (no node runs there).", file=sys.stderr)
    return True


def seen_from_outside(*, gateway: str, mail: str, team: str) -> Addresses:
    """A node that was not started here: who only takes part in it need know no more than this."""
    nothing_inside = {"smtp": "", "nats": "", "services": {}, "databases": {}, "pids": {}}
    return Addresses(node="", gateway=gateway, mail=mail, team=[team], **nothing_inside)  # type: ignore[arg-type]


def write(data: Path, addresses: Addresses) -> None:
    write_file(_file(data), json.dumps(addresses._asdict(), indent=2))


def forget(data: Path) -> None:
    _file(data).unlink(missing_ok=True)


def option(data: Path) -> str:
    """What has to be typed behind a command for this folder: nothing for the one that they all take by themselves."""
    return "" if data == DATA else f" --data {data}"


def _file(data: Path) -> Path:
    return data / "node.json"


def _runs(pid: int | None, since: float) -> bool:
    """Whether it is still the process that wrote the file: a younger one got its number after it was gone."""
    import psutil  # not in the image, where no node is started

    try:
        return pid is not None and psutil.Process(pid).create_time() <= since
    except psutil.Error:
        return False
