"""What reads texts in one process: the model inside it, or an endpoint, as the row of the model in use says."""

import asyncio
from typing import Any, Protocol

from sqlmodel.ext.asyncio.session import AsyncSession

from contracts.vocabulary import Side
from services.matching import models
from services.matching.endpoint import HARMLESS, Endpoint
from services.matching.models import Acquaintance, Source
from services.matching.ordinary import TEXTS
from services.matching.settings import MatchingSettings
from services.matching.similarity import InProcess


class Reader(Protocol):
    """What reads texts, here or elsewhere."""

    dimensions: Any
    away: str | None
    texts_at_once: int

    async def read(self, texts: Any, side: Side, *, probing: bool = False) -> list[str | None]:
        """The vector of each text, as PostgreSQL writes it; none for one that it refuses. Raises `endpoint.Away`."""

    def rests_seconds(self) -> float:
        """How long it is to be left alone."""

    async def close(self) -> None:
        """Lets go of what is open."""


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
            model = await models.get(session, model_id)
            if model.is_of_another_release:
                return None
            await self.close()
            reader = new_reader(model.source, self._settings, model.dimensions, model.ordinary)
            self._known = {(model_id, version): reader}
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
