"""The node's ports: chosen once from what is free, and remembered, so that clients find them after a restart."""

import json
from pathlib import Path

from node.part import PartFailed, free_port, is_free


class Ports:
    def __init__(self, file: Path, *, gateway: int) -> None:
        self._file = file
        self._ports: dict[str, int] = json.loads(file.read_text()) if file.exists() else {}
        if not is_free(gateway):
            raise PartFailed(f"poort {gateway} is bezet; kies een andere met --port (port is taken, choose another)")
        self._ports["gateway"] = gateway
        self._chosen = {"gateway"}

    def __getitem__(self, name: str) -> int:
        """The remembered port, or another one when somebody took it meanwhile."""
        if name not in self._chosen:
            self._ports[name] = free_port(self._ports.get(name))
            self._chosen.add(name)
            self._file.write_text(json.dumps(self._ports, indent=2))
        return self._ports[name]
