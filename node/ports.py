"""The node's ports: chosen once from what is free, and remembered, so that clients find them after a restart."""

import errno
import json
from pathlib import Path

from node.files import write
from node.part import PartFailed, free_port, refusal


class Ports:
    """The gateway's port is the operator's choice; the others are nobody's business but the node's."""

    def __init__(self, file: Path, *, gateway: int) -> None:
        self._file = file
        self._ports = read(file)
        check_usable(gateway)
        self._ports["gateway"] = gateway
        self._chosen = {"gateway"}

    def __getitem__(self, name: str) -> int:
        """The remembered port, or another one when somebody took it meanwhile."""
        if name not in self._chosen:
            taken = {self._ports[other] for other in self._chosen}
            while (port := free_port(self._ports.pop(name, None))) in taken:
                pass
            self._ports[name] = port
            self._chosen.add(name)
        return self._ports[name]

    def keep(self) -> None:
        """Remembers what was chosen."""
        keep(self._file, self._ports)


def read(file: Path) -> dict[str, int]:
    """The ports that are remembered; none where the file is not there, or is not whole."""
    try:
        return dict(json.loads(file.read_text()))
    except (FileNotFoundError, ValueError):
        return {}


def keep(file: Path, ports: dict[str, int]) -> None:
    write(file, json.dumps(ports, indent=2), 0o644)


def check_usable(port: int) -> None:
    """Says what is wrong with a port that somebody chose."""
    match refusal(port):
        case None:
            return
        case errno.EACCES | errno.EPERM:
            raise PartFailed(f"poort {port} mag je niet gebruiken; kies een hogere met --port (choose a higher port)")
        case _:
            raise PartFailed(f"poort {port} is bezet; kies een andere met --port (port is taken, choose another)")
