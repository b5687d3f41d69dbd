"""Which models make vectors: one that is compared by, and during a move one that is filled. Rows of `embedding_model`.

The row says where a model is found, so that every replica can ask the one that is in use, whatever the settings that
it was started with; only the key stays in its file.
"""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.vocabulary import Side
from services.matching import similarity
from services.matching.endpoint import HARMLESS, Away, Endpoint
from services.matching.ordinary import TEXTS
from services.matching.settings import MatchingSettings
from services.matching.similarity import InProcess
from services.matching.store import ask

#: Part of the make of every endpoint's vectors: change it when what we do with them comes out different.
ENDPOINT_MAKE = "1"


class Reader(Protocol):
    """What reads texts, here or elsewhere."""

    dimensions: Any
    away: str | None
    texts_at_once: int

    async def read(self, texts: Any, side: Side, *, probing: bool = False) -> list[str | None]:
        """The vector of each text, as PostgreSQL writes it; none for one that it refuses. Raises `endpoint.Away`."""

    async def close(self) -> None:
        """Lets go of what is open."""


class Source(BaseModel):
    """Where vectors come from."""

    model_config = ConfigDict(frozen=True)

    model: str
    url: str | None = None
    key_file: Path | None = None
    query_prefix: str = ""
    document_prefix: str = ""

    @classmethod
    def of(cls, settings: MatchingSettings) -> Self | None:
        """The one that the settings name; none when meanings are not compared."""
        if settings.embedding_model == "none":
            return None
        return cls(
            model=settings.embedding_model,
            url=settings.embedding_url,
            key_file=settings.embedding_key_file,
            query_prefix=settings.embedding_query_prefix,
            document_prefix=settings.embedding_document_prefix,
        )

    @property
    def make(self) -> str:
        """What tells its vectors from others; the address does not matter."""
        if self.url is None:
            return similarity.MAKE
        make = f"{self.model} {ENDPOINT_MAKE}"
        has_prefixes = self.query_prefix or self.document_prefix
        return f"{make} {self.query_prefix!r} {self.document_prefix!r}" if has_prefixes else make


@dataclass(frozen=True, slots=True)
class Model:
    """A model whose vectors are kept."""

    model_id: int
    make: str
    version: int
    """Counted on when it is found elsewhere."""
    source: Source
    dimensions: int
    status: str
    """`active`: compared by; `filling`: it will be; `left`: it was; `removed`: its vectors are gone too."""

    @property
    def is_of_another_release(self) -> bool:
        """Whether it is the model inside the process as it read before, or will read after an upgrade."""
        return self.source.url is None and self.make != similarity.MAKE

    @property
    def is_older(self) -> bool:
        """Whether it is the model inside the process as it read before."""
        return self.is_of_another_release and _number(self.make) < _number(similarity.MAKE)


def _number(make: str) -> int:
    return int(make.rpartition(" ")[2])


class Readers:
    """What reads texts in one process."""

    def __init__(self, settings: MatchingSettings) -> None:
        self._settings = settings
        self._known: dict[tuple[int, int], Reader] = {}
        self.active: Reader | None = None
        """What was asked for last."""
        self.problem: str | None = None
        """Why there is no model at all, for the operator."""
        self.settled = asyncio.Event()
        """Set when a model is in use, or it was seen that none can be: until then events wait."""
        self.indexed: set[int] = set()
        """The models whose indexes are there."""

    async def of(self, session: AsyncSession, model_id: int, version: int) -> Reader | None:
        """What reads for a model, none when this release cannot; its row is read again when its version is another."""
        if (model_id, version) not in self._known:
            (row,) = await ask(session, _MODEL, {"model_id": model_id})
            model = _model(row)
            if model.is_of_another_release:
                return None
            ordinary = {Side(side): vector for side, vector in (row.ordinary or {}).items()}
            await self.close()
            self._known = {(model_id, version): new_reader(model.source, self._settings, model.dimensions, ordinary)}
        self.active = self._known[model_id, version]
        return self.active

    async def close(self) -> None:
        """Closes the connections."""
        for reader in self._known.values():
            await reader.close()


def new_reader(
    source: Source, settings: MatchingSettings, dimensions: int | None = None, ordinary: dict[Side, Any] | None = None
) -> Reader:
    """What reads for a source."""
    if source.url is None:
        return InProcess()
    return Endpoint(
        source.model,
        source.url,
        settings=settings,
        key_file=source.key_file,
        query_prefix=source.query_prefix,
        document_prefix=source.document_prefix,
        dimensions=dimensions,
        ordinary=ordinary,
    )


_MODELS = text("SELECT * FROM embedding_model ORDER BY model_id")
_MODEL = text("SELECT * FROM embedding_model WHERE model_id = :model_id")


def _model(row: Any) -> Model:
    source = Source.model_validate(row.source)
    return Model(row.model_id, row.make, row.version, source, row.dimensions, row.status)


async def all_models(session: AsyncSession) -> list[Model]:
    """Every model that ever made vectors here."""
    return [_model(row) for row in await ask(session, _MODELS)]


async def active_model(session: AsyncSession) -> Model | None:
    """The model that is compared by."""
    return next((model for model in await all_models(session) if model.status == "active"), None)


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What has to be known of a source before its vectors can be kept."""

    source: Source
    dimensions: int
    ordinary: dict[Side, list[float]] | None


async def get_to_know(source: Source, settings: MatchingSettings) -> Acquaintance:
    """Asks a source how long its vectors are and what ordinary texts have in common. Raises `endpoint.Away`."""
    reader = new_reader(source, settings)
    if not isinstance(reader, Endpoint):
        return Acquaintance(source, reader.dimensions, None)
    try:
        (first,) = await reader.vectors([HARMLESS], Side.REQUEST, probing=True)
        reader.dimensions = len(first)
        ordinary = {side: await _mean_of_ordinary_texts(reader, side) for side in Side}
    finally:
        await reader.close()
    return Acquaintance(source, len(first), ordinary)


async def _mean_of_ordinary_texts(endpoint: Endpoint, side: Side) -> list[float]:
    texts, total, read = TEXTS.read_text().splitlines(), 0, 0
    for start in range(0, len(texts), endpoint.texts_at_once):
        part = await endpoint.vectors(texts[start : start + endpoint.texts_at_once], side, probing=True)
        vectors = [vector for vector in part if vector is not None]
        total, read = total + sum(vectors), read + len(vectors)
    return [round(float(number), 6) for number in total / read]  # type: ignore[attr-defined]


_ADD = text(
    """
    INSERT INTO embedding_model AS e (make, version, source, dimensions, ordinary, status)
    VALUES (:make, 1, CAST(:source AS jsonb), :dimensions, CAST(:ordinary AS jsonb), 'filling')
    ON CONFLICT (make) DO UPDATE
        SET source = excluded.source, version = e.version + 1,
            status = CASE WHEN e.status = 'active' THEN 'active' ELSE 'filling' END
    RETURNING model_id, dimensions
    """
)


async def add(session: AsyncSession, known: Acquaintance) -> int:
    """Keeps a model that is to be filled, or one that is known and may have another address now; returns its id.

    One that was left has no vectors any more (`removed`): what changed since then did not come to them.
    """
    ordinary = json.dumps({side.value: vector for side, vector in known.ordinary.items()}) if known.ordinary else None
    values = {
        "make": known.source.make,
        "source": known.source.model_dump_json(),
        "dimensions": known.dimensions,
        "ordinary": ordinary,
    }
    (row,) = await ask(session, _ADD, values)
    if row.dimensions != known.dimensions:
        raise Away(f"{known.source.make} had vectors of {row.dimensions} dimensions before, now {known.dimensions}")
    return int(row.model_id)


_CHANGE_SOURCE = text(
    """
    UPDATE embedding_model SET source = CAST(:source AS jsonb), version = version + 1
    WHERE model_id = :model_id AND source <> CAST(:source AS jsonb)
    """
)


async def change_source(session: AsyncSession, model_id: int, source: Source) -> None:
    """The same model is found elsewhere from now on."""
    await ask(session, _CHANGE_SOURCE, {"model_id": model_id, "source": source.model_dump_json()})


_LEAVE = text("UPDATE embedding_model SET status = 'left' WHERE model_id <> :model_id AND status = ANY(:statuses)")
_SWITCH = text("UPDATE embedding_model SET status = 'active' WHERE model_id = :model_id")


async def leave_others(session: AsyncSession, model_id: int) -> None:
    """A move to another model was begun and not finished: it is given up."""
    await ask(session, _LEAVE, {"model_id": model_id, "statuses": ["filling"]})


async def switch_to(session: AsyncSession, model_id: int) -> None:
    """From now on, in every replica, meanings are compared by this model. The caller has taken the turn."""
    await ask(session, _LEAVE, {"model_id": model_id, "statuses": ["active", "filling"]})
    await ask(session, _SWITCH, {"model_id": model_id})


_REMOVED = text("UPDATE embedding_model SET status = 'removed' WHERE model_id = :model_id AND status = 'left'")


async def removed(session: AsyncSession, model_id: int) -> None:
    """The vectors of a model that was left are gone."""
    await ask(session, _REMOVED, {"model_id": model_id})


#: How the index is built (m, ef_construction) and searched: see docs/decisions/0025.
INDEX_OPTIONS = "m = 16, ef_construction = 64"


def index_name(model_id: int, side: Side) -> str:
    """The index of a model's vectors of what is open."""
    return f"ix_meaning_{model_id}_{side.value}"


async def make_indexes(engine: AsyncEngine, model_id: int, dimensions: int) -> None:
    """Makes a model's indexes where they lack, while matching goes on; one that was broken off is made anew."""
    for side in Side:
        name = index_name(model_id, side)
        async with engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            valid = (await connection.execute(_IS_VALID, {"name": name})).scalar_one_or_none()
            if valid:
                continue
            if valid is False:
                await connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            await connection.execute(
                text(
                    f"""
                    CREATE INDEX CONCURRENTLY IF NOT EXISTS {name} ON meaning
                    USING hnsw ((vector::halfvec({dimensions})) halfvec_cosine_ops) WITH ({INDEX_OPTIONS})
                    WHERE model_id = {model_id} AND side = '{side.value}' AND is_open
                    """
                )
            )


async def drop_indexes(engine: AsyncEngine, model_id: int) -> None:
    """Removes a model's indexes while matching goes on."""
    for side in Side:
        async with engine.connect() as connection:
            connection = await connection.execution_options(isolation_level="AUTOCOMMIT")
            await connection.execute(text(f"DROP INDEX CONCURRENTLY IF EXISTS {index_name(model_id, side)}"))


_IS_VALID = text("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(:name)")
