"""A hub and its regions, each a real NATS server as `./odh up` starts it, with what keeps the lines and no services."""

import asyncio
import json
import shutil
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client
from nats.js.api import StreamState

from chassis.settings import Settings
from chassis.streams import Streams, tls_of
from contracts.event import new_id
from node.links.accounts import SYSTEM_USER, USERS
from node.links.keeper import Keeper
from node.links.register import Bundle, Register
from node.links.server import Tls, config
from node.nats import NatsServer
from node.part import free_port
from tests.asking_again import answered
from tests.given import PATIENCE_SECONDS, eventually

HUB = "national"


class Place:
    """One node of the country: its server, its streams and its lines."""

    #: On how many servers its streams are kept.
    replicas = 1

    def __init__(self, folder: Path, name: str) -> None:
        self.name, self.folder = name, folder / name
        self.register = Register(self.folder / "lines", name)
        self.passwords = {user: f"{name}-{user}" for user in USERS}
        self.leaf_port = free_port()
        self._is_apart = False
        self.server = self._new_server()
        self.keeper = self._new_keeper()
        self.streams: Streams

    @property
    def leaf_at(self) -> str:
        """Where regions find it."""
        return f"127.0.0.1:{self.leaf_port}"

    def _new_server(self) -> Any:
        return NatsServer(
            self.folder / "nats",
            port=free_port(),
            monitor_port=free_port(),
            domain=self.name,
            passwords=self.passwords,
            more=self._config,
        )

    @property
    def tls_ca(self) -> Path | None:
        return Tls(self.register.folder).ca_of_clients

    def _config(self) -> dict[str, Any]:
        apart = self._is_apart or self.keeper.waits
        return config(self.register, self.passwords, leaf_listen=self.leaf_at, apart=apart)

    def _new_keeper(self) -> Keeper:
        return Keeper(
            self.register,
            url=self.server.url,
            system_url=self.server.url_of(SYSTEM_USER),
            tls_ca=self.tls_ca,
            configure=self.server.prepare,
            restart=self._restart,
        )

    async def _restart(self) -> None:
        await self.server.stop()
        await self.server.start()

    async def start(self) -> None:
        """As a node does: without its lines while it is renewed, if it was put back; then who speaks and hears."""
        self.keeper, store = self._new_keeper(), self.server.data / "store"
        self._is_apart = self.keeper.is_put_back(store)
        await self.server.start()
        await self.keeper.renew_if_put_back(store)
        if self._is_apart:
            self._is_apart = False
            await self._restart()
        settings = Settings(
            node=self.name, nats_url=self.server.url, nats_tls_ca_file=self.tls_ca, stream_replicas=self.replicas
        )
        self.streams = Streams(settings, "odh")
        await self.streams.connect()
        self.keeper.start()

    async def stop(self) -> None:
        await self.keeper.stop()
        await self.streams.close()
        await self.server.stop()

    def keep(self) -> None:
        """A copy of the streams as they are on disk; for a server that does not run."""
        shutil.copytree(self.server.data, self.folder / "kept")

    def put_back(self) -> None:
        """The copy again, in the place of what became of it."""
        shutil.rmtree(self.server.data)
        shutil.copytree(self.folder / "kept", self.server.data)

    async def has_taken_up(self) -> None:
        """Returns when the server knows what was changed in the register."""

        async def known() -> bool:
            return is_up_to_date(self.keeper)

        await eventually(known, saying="a server that knows its lines")

    async def client(self, user: str, **options: Any) -> Client:
        """Connected as one of the users, who is told what is refused."""
        return await connected(self.server.url_of(user), self.tls_ca, inbox=f"_INBOX.{user}", **options)

    async def says(
        self, *ids: str, to: str | None = None, reach: str = "shared", wire: str = "requests.request-placed"
    ) -> None:
        """Each event is stored here when this returns, whatever becomes of the line."""
        where = f"to.{to}" if to else reach
        for id in ids:
            await self._say(f"odh.{self.name}.{where}.{wire}.{id}", id)

    async def _say(self, subject: str, id: str) -> None:
        """Asked again when the server goes away meanwhile, as a relay does."""

        async def publish() -> None:
            await self.streams.ready()
            headers = {"Nats-Msg-Id": f"{self.name}-{subject}"}
            await self.streams.js.publish(subject, id.encode(), headers=headers, timeout=1)

        await answered(publish)

    async def heard(self) -> list[str]:
        """The subjects of what came from elsewhere, in their order."""
        state, get = await self._state(), self.streams.js.get_msg
        found = []
        for seq in range(max(state.first_seq, 1), state.last_seq + 1):
            with suppress(nats.js.errors.NotFoundError):
                found.append((await answered(partial(get, self.streams.name("elsewhere"), seq))).subject or "")
        return found

    async def _state(self) -> StreamState:
        return (await answered(lambda: self.streams.js.stream_info(self.streams.name("elsewhere")))).state

    async def hears(self, *subjects: str, within: float = PATIENCE_SECONDS) -> None:
        """Waits until everything has come, and nothing else."""
        seen: list[str] = []

        async def all_there() -> bool:
            if (await self._state()).messages < len(subjects):
                await asyncio.sleep(0.1)
                return False
            seen[:] = await self.heard()
            return sorted(seen) == sorted(subjects)

        try:
            await eventually(all_there, within=within, saying="what was said elsewhere")
        except AssertionError as error:
            missing, more = set(subjects) - set(seen), sorted(set(seen) - set(subjects))
            raise AssertionError(
                f"{self.name} heard {len(seen)}; missing {sorted(missing)[:5]}, more {more[:5]}"
            ) from error


class Country:
    """The hub, and its regions by name."""

    def __init__(self, folder: Path, hub: type[Place] = Place) -> None:
        self.folder, self.hub = folder, hub(folder, HUB)
        self.regions: dict[str, Place] = {}

    def let_in(self, name: str, port: int | None = None) -> Bundle:
        """A region that can join; `port` is where it finds the hub."""
        ca = self.hub.tls_ca
        scheme = "tls" if ca else "nats-leaf"
        at = f"127.0.0.1:{port}" if port else self.hub.leaf_at
        url = ",".join(f"{scheme}://{one}" for one in at.split(","))
        return self.hub.register.add(name, url, ca.read_text() if ca else None)

    async def region(self, name: str, port: int | None = None) -> Place:
        """Lets it in, and starts it."""
        place = self.regions[name] = Place(self.folder, name)
        place.register.join(self.let_in(name, port))
        await place.start()
        return place

    async def stop(self) -> None:
        await asyncio.gather(*(place.stop() for place in (self.hub, *self.regions.values())))


def is_up_to_date(keeper: Keeper) -> bool:
    """Whether the server knows what the register says."""
    return keeper._told() == keeper._known


async def connected(url: str, ca: Path | None = None, **options: Any) -> Client:
    """A client that remembers what it was refused in `refused`."""
    refused: list[str] = []

    async def remember(error: Exception) -> None:
        refused.append(str(error))

    inbox = options.pop("inbox", "_INBOX")
    client = await nats.connect(
        url,
        allow_reconnect=False,
        connect_timeout=PATIENCE_SECONDS,
        error_cb=remember,
        inbox_prefix=inbox,
        tls=tls_of(ca),
        **options,
    )
    client.refused = refused  # type: ignore[attr-defined]
    return client


def placed(place: Place, *ids: str) -> list[str]:
    """The subjects of requests that a node shared."""
    return [f"odh.{place.name}.shared.requests.request-placed.{id}" for id in ids]


def ids(count: int) -> list[str]:
    return [new_id() for _ in range(count)]


def asked(body: Any) -> bytes:
    return json.dumps(body).encode()
