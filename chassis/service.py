"""Starts and stops a service: settings, database, broker, relay, handlers, HTTP, health."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Request
from sqlalchemy import text
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import metrics, problems
from chassis.api import Api
from chassis.consumer import Consumer
from chassis.database import HalfRestored, engine_for, is_away, migrate, sessions_of, wait_for_database
from chassis.figures import OwnFigures
from chassis.figures import router as figures_router
from chassis.health import router as health_router
from chassis.identity import IdentityCheck
from chassis.letting_go import let_go
from chassis.limits import LimitBodies, RefuseWhenBusy, Waiting
from chassis.looking_back import forget_said, look_back
from chassis.own_dead_letters import router as dead_letters_router
from chassis.relay import Relay
from chassis.replies import REPLIES_KEPT_DAYS
from chassis.router import EventRouter
from chassis.settings import Settings
from chassis.streams import OwnStream, Streams
from chassis.tasks import ended
from chassis.telemetry import TraceRequests, describe, log
from chassis.transactions import Transactions

#: How long a batch of events that is under way may take to finish when the service stops.
STOP_SECONDS_MAX = 8.0

#: A service begins to listen when it is open, or after so long: then it says that its database is away.
OPENING_SECONDS_MAX = 3.0

#: What a migration stumbles over, other than a database that is away, an operator has to mend; so has what keeps a
#: service closed.
MIGRATES_AGAIN_SECONDS = 5.0

#: How long a background job that failed stays away: longer each time in a row.
PAUSE_SECONDS_FIRST, PAUSE_SECONDS_MAX = 0.2, 10.0

Background = Callable[["Service"], Awaitable[None]]
Parts = Callable[["Service"], Awaitable[dict[str, str]]]


class KeptClosed(Exception):
    """What a service would do harm without; the message says what its operator has to mend."""


class Service:
    """One service of a node, as a process or inside a test."""

    def __init__(
        self,
        name: str,
        settings: Settings,
        *,
        tables: type[SQLModel],
        api: APIRouter | Sequence[APIRouter],
        handlers: EventRouter | None = None,
        background: Sequence[Background] = (),
        other_parts: Parts | None = None,
        own_figures: OwnFigures | None = None,
        document_at: str | None = "/openapi.json",
        migrations: Path | None = None,
        own_streams: Sequence[OwnStream] = (),
        clock: Callable[[], datetime] | None = None,
        gather_seconds: float = 0.0,
        before_open: Background | None = None,
    ) -> None:
        """`before_open` is asked on the migrated database, and raises `KeptClosed` as long as it must not open."""
        self.name, self.settings, self.tables = name, settings, tables
        self.gather_seconds = gather_seconds  # for more of what it hears
        self.handlers = handlers or EventRouter()
        self.clock = clock or _utc_now
        self.identities = IdentityCheck(settings.identity_public_keys_file, node=settings.node, audience=name)
        self.engine = engine_for(settings.database_url, settings.database_connections_max)
        self.sessions = sessions_of(self.engine)
        self.streams = Streams(settings, name, own_streams)
        self.relay = Relay(self.engine, self.streams, name, settings)
        self.transactions = Transactions(self.sessions, name, settings, self.relay.hand_over)
        self.consumers = [Consumer(self, hearing) for hearing in self.handlers.hearings]
        self._background = [*background, look_back, let_go, forget_what_is_old, metrics.keep_telling]
        self._other_parts, self._document_at, self._before_open = other_parts, document_at, before_open
        self.own_figures = own_figures
        self._migrations = migrations or name
        self.is_migrated = self._is_kept_closed = False
        self._hearing: list[asyncio.Task[None]] = []
        self._running: list[asyncio.Task[None]] = []
        self.app = self._make_app([api] if isinstance(api, APIRouter) else list(api))

    def now(self) -> datetime:
        """The time now, aware, in UTC."""
        return self.clock()

    def _make_app(self, routers: list[APIRouter]) -> FastAPI:
        # FastAPI's own pages for reading the document fetch scripts from elsewhere; the gateway has one that does not.
        # Its own telemetry would trace every request a second time, each dependency too, and keep the texts of errors.
        app = Api(
            title=f"Om de Hoek: {self.name}",
            version="1",
            lifespan=self._lifespan,
            openapi_url=self._document_at,
            docs_url=None,
            redoc_url=None,
            telemetry={"tracing": False, "metrics": False, "logs": False},
        )
        app.state.service = self
        problems.install(app)
        app.state.waiting = Waiting(self.settings.calls_waiting_max)  # `CarefulHttp` looks at it too
        app.state.stopping = asyncio.Event()  # set by `CarefulHttp`; what would go on for long ends by it
        app.add_middleware(RefuseWhenBusy, waiting=app.state.waiting)
        app.add_middleware(
            LimitBodies, bytes_max=self.settings.body_bytes_max, seconds_max=self.settings.body_seconds_max
        )
        app.add_middleware(TraceRequests)
        for router in routers:
            app.include_router(router)
        app.include_router(health_router)
        app.include_router(figures_router)
        app.include_router(dead_letters_router)
        app.state.routers = routers
        return app

    @asynccontextmanager
    async def _lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        opening = asyncio.create_task(self._open())
        try:
            # Who calls before there are tables would be refused; who finds nobody yet is tried again by the gateway.
            await asyncio.wait({opening}, timeout=OPENING_SECONDS_MAX)
            yield
        finally:
            await self._close(opening)

    async def _open(self) -> None:
        """Opens the parts in their order, each as soon as what it needs is there."""
        while not self.is_migrated:
            try:
                await wait_for_database(self.engine, opening=True)
                await migrate(self.engine, self._migrations)
                if self._before_open:
                    await self._before_open(self)
                self._is_kept_closed, self.is_migrated = False, True
            except KeptClosed as why:
                self._is_kept_closed = True
                log.error(f"not opened: {why}")
                await asyncio.sleep(MIGRATES_AGAIN_SECONDS)
            except HalfRestored:  # whom it had yet to erase are there, and streams are missing
                log.error("a restore broke off: stop the node, and give it again with --overwrite")
                await asyncio.sleep(MIGRATES_AGAIN_SECONDS)
            except Exception as error:
                log.error("not migrated", fault=describe(error))
                await asyncio.sleep(0.5 if is_away(error) else MIGRATES_AGAIN_SECONDS)
        self.transactions.start()
        self._hearing = [asyncio.create_task(consumer.run()) for consumer in self.consumers]
        self._running = [
            asyncio.create_task(self.streams.connect()),
            asyncio.create_task(self.relay.run()),
            *(asyncio.create_task(self._always(job)) for job in self._background),
        ]

    async def _close(self, opening: asyncio.Task[None]) -> None:
        """Lets the handlers and commands under way finish, then closes the rest."""
        await ended(opening)
        for consumer in self.consumers:
            consumer.stop()
        if self._hearing:
            await asyncio.wait(self._hearing, timeout=STOP_SECONDS_MAX)
        await self.transactions.stop()
        await ended(*self._hearing, *self._running)
        await self.streams.close()
        await self.engine.dispose()

    async def _always(self, job: Background) -> None:
        pause = PAUSE_SECONDS_FIRST
        while True:
            began = monotonic()
            try:
                await job(self)
                return
            except Exception as error:
                log.error("background fault", job=job.__name__, fault=describe(error))
                if monotonic() - began > PAUSE_SECONDS_MAX:  # it ran well meanwhile
                    pause = PAUSE_SECONDS_FIRST
                await asyncio.sleep(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)

    async def parts(self) -> dict[str, str]:
        """Which parts of the service are ready now, and which are not.

        One that is kept closed can do nothing, but the rest of the node need not wait for it.
        """
        if self._is_kept_closed:
            return {"database": "ready", "service": "kept closed"}
        found = {"database": "ready", "broker": "ready" if self.streams.is_ready else "not ready"}
        if not self.is_migrated:
            found["database"] = "not migrated"
        else:
            try:
                async with asyncio.timeout(2), self.engine.connect() as connection:
                    await connection.execute(text("SELECT 1"))
            except Exception:
                found["database"] = "not ready"
        return found

    async def all_parts(self) -> dict[str, str]:
        """The service's own parts, and what else it says it needs to be of full use."""
        return await self.parts() | (await self._other_parts(self) if self._other_parts else {})


async def forget_what_is_old(service: Service) -> None:
    """Every hour: replies that nobody will ask again are removed, and what will not be said again."""
    while True:
        async with service.engine.begin() as connection:
            await connection.execute(
                text("DELETE FROM stored_reply WHERE stored_at < now() - make_interval(days => :days)"),
                {"days": REPLIES_KEPT_DAYS},
            )
        await forget_said(service)
        await asyncio.sleep(3600)


def _utc_now() -> datetime:
    return datetime.now(UTC)


async def _now(request: Request) -> datetime:
    found: datetime = request.app.state.service.now()
    return found


async def _read_session(request: Request) -> AsyncIterator[AsyncSession]:
    service: Service = request.app.state.service
    if not service.is_migrated:
        raise problems.Unavailable
    async with service.sessions() as session:
        yield session


Now = Annotated[datetime, Depends(_now)]
ReadSession = Annotated[AsyncSession, Depends(_read_session)]
