"""What POST /v1/requests is measured against: a route that does nothing, bare inserts, and the textbook's way."""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any

import asyncpg
import sqlalchemy as sa
import uvicorn
from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlmodel import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from bench.bodies import placed
from bench.ground import Ground, plain
from bench.measuring import Finding, Size
from bench.process import alone
from chassis.database import engine_for, own_tables
from contracts.envelope import encode
from contracts.event import new_id
from contracts.requests import RequestPlaced
from contracts.vocabulary import Kind, Language, Theme
from services.requests.tables import Proposition
from services.requests.tables import Table as RequestsTable

CONNECTIONS = 8


# A route that does nothing, the same route as the textbook writes it, and where traces go.


class Named(BaseModel):
    """A place by its name."""

    name: str


class Draft(BaseModel):
    """The body that the service gets, with the types of its fields and none of its rules."""

    kind: Kind
    themes: list[Theme]
    title: str
    text: str
    language: Language
    place: Named
    reach_km: int | None = None
    participants: int | None = None
    mbo_level: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


Textbook: Any = own_tables()


class Asked(Textbook, table=True):  # type: ignore[call-arg]
    """A request as a table, with the columns of the service's own."""

    __tablename__ = "asked"
    request_id: str = Field(primary_key=True, default_factory=new_id)
    side: str = "request"
    version: int = 1
    member_id: str = Field(index=True, default_factory=new_id)
    organisation_id: str = Field(default_factory=new_id)
    status: str = "open"
    kind: str
    themes: list[str] = Field(sa_type=sa.ARRAY(sa.Text))
    title: str
    text: str
    language: str
    place_name: str
    province: str = "Utrecht"
    latitude: float = 52.09
    longitude: float = 5.12
    reach_km: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None
    participants: int | None = None
    mbo_level: int | None = None
    expires_on: date | None = None
    expires_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    created_at: datetime = Field(sa_type=sa.DateTime(timezone=True))
    match_ids: list[str] = Field(default_factory=list, sa_type=sa.ARRAY(sa.Text))


class ToSay(Textbook, table=True):  # type: ignore[call-arg]
    """The outbox, as an example would have it."""

    __tablename__ = "to_say"
    event_id: str = Field(primary_key=True, default_factory=new_id)
    subject: str
    body: dict[str, Any] = Field(sa_type=sa.JSON)
    said_at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def _session() -> AsyncIterator[AsyncSession]:
    async with _sessions() as session:
        yield session


@asynccontextmanager
async def _tables_made(_: FastAPI) -> AsyncIterator[None]:
    async with _engine.begin() as connection:
        await connection.run_sync(Textbook.metadata.create_all)
    yield


trivial, textbook, collector = FastAPI(), FastAPI(lifespan=_tables_made), FastAPI()
_engine = create_async_engine(os.environ.get("ODH_DATABASE_URL", "postgresql+asyncpg://"))
_sessions = async_sessionmaker(_engine, class_=AsyncSession)


@trivial.get("/health/ready")
@collector.get("/health/ready")
@textbook.get("/health/ready")
async def ready() -> dict[str, str]:
    """The process serves."""
    return {"status": "ready"}


@trivial.post("/v1/requests", status_code=201)
async def place_nothing(draft: Draft) -> dict[str, str]:
    """The body is read into its model, and that is all."""
    return {"request_id": new_id()}


@textbook.post("/v1/requests", status_code=201)
async def place_as_the_textbook_does(draft: Draft, session: Annotated[AsyncSession, Depends(_session)]) -> Asked:
    """A session for each request: the row and its event are added, committed, and read again for the answer."""
    now = datetime.now(UTC)
    values = draft.model_dump(mode="json", exclude={"place"})
    request = Asked(**values, place_name=draft.place.name, expires_at=now + timedelta(days=90), created_at=now)
    session.add(request)
    subject = f"odh.utrecht.shared.requests.request-placed.{request.request_id}"
    session.add(ToSay(subject=subject, body=request.model_dump(mode="json"), said_at=now))
    await session.commit()
    await session.refresh(request)
    return request


@collector.post("/v1/traces")
@collector.post("/v1/metrics")
async def keep_nothing(request: Request) -> Response:
    """What a collector answers that has everything."""
    await request.body()
    return Response(media_type="application/x-protobuf")


def main() -> None:
    """Serves one of them, exactly as a service is served."""
    uvicorn.run(
        {"trivial": trivial, "textbook": textbook, "collector": collector}[sys.argv[1]],
        host="127.0.0.1",
        port=int(os.environ["ODH_PORT"]),
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
    )


# Bare inserts.


async def inserted(ground: Ground, size: Size, seed: int) -> Finding:
    """A row and its event, inserted and committed over and over on eight connections, with nothing around it."""
    async with ground.fresh() as place:
        done = await alone(
            insert_always,
            database_url=place.database_url,
            seconds=size.seconds,
            warm_seconds=size.warm_seconds,
            seed=seed,
        )
        counts = {
            "committed": done["committed"],
            "stored": await place.count("SELECT count(*) FROM proposition"),
            "in the outbox": await place.count("SELECT count(*) FROM outbox"),
        }
        return Finding({"commits/s": done["per second"]}, {"rows": counts})


async def insert_always(*, database_url: str, seconds: float, warm_seconds: float, seed: int) -> dict[str, Any]:
    """Runs in a process of its own. The values are made beforehand; only their ids are fresh."""
    engine = engine_for(database_url, 4)
    async with engine.begin() as connection:
        await connection.run_sync(RequestsTable.metadata.create_all)
    await engine.dispose()
    rows = [_row(event) for event in placed(seed, 200)]
    begin = time.perf_counter() + warm_seconds
    ends = await asyncio.gather(*(_insert_until(database_url, rows, begin + seconds) for _ in range(CONNECTIONS)))
    committed = [moment for each in ends for moment in each]
    counted = sum(begin <= moment < begin + seconds for moment in committed)
    return {"per second": counted / seconds, "committed": len(committed)}


async def _insert_until(database_url: str, rows: list[tuple[tuple[Any, ...], tuple[Any, ...]]], end: float) -> Any:
    connection = await asyncpg.connect(plain(database_url), ssl=False)
    place, tell = await connection.prepare(_PLACE), await connection.prepare(_TELL)
    moments: list[float] = []
    while time.perf_counter() < end:
        asked, said = rows[len(moments) % len(rows)]
        request_id = new_id()
        async with connection.transaction():
            await place.fetch(request_id, *asked)
            await tell.fetch(new_id(), request_id, *said)
        moments.append(time.perf_counter())
    await connection.close()
    return moments


_COLUMNS = [column.name for column in Proposition.__table__.columns]  # type: ignore[attr-defined]
_PLACE = (
    f"INSERT INTO proposition ({', '.join(_COLUMNS)}) VALUES ({', '.join(f'${n + 1}' for n in range(len(_COLUMNS)))})"
)
_TELL = "INSERT INTO outbox (event_id, entity_id, subject, body) VALUES ($1, $2, $3, $4)"


def _row(event: RequestPlaced) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """The values of a proposition but for its id, and those of its event in the outbox but for both ids."""
    now = datetime.now(UTC)
    known = dict(event) | dict(event.place) | {"place_name": event.place.name, "side": "request", "created_at": now}
    known |= {"themes": list(event.themes), "match_ids": []}
    body = encode(event, event_id=new_id(), node="utrecht", time=now, traceparent=None)
    return tuple(known.get(name) for name in _COLUMNS[1:]), (event.subject("utrecht"), body)


if __name__ == "__main__":
    main()
