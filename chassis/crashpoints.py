"""Named places where a test may kill the process, so that each step of an event's way is hit for certain."""

import os
import signal
from pathlib import Path

#: `name:n` dies at the n-th pass of a point; `@file` at the point that the file names by then, so that a test can
#: choose one while the process runs. Nothing is looked at where it is not set.
_asked = os.environ.get("ODH_CRASHPOINT", "")
_passes: dict[str, int] = {}


def is_armed(name: str) -> bool:
    """Whether the process will be killed at a point, for the few places that must get something on its way first."""
    return bool(_asked) and name == _wanted()[0]


def crashpoint(name: str) -> None:
    """Kills the process with SIGKILL when this is the point, and the pass of it, that was asked for."""
    if not is_armed(name):
        return
    _passes[name] = _passes.get(name, 0) + 1
    if _passes[name] == _wanted()[1]:
        os.kill(os.getpid(), signal.SIGKILL)


def _wanted() -> tuple[str, int]:
    asked = _asked
    if asked.startswith("@"):
        try:
            asked = Path(asked[1:]).read_text().strip()
        except FileNotFoundError:
            return "", 0
    name, _, number = asked.partition(":")
    return name, int(number or 1)
