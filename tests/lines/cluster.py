"""A national node of three NATS servers that keep its streams together."""

import asyncio
import json
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import nats
from nats.js.api import StreamInfo

from chassis.streams import KINDS
from node.links.accounts import link_account
from node.links.server import Cluster, config
from node.nats import NatsServer
from node.part import fetch, free_port
from tests.lines.country import Place

COUNT = 3


class Servers:
    """What a node knows as its server: three, each with a folder of its own, and with the same users and lines."""

    def __init__(self, place: "Hub") -> None:
        self.leaf_ports = [free_port() for _ in range(COUNT)]
        routes = [f"127.0.0.1:{free_port()}" for _ in range(COUNT)]
        self.each = [
            NatsServer(
                place.folder / f"nats-{number}",
                port=free_port(),
                monitor_port=free_port(),
                domain=place.name,
                passwords=place.passwords,
                more=partial(
                    self._more, place, f"{place.name}-{number}", self.leaf_ports[number], routes[number], routes
                ),
            )
            for number in range(COUNT)
        ]

    @staticmethod
    def _more(place: "Hub", name: str, leaf_port: int, listen: str, routes: list[str]) -> dict[str, Any]:
        told = config(
            place.register,
            place.passwords,
            leaf_listen=f"127.0.0.1:{leaf_port}",
            cluster=Cluster(listen, tuple(routes), "between-servers"),
        )
        return {"server_name": name} | told

    @property
    def data(self) -> Path:
        return self.each[0].data

    @property
    def url(self) -> str:
        return ",".join(one.url for one in self.each)

    def url_of(self, user: str) -> str:
        return ",".join(one.url_of(user) for one in self.each)

    async def prepare(self) -> None:
        await asyncio.gather(*(one.prepare() for one in self.each))

    async def start(self) -> None:
        """Together: one alone is not ready, because most of them must agree."""
        await asyncio.gather(*(one.start() for one in self.each))

    async def stop(self) -> None:
        await asyncio.gather(*(one.stop() for one in self.each))

    def named(self, name: str) -> NatsServer:
        """A server by the name that the others know it under."""
        return self.each[int(name.rpartition("-")[2])]


class Hub(Place):
    """The national node."""

    replicas = COUNT
    server: Servers

    def _new_server(self) -> Servers:
        return Servers(self)

    @property
    def leaf_at(self) -> str:
        return ",".join(f"127.0.0.1:{port}" for port in self.server.leaf_ports)

    async def leader(self, kind: str) -> NatsServer:
        """The server that a stream is written at; asked again while the others choose one."""
        while True:
            cluster = (await self._info(kind)).cluster
            if cluster and cluster.leader:
                return self.server.named(cluster.leader)
            await asyncio.sleep(0.05)

    async def is_whole(self) -> bool:
        """Whether every server has all of what the node keeps."""
        infos = [await self._info(kind) for kind in KINDS]
        replicas = [info.cluster.replicas or [] if info.cluster else [] for info in infos]
        return all(len(others) == COUNT - 1 for others in replicas) and all(
            one.current and not one.offline and not one.lag for others in replicas for one in others
        )

    async def _info(self, kind: str) -> StreamInfo:
        while True:
            with suppress(nats.errors.Error, OSError, TimeoutError):
                return await self.streams.js.stream_info(self.streams.name(kind))
            await asyncio.sleep(0.05)

    async def line_of(self, region: str) -> NatsServer:
        """The server that a region's line comes in at."""
        while True:
            for server in self.server.each:
                _, told = await fetch(server.monitor_port, "/leafz")
                lines = json.loads(told or b"{}").get("leafs") or []
                if any(line["account"] == link_account(region) for line in lines):
                    return server
            await asyncio.sleep(0.05)

    @staticmethod
    def lose_disk(server: NatsServer) -> None:
        """Of a server that does not run."""
        shutil.rmtree(server.data)
