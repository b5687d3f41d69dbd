"""A loop of asyncio in which time passes only when nobody has anything to do: an hour takes as long as its work.

Nothing of the world outside is waited for, so the same seed is the same day, step by step.
"""

import asyncio
import selectors
from collections.abc import Coroutine, Mapping
from typing import Any, TypeVar

from chassis.tasks import ended

Result = TypeVar("Result")


class NothingWillHappen(Exception):
    """Everybody waits for somebody else."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """Its clock jumps to the next thing that somebody waits for."""

    def __init__(self) -> None:
        self.at = 0.0
        super().__init__(_Jumping(self))

    def time(self) -> float:
        return self.at


class _Jumping(selectors.BaseSelector):
    def __init__(self, loop: VirtualLoop) -> None:
        self._loop = loop
        self._files: dict[Any, selectors.SelectorKey] = {}

    def register(self, fileobj: Any, events: int, data: Any = None) -> selectors.SelectorKey:
        """The loop's own pipe, through which nothing comes."""
        key = self._files[fileobj] = selectors.SelectorKey(fileobj, -1, events, data)
        return key

    def unregister(self, fileobj: Any) -> selectors.SelectorKey:
        return self._files.pop(fileobj)

    def get_map(self) -> Mapping[Any, selectors.SelectorKey]:
        return self._files

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingWillHappen
        self._loop.at += max(timeout, 0.0)
        return []


def run(main: Coroutine[Any, Any, Result]) -> Result:
    """Runs to its end in a time of its own."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(ended(*asyncio.all_tasks(loop)))
        loop.close()
