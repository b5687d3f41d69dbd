"""Keeps the lines of a node as its register says, for as long as it runs."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError

from chassis.settings import Settings
from chassis.streams import Streams, tls_of
from chassis.tasks import ended
from chassis.telemetry import log
from node.files import write
from node.jetstream import Refused
from node.links import restored, sourcing
from node.links.accounts import link_account
from node.links.register import Bundle, Register

LOOK_SECONDS = 1.0

#: More than a node has.
CONNECTIONS_MAX = 10_000

#: A file of ours among the streams, which is made once and never touched again.
MARK = "mark"


class Keeper:
    """Makes consumers and sources, and lets the server read its users again when the register has changed."""

    def __init__(
        self,
        register: Register,
        *,
        url: str,
        system_url: str,
        tls_ca: Path | None = None,
        configure: Callable[[], Awaitable[None]],
        restart: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`configure` writes what the server reads; `restart` is for a region that is given another key while it runs,
        and for a node whose services know of its country what the register said when they were started.
        """
        self._register, self._url, self._system_url, self._tls_ca = register, url, system_url, tls_ca
        self._configure, self._restart = configure, restart
        self._known, self._listens, self._national = self._told(), register.is_national, register.national
        self._streams: Streams | None = None
        self._keeping: asyncio.Task[None] | None = None

    @property
    def waits(self) -> bool:
        """Whether the node is to be of a country, or to be one, from its next start on.

        Its services know nothing of that yet: they would let go what came from elsewhere, and it comes once.
        """
        return self._restart is not None and self._register.national != self._national

    def _told(self) -> tuple[Bundle | None, Mapping[str, str], Mapping[str, tuple[str, ...]]]:
        return self._register.line, self._register.regions, self._register.partners.live()

    def start(self) -> None:
        self._keeping = asyncio.create_task(self._keep())

    async def stop(self) -> None:
        if self._keeping:
            await ended(self._keeping)
        if self._streams:
            await self._streams.close()
        self._keeping = self._streams = None

    async def _keep(self) -> None:
        called = time.monotonic()
        while True:
            try:
                await self._changed()
                if self._register.national and not self.waits and not restored.is_silent(self._register.folder):
                    await sourcing.ensure(await self._client(), self._register)
                    if time.monotonic() - called > sourcing.SILENT_SECONDS_MAX:
                        await sourcing.call_again(await self._client(), self._register)
                        called = time.monotonic()
            except (Refused, NatsError, OSError, TimeoutError) as trouble:
                log.warning("lines not kept", fault=f"{type(trouble).__name__}: {trouble}")
            await asyncio.sleep(LOOK_SECONDS)

    async def _changed(self) -> None:
        now = self._told()
        if now == self._known:
            return
        await self._configure()
        if self.waits or (now[0] == self._known[0] and (now[1] == self._known[1] or self._listens)):
            # An account that is new in the first has, until the second, no way back for the answers of JetStream.
            await reload(self._system_url, self._tls_ca)
            other_key = [link_account(name) for name, key in self._known[1].items() if now[1].get(name) != key]
            await reload(self._system_url, self._tls_ca, close=other_key)
        elif self._restart:  # another line: the server begins to call only when it starts
            await self._restart()
        else:
            log.warning("taken up when NATS is started again", national=self._register.national)
        if self.waits:
            log.warning("no lines before the next start of the node", national=self._register.national)
        self._known, self._listens = now, self._register.is_national

    async def _client(self) -> Client:
        if self._streams is None:
            settings = Settings(node=self._register.node, nats_url=self._url, nats_tls_ca_file=self._tls_ca)
            self._streams = Streams(settings, "lines")
            await self._streams.connect()
        assert self._streams.client is not None
        return self._streams.client

    def is_put_back(self, store: Path) -> bool:
        """Whether a folder of streams is a copy of what it was, and so went back in time: its mark is another file.

        What is said to its streams before they are renewed hides what came between: its lines wait for that.
        """
        if not store.exists() or not self._note.exists() or not self._register.national:
            return False
        known = json.loads(self._note.read_text())
        if set(known) == {"inode"}:  # noted by a release that had no mark yet
            return bool(known["inode"] != store.stat().st_ino)
        return bool(known != _mark(store))

    @property
    def _note(self) -> Path:
        return self._register.folder / "store.json"

    async def renew_if_put_back(self, store: Path) -> None:
        """Before the services start, and without lines; then remembers which folder it is."""
        if self.is_put_back(store):
            await restored.renew(await self._client(), self._register)
        self._register.folder.mkdir(parents=True, exist_ok=True)
        if not (store / MARK).exists():
            (store / MARK).touch()
        write(self._note, json.dumps(_mark(store)))


def _mark(store: Path) -> dict[str, int] | None:
    """What no copy of the mark has: its number on the disk, which a later file may get, and when it came there."""
    try:
        found = (store / MARK).stat()
    except FileNotFoundError:
        return None
    return {"inode": found.st_ino, "changed_ns": found.st_ctime_ns}


async def reload(system_url: str, tls_ca: Path | None = None, *, close: Sequence[str] = ()) -> None:
    """Every server of the node reads its configuration again: users and lines, without a connection lost that stays.

    The server lets a line stand whose key it no longer takes; those of the accounts in `close` are closed.
    """
    async with _every_server(system_url, tls_ca) as (client, servers):
        for name in servers:
            told = json.loads((await client.request(f"$SYS.REQ.SERVER.{name}.RELOAD", b"", timeout=5)).data)
            if "error" in told:
                raise Refused(f"reload: {told['error'].get('description')}")
            lines = json.loads((await client.request(f"$SYS.REQ.SERVER.{name}.LEAFZ", b"", timeout=5)).data)
            for line in lines["data"].get("leafs") or ():
                if line["account"] in close:
                    asked = json.dumps({"cid": line["id"]}).encode()
                    await client.request(f"$SYS.REQ.SERVER.{name}.KICK", asked, timeout=5)


async def is_kept(system_url: str, node: str, tls_ca: Path | None = None) -> bool:
    """Whether somebody keeps the lines of the node at this moment: its streams are made anew by who does."""
    async with _every_server(system_url, tls_ca) as (client, servers):
        for name in servers:
            asked = json.dumps({"limit": CONNECTIONS_MAX}).encode()
            told = json.loads((await client.request(f"$SYS.REQ.SERVER.{name}.CONNZ", asked, timeout=5)).data)
            if any(one.get("name") == f"odh-{node}-lines" for one in told["data"].get("connections") or ()):
                return True
    return False


@asynccontextmanager
async def _every_server(system_url: str, tls_ca: Path | None) -> AsyncIterator[tuple[Client, list[str]]]:
    """A connection that may ask the servers themselves, and their ids, of those that are there."""
    client = await nats.connect(
        system_url.split(","), allow_reconnect=False, connect_timeout=3, tls=tls_of(tls_ca), error_cb=_quietly
    )
    try:
        inbox = client.new_inbox()
        answers = await client.subscribe(inbox)
        await client.publish("$SYS.REQ.SERVER.PING", b"", reply=inbox)
        servers = [await answers.next_msg(timeout=3)]
        with suppress(TimeoutError):  # one that is away reads it when it starts
            while len(servers) < len(system_url.split(",")):
                servers.append(await answers.next_msg(timeout=1))
        yield client, [json.loads(server.data)["server"]["id"] for server in servers]
    finally:
        await client.close()


async def _quietly(_: Exception) -> None:
    """Who asked is told what went wrong."""
