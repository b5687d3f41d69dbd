"""A whole node on one machine: which parts it has, what each is told, and in which order they start and stop."""

import asyncio
import fcntl
import os
import time
from collections.abc import Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from signal import SIGKILL, Signals
from typing import Any

import asyncpg

from node import SERVICES, names
from node import addresses as address_book
from node.environment import team_of, together, told_to, told_to_everybody
from node.links import certificates
from node.links.accounts import SYSTEM_USER
from node.links.keeper import Keeper
from node.links.register import Bundle, NotPossible, Register, lines_of
from node.links.server import Tls, config
from node.nats import NatsServer
from node.part import Part, PartFailed
from node.ports import Ports
from node.postgres import PostgresServer
from node.program import Program
from node.secrets import Secrets

Say = Callable[[str, float], None]

#: How often is told that something still has to be waited for.
STILL_BUSY_SECONDS = 10.0

#: How often a part that lives is asked whether it only works when it is started anew.
STUCK_LOOK_SECONDS = 3.0


class Node:
    """Used by `./odh up` and by the tests that kill parts of a real node.

    `settings` (for every service) and `settings_of` (per service) win over the operator's ODH_ variables, which win
    over what the node itself would say. With a `bundle` it becomes the region that it is for.
    """

    def __init__(
        self,
        data: Path,
        *,
        name: str = "utrecht",
        gateway_port: int = 8000,
        services: tuple[str, ...] = SERVICES,
        settings: Mapping[str, str] | None = None,
        settings_of: Mapping[str, Mapping[str, str]] | None = None,
        bundle: Bundle | None = None,
        say: Say = lambda what, seconds: None,
        say_busy: Say = lambda what, seconds: None,
    ) -> None:
        self.data, self.name, self.services = data.absolute(), name, services
        self._say, self._say_busy = say, say_busy
        self.settings = dict(settings or {})
        self.settings_of = {service: dict(own) for service, own in (settings_of or {}).items()}
        self._gateway_port, self._bundle = gateway_port, bundle
        self._watching: asyncio.Task[None] | None = None
        self._lock: int | None = None
        self.parts: dict[str, Part] = {}
        self.keeper: Keeper | None = None
        self._is_apart = False

    # Starting and stopping.

    async def start(self) -> None:
        """Returns when every part is ready; when one fails, the others are stopped again."""
        self._take()
        try:
            names.of(self.data, self.name)
            if self._bundle:
                Register(lines_of(self.data), self.name).join(self._bundle)
            try:
                await self._start_parts()
            except PartFailed as failure:
                if "address already in use" not in str(failure).lower():
                    raise
                await self._stop_parts()  # somebody took a port just after we chose it: choose again, once
                await self._start_parts()
            names.keep(self.data, self.name)
            if self.services:  # without them nobody can be asked anything: it is being kept or put back
                address_book.write(self.data, self.addresses())
        except NotPossible as why:
            await self.stop()
            raise PartFailed(str(why)) from None
        except BaseException:
            await self.stop()
            raise

    async def _start_parts(self) -> None:
        self._compose()
        await _all(
            self._timed("PostgreSQL", self._open_databases()),
            self._timed("NATS JetStream", self._open_streams()),
            self._timed("mailvanger (mail catcher)", self.parts["mail"].start()),
        )
        await self._start_services()

    async def _start_services(self) -> None:
        """The gateway is asked last: it keeps for a second what it has seen of the others, also that one was away."""
        others = [name for name in self.services if name != "gateway"]
        began = time.monotonic()
        if gateway := "gateway" in self.services:
            self.parts["gateway"].launch()
        await _all(*(self._timed(name, self.parts[name].start(60)) for name in others))
        if gateway:
            await self._timed("gateway", self.parts["gateway"].wait_ready(60), since=began)

    async def stop(self) -> None:
        """Services first, so that what they are doing can still be kept; then what they stand on."""
        if self._lock is None:  # never started: what is on disk is another node's
            return
        if self._watching:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
            self._watching = None
        address_book.forget(self.data)
        await self._stop_parts()
        os.close(self._lock)
        self._lock = None

    async def _stop_parts(self) -> None:
        if self.keeper:
            await self.keeper.stop()
        own = [self.parts[name] for name in self.services if name in self.parts]
        await asyncio.gather(*(part.stop() for part in own))
        await asyncio.gather(*(part.stop() for part in self.parts.values() if part not in own))

    def kill(self, name: str, number: Signals = SIGKILL) -> None:
        self.parts[name].kill(number)

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self._ports[name]}"

    @property
    def smtp(self) -> str:
        return f"smtp://127.0.0.1:{self._ports['smtp']}"

    # Watching.

    def watch(self, tell: Callable[[str], None]) -> None:
        """From now on a part that dies is started again."""
        self._watching = asyncio.create_task(self._watch(tell))

    async def _watch(self, tell: Callable[[str], None]) -> None:
        async with asyncio.TaskGroup() as each:
            for part in self.parts.values():
                each.create_task(self._keep_alive(part, tell))

    async def _keep_alive(self, part: Part, tell: Callable[[str], None]) -> None:
        """Waits longer after each failure in a row, up to ten seconds; nothing that fails here ends the watch."""
        pause, started = 0.2, time.monotonic()
        looked = started
        while True:
            await asyncio.sleep(0.1)
            try:
                part.keep_log_small()
                if part.is_alive and time.monotonic() - looked < STUCK_LOOK_SECONDS:
                    continue
                looked = time.monotonic()
                if part.is_alive:
                    if not await part.is_stuck():
                        continue
                    await part.stop()
                if time.monotonic() - started > 60:
                    pause = 0.2
                tell(f"{part.name} is gestopt (exit {part.exit_code}); opnieuw gestart over {pause:.1f} s (restarting)")
                await asyncio.sleep(pause)
                pause, started = min(pause * 2, 10.0), time.monotonic()
                await part.start()
                address_book.write(self.data, self.addresses())
                tell(f"{part.name} draait weer (runs again) na {time.monotonic() - started:.1f} s")
            except (PartFailed, OSError) as failure:  # a full disk, for instance
                tell(str(failure))

    # What the parts are told.

    def env(self, name: str) -> dict[str, str]:
        """The whole environment of one service: ours, the operator's, and what somebody asked of this very node."""
        everybody, own = told_to_everybody(self, self._secrets), told_to(name, self, self._secrets)
        return together(everybody, os.environ, own, self.settings, self.settings_of.get(name, {}))

    def addresses(self) -> address_book.Addresses:
        return address_book.Addresses(
            node=self.name,
            gateway=self.url("gateway"),
            mail=self.url("mail"),
            smtp=self.smtp,
            nats=self.nats.url,
            services={name: self.url(name) for name in self.services},
            databases={name: self.postgres.url(name) for name in self.services},
            team=team_of(self.env("members")),
            pids={"up": os.getpid(), **{name: part.pid for name, part in self.parts.items()}},
        )

    # Putting it together.

    def _take(self) -> None:
        """One node at a time on the same data; the kernel gives the lock back however we end."""
        self.data.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.data / "node.lock", os.O_CREAT | os.O_RDWR, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            running = address_book.read(self.data)
            where = f": {running.gateway} (pid {running.pids['up']})" if running else ", die nog niet open is"
            raise PartFailed(
                f"er draait al een node op {self.data}{where}\n(a node runs on this data already; stop it first)"
            ) from None
        self._lock = lock

    def _compose(self) -> None:
        self._secrets = Secrets(self.data / "keys")
        self.lines = Register(lines_of(self.data), self.name)
        tls = Tls(self.lines.folder)
        if tls.is_there and not certificates.is_for(tls.certificate, "127.0.0.1"):
            raise NotPossible(
                f"{tls.certificate} is niet ook voor 127.0.0.1, waar de diensten de server vinden: maak er een met "
                "./odh nodes certificate (it is not for 127.0.0.1 too, where the services find the server: make one)"
            )
        self._ports = Ports(self.data / "ports.json", gateway=self._gateway_port)
        logs = self.data / "logs"
        logs.mkdir(exist_ok=True, mode=0o700)
        self.postgres = PostgresServer(
            self.data / "postgres",
            port=self._ports["postgres"],
            log=logs / "postgres.log",
            password=self._secrets.postgres_password,
        )
        self.nats = NatsServer(
            self.data / "nats",
            port=self._ports["nats"],
            monitor_port=self._ports["nats-monitor"],
            domain=self.name,
            log=logs / "nats.log",
            passwords=self._secrets.nats_passwords,
            more=self._lines_config,
        )
        catcher = [f"--data={self.data / 'mail'}", f"--smtp={self._ports['smtp']}", f"--http={self._ports['mail']}"]
        mail = Program(
            "mail",
            ["node.mail_catcher", *catcher],
            port=self._ports["mail"],
            log=logs / "mail.log",
            environment=lambda: os.environ,
        )
        self.parts = {"postgres": self.postgres, "nats": self.nats, "mail": mail}
        for name in self.services:
            self.parts[name] = Program(
                name,
                ["chassis", f"services.{name}"],
                port=self._ports[name],
                log=logs / f"{name}.log",
                environment=partial(self.env, name),
            )
        assert self.leaf_port, "chosen with the others"
        self._ports.keep()

    def _lines_config(self) -> dict[str, Any]:
        listen, passwords = f"127.0.0.1:{self.leaf_port}", self._secrets.nats_passwords
        apart = self._is_apart or (self.keeper is not None and self.keeper.waits)
        return config(self.lines, passwords, leaf_listen=listen, apart=apart)

    async def _open_streams(self) -> None:
        self.keeper = Keeper(
            self.lines,
            url=self.nats.url,
            system_url=self.nats.url_of(SYSTEM_USER),
            tls_ca=Tls(self.lines.folder).ca_of_clients,
            configure=self.nats.prepare,
            restart=self._restart_nats,
        )
        store = self.nats.data / "store"
        #: Somebody puts streams back themselves, or a folder was put back: without lines until that is done.
        self._is_apart = not self.services or self.keeper.is_put_back(store)
        await self.nats.start()
        if not self.services:
            return
        await self.keeper.renew_if_put_back(store)
        if self._is_apart:
            self._is_apart = False
            await self.nats.stop()
            await self.nats.start()
        self.keeper.start()

    async def _restart_nats(self) -> None:
        """Only for a server that must join a line; who is connected comes back by themselves."""
        await self.nats.stop()
        if not self._watching:
            await self.nats.start()

    @property
    def leaf_port(self) -> int:
        """Where regions come in, on a national node."""
        return self._ports["nats-leaf"]

    async def _open_databases(self) -> None:
        await self.postgres.start()
        for name in self.services:
            await self.postgres.create_database(name)

    async def _timed(self, what: str, work: Coroutine[Any, Any, None], *, since: float | None = None) -> None:
        since = time.monotonic() if since is None else since
        telling = asyncio.create_task(self._tell_busy(what, since))
        try:
            await work
        finally:
            telling.cancel()
        self._say(what, time.monotonic() - since)

    async def _tell_busy(self, what: str, since: float) -> None:
        while True:
            await asyncio.sleep(STILL_BUSY_SECONDS)
            self._say_busy(what, time.monotonic() - since)


async def _all(*works: Coroutine[Any, Any, None]) -> None:
    """Together; the first that fails ends the others, and is the one that is told."""
    try:
        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(work)
    except* (PartFailed, OSError, asyncpg.PostgresError) as failures:  # a disk that is full, for instance
        raise PartFailed("\n".join(map(str, failures.exceptions))) from None
