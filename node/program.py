"""A part that is a Python program of ours: ready when its own HTTP says so."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from node.part import Part, fetch


class Program(Part):
    def __init__(
        self,
        name: str,
        arguments: list[str],
        *,
        port: int,
        log: Path,
        environment: Callable[[], Mapping[str, str]],
    ) -> None:
        super().__init__(name, log)
        self.arguments, self.port, self._environment = arguments, port, environment

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        return [sys.executable, "-m", *self.arguments]

    def environment(self) -> Mapping[str, str]:
        return self._environment()

    async def is_ready(self) -> bool:
        """A service with a part that is 'not ready' lives, but that part is still to come; others it can do without."""
        status, body = await fetch(self.port, "/health/ready")
        try:
            return status == 200 and "not ready" not in json.loads(body).get("parts", {}).values()
        except (ValueError, AttributeError):
            return False
