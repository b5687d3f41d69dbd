"""A broker that holds what is purged of somebody, so that a test sees who waits for that meanwhile."""

import asyncio

import pytest

from chassis import Streams


class Holding:
    """The broker's purges, of which those about more than so many entities wait until they may go on."""

    def __init__(self, streams: Streams, monkeypatch: pytest.MonkeyPatch, *, after: int) -> None:
        self.purge, self.after = streams.purge, after
        self.ids: set[str] = set()
        self.waits, self.goes_on = asyncio.Event(), asyncio.Event()
        monkeypatch.setattr(streams, "purge", self)

    async def __call__(self, kind: str, subject: str, **which: int) -> int:
        self.ids.add(subject.rpartition(".")[2])
        if len(self.ids) > self.after:
            self.waits.set()
            await self.goes_on.wait()
        return await self.purge(kind, subject, **which)
