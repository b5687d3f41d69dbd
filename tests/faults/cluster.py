"""A hub and its regions: whole nodes of real processes, each region behind a line of its own that can be broken."""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from signal import Signals
from typing import Any

import httpx
import psutil

from node.links.register import NATIONAL, Register
from node.node import Node
from node.nodes import leaf_port
from node.part import free_port
from node.program import Program
from tests.faults.proxy import AtTheEndOf, Line
from tests.given import eventually
from tests.story.conftest import COMPILED
from tests.story.onlooker import Onlooker

REGIONS = ("zeeland", "drenthe", "limburg")
SERVICES = ("members", "requests", "matching", "notify", "gateway")
SETTINGS = {
    "ODH_EMBEDDING_MODEL": "none",
    "ODH_ACK_WAIT_SECONDS": "2",
    "ODH_RETRY_DELAY_SECONDS_FIRST": "0.05",
    "ODH_RETRY_DELAY_SECONDS_MAX": "0.5",
    "ODH_RELAY_POLL_SECONDS": "0.2",
    "ODH_MAIL_POLL_SECONDS": "0.2",
    "ODH_TELL_BACK_AFTER_SECONDS": "2",
    "ODH_PROPOSALS_PER_REQUEST_MAX": "2",
    "ODH_MEMBER_LIMIT": "100000/minute",
    "ODH_SIGN_IN_LIMIT": "1000/minute",
    "ODH_JOIN_LIMIT": "1000/minute",
}


class NodeWithLine(Node):
    """A node whose services reach their databases by a line; who looks in them does not."""

    def __init__(self, data: Path, *, to_databases: Line, **options: Any) -> None:
        super().__init__(data, **options)
        self._to_databases = to_databases

    def env(self, name: str) -> dict[str, str]:
        self._to_databases.to = self.postgres.port
        return super().env(name) | {"ODH_DATABASE_URL": AtTheEndOf(self.postgres, self._to_databases).url(name)}


@dataclass
class Site:
    """One node, somebody who can look everywhere in it, and its lines: to its databases, and of a region to the hub."""

    node: Node
    line: Line | None
    to_databases: Line
    look: Onlooker = field(init=False)
    #: How often each part was killed; of the mail server also how often it kept a mail in doubt for long.
    killed: dict[str, int] = field(default_factory=dict)
    #: Of a node that was put back from a backup: which mails had gone out when that was made.
    mailed_before: Counter[str] | None = None

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def is_restored(self) -> bool:
        return self.mailed_before is not None

    async def start(self) -> None:
        await self.node.start()
        self.look = Onlooker(self.node)
        await self.look.look()

    async def stop(self) -> None:
        if hasattr(self, "look"):
            await self.look.look_away()
        await self.node.stop()

    async def put_back(self) -> None:
        """Starts anew, on what is now on its disk."""
        port = int(self.node.url("gateway").rpartition(":")[2])
        self.node = new_node(self.node.data, self.name, port, self.to_databases)
        await self.start()

    def kill(self, part: str) -> None:
        self.killed[part] = self.killed.get(part, 0) + 1
        self.node.kill(part)

    async def stalled(self, part: str, seconds: float) -> None:
        """It stands still, as on a machine that is paused."""
        self.node.kill(part, Signals.SIGSTOP)
        try:
            await asyncio.sleep(seconds)
        finally:
            self.node.kill(part, Signals.SIGCONT)

    async def mail_behaves(self, *rules: dict[str, Any]) -> None:
        """What the mail server does from now on; nothing special, without rules."""
        async with httpx.AsyncClient(base_url=self.node.url("mail")) as http:
            (await http.put("/api/behaviour", json={"rules": rules})).raise_for_status()

    async def revive(self, part: str) -> None:
        await self.node.parts[part].start(60)

    async def dies_at(self, part: str, point: str, within: float) -> bool:
        """Whether a service came by a point of its code in time; there it dies."""
        armed = armed_at(self.node.data, part)
        armed.write_text(f"{part}.{point}")
        since = time.monotonic()
        while self.node.parts[part].is_alive and time.monotonic() - since < within:
            await asyncio.sleep(0.05)
        armed.unlink()
        await asyncio.sleep(0.3)  # it may have read the point a moment ago
        if self.node.parts[part].is_alive:
            return False
        self.killed[part] = self.killed.get(part, 0) + 1
        return True

    @asynccontextmanager
    async def with_a_second(self, part: str) -> AsyncIterator[None]:
        """A replica of a service runs besides, on the same database and broker."""
        port = free_port()
        environment = self.node.env(part) | {"ODH_PORT": str(port)}
        log = self.node.data / "logs" / f"{part}-2.log"
        second = Program(
            part, ["chassis", f"services.{part}"], port=port, log=log, environment=lambda: os.environ | environment
        )
        try:
            await second.start(60)
            yield
        finally:
            await second.stop()


@dataclass
class Cluster:
    """The sites, the hub first."""

    sites: list[Site]

    @property
    def hub(self) -> Site:
        return self.sites[0]

    @property
    def regions(self) -> list[Site]:
        return self.sites[1:]

    def site(self, name: str) -> Site:
        return next(site for site in self.sites if site.name == name)

    async def quiet(self, within: float) -> None:
        """Nobody anywhere has anything to say, to hear, to bring over or to send any more."""

        async def nothing_moves() -> bool:
            before = await self._said()
            for site in self.sites:
                if not await site.look.is_quiet():
                    return False
            return before == await self._said()

        await eventually(nothing_moves, within=within, saying="a quiet country")

    async def _said(self) -> list[int]:
        kinds = ("shared", "local", "elsewhere")
        names = [(site, site.look.stream(kind)) for site in self.sites for kind in kinds]
        return [(await site.look.js.stream_info(name)).state.last_seq for site, name in names]


#: How far the clocks of the services of each region are off, where they are.
CLOCKS = {"zeeland": "+1h", "drenthe": "-1d", "limburg": "+1d"}


def armed_at(data: Path, service: str) -> Path:
    """The file that names the point at which a service dies, when it is there."""
    return data / f"dies-at-{service}"


def new_node(
    data: Path,
    name: str,
    gateway_port: int,
    to_databases: Line,
    *,
    clocks_differ: bool = False,
    services: tuple[str, ...] = SERVICES,
) -> Node:
    settings = COMPILED | SETTINGS
    if clocks_differ and name in CLOCKS:
        settings |= {"LD_PRELOAD": str(faketime()), "FAKETIME": CLOCKS[name], "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    return NodeWithLine(
        data,
        name=name,
        gateway_port=gateway_port,
        services=services,
        settings=settings,
        settings_of={service: {"ODH_CRASHPOINT": f"@{armed_at(data, service)}"} for service in services},
        to_databases=to_databases,
    )


def faketime() -> Path | None:
    """The library that tells a process another time (Debian: `faketime`), where it is installed."""
    return next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)


def clear_up_after_faketime() -> None:
    """It keeps a little in memory for each process, and who was killed leaves that to whoever has its number next."""
    for kept in Path("/dev/shm").glob("*faketime_s*"):
        number = kept.name.rpartition("_")[2]
        if number.isdigit() and not psutil.pid_exists(int(number)):
            kept.unlink(missing_ok=True)


@asynccontextmanager
async def cluster(
    folder: Path, regions: int, *, clocks_differ: bool = False, services: tuple[str, ...] = SERVICES
) -> AsyncIterator[Cluster]:
    """A country of so many regions, which stops when the block ends, whatever was killed in it."""
    async with AsyncExitStack() as stack:
        if clocks_differ:
            stack.callback(clear_up_after_faketime)
        hub_data = folder / NATIONAL
        hub_lines, hub_port = Register(hub_data / "keys" / "lines", NATIONAL), leaf_port(hub_data)
        lines: list[Line | None] = [None]
        for name in REGIONS[:regions]:
            line = await stack.enter_async_context(Line(hub_port))
            bundle = hub_lines.add(name, f"nats-leaf://127.0.0.1:{line.port}", None)
            Register(folder / name / "keys" / "lines", name).join(bundle)
            lines.append(line)
        sites = []
        for name, each in zip((NATIONAL, *REGIONS), lines, strict=False):
            to_databases = await stack.enter_async_context(Line())
            node = new_node(
                folder / name, name, free_port(), to_databases, clocks_differ=clocks_differ, services=services
            )
            site = Site(node, each, to_databases)
            stack.push_async_callback(site.stop)
            await site.start()
            sites.append(site)
        yield Cluster(sites)
