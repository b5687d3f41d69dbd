"""Which models make vectors: one that is compared by, and during a move one that is filled. Rows of `embedding_model`.

The row says where a model is found, so that every replica can ask the one that is in use, whatever the settings that
it was started with; only the key stays in its file.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.vocabulary import Side
from services.matching import similarity
from services.matching.endpoint import Away
from services.matching.settings import MatchingSettings
from services.matching.store import ask

#: Part of the make of every endpoint's vectors: change it when what we do with them comes out different.
ENDPOINT_MAKE = "1"


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
            key_file=settings.embedding_key_file if settings.embedding_url else None,
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
    ordinary: dict[Side, list[float]]
    """What ordinary texts have in common; none for the model inside the process, which brings it along."""
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


_MODELS = text("SELECT * FROM embedding_model WHERE model_id = coalesce(:model_id, model_id) ORDER BY model_id")


async def all_models(session: AsyncSession, model_id: int | None = None) -> list[Model]:
    """Every model that ever made vectors here, or the one with this id."""
    return [
        Model(
            model_id=row.model_id,
            make=row.make,
            version=row.version,
            source=Source.model_validate(row.source),
            dimensions=row.dimensions,
            ordinary={Side(side): vector for side, vector in (row.ordinary or {}).items()},
            status=row.status,
        )
        for row in await ask(session, _MODELS, {"model_id": model_id})
    ]


async def get(session: AsyncSession, model_id: int) -> Model:
    """A model by its id."""
    (model,) = await all_models(session, model_id)
    return model


async def active_model(session: AsyncSession) -> Model | None:
    """The model that is compared by."""
    return next((model for model in await all_models(session) if model.status == "active"), None)


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """What has to be known of a source before its vectors can be kept."""

    source: Source
    dimensions: int
    ordinary: dict[Side, list[float]] | None


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
