"""What a country costs while it lives: memory, open files, disk, and what waits, of every node, now and then."""

import asyncio
import math
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from nats.errors import Error as NatsError

from bench.measuring import processor_seconds
from tests.faults.cluster import Cluster, Site

#: A look goes through every file of a node: more often, it would take of the machine what a node needs.
EVERY_SECONDS = 15.0
#: A part that is away keeps nobody else from being looked at.
LOOK_SECONDS_MAX = 4.0
AWAY = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, NatsError)

Sample = dict[str, Any]

_OUTBOX = "SELECT count(*) AS left, coalesce(extract(epoch FROM now() - min(said_at)), 0)::float AS oldest FROM outbox"
_MAILS = "SELECT count(*) AS left FROM notification WHERE status IN ('awaiting-contact', 'waiting', 'sending')"
_PLACED = "SELECT count(*) AS placed FROM proposition WHERE side = 'request'"


class Watch:
    """Looks for as long as it runs; what cannot be asked at that moment lacks in the sample."""

    def __init__(self, country: Cluster) -> None:
        self._country, self.samples = country, list[Sample]()

    async def run(self) -> None:
        """Until it is cancelled."""
        while True:
            since = time.monotonic()
            self.samples.append(await self._look())
            await asyncio.sleep(max(0.0, EVERY_SECONDS - (time.monotonic() - since)))

    async def _look(self) -> Sample:
        sample: Sample = {
            "at": time.time(),
            "memory MB": {},
            "processor s": {},
            "open files": {},
            "disk MB": {},
            "waits": {},
            "placed": {},
        }
        for site in self._country.sites:
            await asyncio.to_thread(_processes, site, sample)
            await asyncio.to_thread(_disk, site, sample)
        await asyncio.gather(*(_waits(site, sample) for site in self._country.sites))
        return sample

    async def under_way(self) -> float:
        """The most that waits anywhere."""
        sample: Sample = {"waits": {}, "placed": {}}
        await asyncio.gather(*(_waits(site, sample) for site in self._country.sites))
        return max(sample["waits"].values(), default=math.inf)


def _processes(site: Site, sample: Sample) -> None:
    """Of each part by itself; of PostgreSQL what its processes share counts for none of them."""
    for name, part in site.node.parts.items():
        try:
            first = psutil.Process(part.pid) if part.pid else None
            if first is None:
                continue
            together = [first, *first.children(recursive=True)]
            memory = [one.memory_info() for one in together]
            own = sum(one.rss - (one.shared if name == "postgres" else 0) for one in memory)
            sample["memory MB"][f"{site.name}/{name}"] = round(own / 1e6, 2)
            sample["processor s"][f"{site.name}/{name}"] = round(processor_seconds(first), 2)
            sample["open files"][f"{site.name}/{name}"] = sum(one.num_fds() for one in together)
        except psutil.Error:
            continue  # it ended meanwhile, or is another user's


def _disk(site: Site, sample: Sample) -> None:
    """What PostgreSQL writes ahead is used again, so it is apart; the mail catcher's is no part of a node."""
    data = site.node.data
    ahead = _size(site.node.postgres.data / "pg_wal")
    sizes = {
        "database": _size(site.node.postgres.data) - ahead,
        "written ahead": ahead,
        "streams": _size(site.node.nats.data),
        "logs": _size(data / "logs"),
    }
    sample["disk MB"] |= {f"{site.name}/{name}": round(size / 1e6, 3) for name, size in sizes.items()}


def _size(folder: Path) -> int:
    return sum(_sizes(folder))


def _sizes(folder: Path) -> Iterator[int]:
    """Files come and go while this looks."""
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    if entry.is_dir(follow_symlinks=False):
                        yield _size(Path(entry.path))
                    else:
                        yield entry.stat(follow_symlinks=False).st_blocks * 512
                except FileNotFoundError:
                    continue
    except FileNotFoundError:
        return


async def _waits(site: Site, sample: Sample) -> None:
    """What is to be said, to be heard and to be sent; and how long the oldest has waited to be said."""
    found: dict[str, float] = {}
    try:
        async with asyncio.timeout(LOOK_SECONDS_MAX):
            outboxes = [(await site.look.rows(service, _OUTBOX))[0] for service in site.node.services]
            found["events to say"] = sum(row["left"] for row in outboxes)
            found["oldest to say, s"] = round(max(row["oldest"] for row in outboxes), 3)
            found["mails to send"] = (await site.look.rows("notify", _MAILS))[0]["left"]
            sample["placed"][site.name] = (await site.look.rows("requests", _PLACED))[0]["placed"]
            for kind in ("shared", "local", "elsewhere"):
                for consumer in await site.look.js.consumers_info(site.look.stream(kind)):
                    service = consumer.name.partition("-")[0]
                    if service in site.node.services:
                        name = f"events for {service} to hear"
                        found[name] = found.get(name, 0) + (consumer.num_pending or 0) + (consumer.num_ack_pending or 0)
            sample["waits"] |= {f"{site.name}/{name}": value for name, value in found.items()}
    except AWAY:
        pass
