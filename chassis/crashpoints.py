"""Named places where a test may kill the process, so that each step of an event's way is hit for certain."""

import os
import signal

_name, _, _count = os.environ.get("ODH_CRASHPOINT", "").partition(":")
_left = int(_count or 1)


def is_armed(name: str) -> bool:
    """Whether the process will be killed at a point, for the few places that must get something on its way first."""
    return name == _name


def crashpoint(name: str) -> None:
    """Kills the process with SIGKILL at the n-th pass of the point that `ODH_CRASHPOINT=name:n` names."""
    global _left
    if name == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
