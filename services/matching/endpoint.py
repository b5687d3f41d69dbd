"""Vectors from an OpenAI-compatible endpoint: some patience with a short trouble, and none with a long one.

An endpoint that failed is left alone for a while (a circuit breaker), so that it slows no event: whatever comes in is
matched by words meanwhile. Only the background (`catching_up`) tries whether it is back. Nothing of a text, and nothing
that the endpoint answers, is in a log or an error.
"""

import asyncio
import random
import time
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
from pydantic_core import from_json, to_json

from chassis.outward import whole_of
from chassis.telemetry import log
from contracts.vocabulary import Side
from services.matching.settings import MatchingSettings
from services.matching.similarity import without_the_ordinary

TRIES_MAX, FIRST_WAIT_SECONDS = 3, 0.1
CONNECTIONS_MAX = 4
ANSWER_BYTES_MAX = 32 * 1024 * 1024
VECTOR_DIMENSIONS_MAX = 4000  # what PostgreSQL can index of halves

#: Asked after a refusal: when this is refused too, it is not the text that is wrong.
HARMLESS = "Gastles over warmtepompen."

Vectors = list[Any]


class Away(Exception):
    """No vectors can be had now; `why` is for the operator."""

    def __init__(self, why: str, *, soon: bool = False, wait_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.why, self.soon, self.wait_seconds = why, soon, wait_seconds


class Refused(Exception):
    """The endpoint does not take a text: too long for it, or not to its liking."""


class Endpoint:
    """One model at one address, as one process sees it."""

    def __init__(
        self,
        model: str,
        url: str,
        *,
        settings: MatchingSettings,
        key_file: Path | None = None,
        query_prefix: str = "",
        document_prefix: str = "",
        dimensions: int | None = None,
        ordinary: dict[Side, Any] | None = None,
    ) -> None:
        self._model, self._url, self._key_file = model, f"{url.rstrip('/')}/embeddings", key_file
        self._prefixes = {Side.REQUEST: query_prefix, Side.OFFER: document_prefix}
        self._ordinary = ordinary
        self._timeout_seconds, self._pause_max = (
            settings.embedding_timeout_seconds,
            settings.embedding_pause_seconds_max,
        )
        self.dimensions, self.texts_at_once = dimensions, settings.embedding_batch_size_max
        self.away: str | None = None
        """Why it cannot be asked now."""
        self._pause, self._again_at = 1.0, 0.0

    async def read(self, texts: Sequence[str], side: Side, *, probing: bool = False) -> list[str | None]:
        """The vector of each text, as PostgreSQL writes it; none for one that the endpoint refuses. Raises `Away`.

        While it is away, only who probes asks it.
        """
        assert self._ordinary is not None
        found: list[str | None] = []
        for start in range(0, len(texts), self.texts_at_once):
            part = await self.vectors(texts[start : start + self.texts_at_once], side, probing=probing)
            found += [None if one is None else without_the_ordinary(one, self._ordinary[side]) for one in part]
        return found

    async def vectors(self, texts: Sequence[str], side: Side, *, probing: bool = False) -> Vectors:
        """The model's own vectors of a few texts; none for one that is refused. Raises `Away`."""
        if self.away and not probing:
            raise Away(self.away)
        prefixed = [self._prefixes[side] + text for text in texts]
        try:
            try:
                found = await self._asked(prefixed)
            except Refused:
                found = await self._one_by_one(prefixed)
        except Away as away:
            self._left_alone(away, probing=probing)
            raise
        self._is_back()
        return found

    def rests_seconds(self) -> float:
        """How long an endpoint that is away is to be left alone."""
        return max(0.0, self._again_at - time.monotonic()) if self.away else 0.0

    async def close(self) -> None:
        """Closes the connections; the next call opens them again."""
        if "_client" in self.__dict__:
            client = self._client
            del self._client
            await client.close()

    async def _one_by_one(self, texts: Sequence[str]) -> Vectors:
        """One of these is refused, unless everything is."""
        found = await self._each(texts)
        if any(vector is not None for vector in found):
            return found
        try:
            await self._asked([HARMLESS])
        except Refused:
            raise Away("the embedding endpoint refuses every text") from None
        return await self._each(texts)  # it may just have come back: whoever is refused waits for a day

    async def _each(self, texts: Sequence[str]) -> Vectors:
        found: Vectors = []
        for text in texts:
            try:
                found += await self._asked([text])
            except Refused:
                found.append(None)
        return found

    async def _asked(self, texts: Sequence[str]) -> Vectors:
        """Asks, and after a short trouble again, until the time for it is up."""
        deadline = time.monotonic() + self._timeout_seconds
        wait = FIRST_WAIT_SECONDS
        for attempt in range(1, TRIES_MAX + 1):
            try:
                async with asyncio.timeout(deadline - time.monotonic()):
                    return await self._asked_once(texts)
            except TimeoutError:
                raise Away(f"the embedding endpoint does not answer within {self._timeout_seconds:g} s") from None
            except Away as away:
                pause = max(away.wait_seconds, wait * random.uniform(0.5, 1.5))
                if not away.soon or attempt == TRIES_MAX or time.monotonic() + pause > deadline:
                    raise
                await asyncio.sleep(pause)
                wait *= 3
        raise AssertionError("every way through the loop ends it")

    async def _asked_once(self, texts: Sequence[str]) -> Vectors:
        body = to_json({"model": self._model, "input": texts, "encoding_format": "float"})
        try:
            async with self._client.post(
                self._url, data=body, headers=self._headers(), allow_redirects=False
            ) as answer:
                if answer.status in (400, 413, 422):
                    raise Refused
                if answer.status != 200:
                    raise _away_because(answer)
                content = await _limited(answer)
        except aiohttp.ClientConnectorError:
            raise Away("the embedding endpoint cannot be reached", soon=True) from None
        except aiohttp.ClientError as error:
            raise Away(f"the embedding endpoint broke off ({type(error).__name__})", soon=True) from None
        return self._understood(content, len(texts))

    def _headers(self) -> dict[str, str]:
        headers = {"Content-Type": "application/json"}
        if self._key_file:  # read each time: a key that is replaced needs no restart
            try:
                key = self._key_file.read_text().strip()
            except OSError:
                raise Away("the file with the embedding endpoint's key cannot be read") from None
            if key:  # a container has a file, also where there is no key
                headers["Authorization"] = f"Bearer {key}"
        return headers

    def _understood(self, content: bytes, count: int) -> Vectors:
        """The vectors in an answer, in the order of the texts."""
        try:
            data = sorted(from_json(content)["data"], key=lambda one: one["index"])
            found = np.array([one["embedding"] for one in data], dtype=np.float32)
            assert [one["index"] for one in data] == list(range(count))
            assert found.ndim == 2
            assert np.isfinite(found).all()
            lengths = np.linalg.norm(found, axis=1, keepdims=True)
            assert (lengths > 1e-6).all()
        except (ValueError, TypeError, KeyError, AssertionError, OverflowError):
            raise Away("the embedding endpoint answers with something else than vectors") from None
        if self.dimensions not in (None, found.shape[1]) or found.shape[1] > VECTOR_DIMENSIONS_MAX:
            raise Away(f"the embedding endpoint's vectors have {found.shape[1]} dimensions")
        return list(found / lengths)

    def _left_alone(self, away: Away, *, probing: bool) -> None:
        """A circuit that opens, or after another try in vain stays open for twice as long."""
        if self.away is None:
            self._pause = min(1.0, self._pause_max)
            log.warning("matching by words alone", why=away.why)
        elif probing:
            self._pause = min(self._pause * 2, self._pause_max)
        self.away = away.why
        self._again_at = time.monotonic() + max(self._pause, min(away.wait_seconds, self._pause_max))

    def _is_back(self) -> None:
        if self.away:
            log.info("matching by meaning again")
            self.away = None

    @cached_property
    def _client(self) -> aiohttp.ClientSession:  # it belongs to the loop that it is first used in
        return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX))


async def _limited(answer: aiohttp.ClientResponse) -> bytes:
    try:
        return await whole_of(answer, ANSWER_BYTES_MAX)
    except ValueError:
        raise Away("the embedding endpoint answers without end") from None


def _away_because(answer: aiohttp.ClientResponse) -> Away:
    status = answer.status
    if status == 429:
        asked = answer.headers.get("Retry-After", "")
        return Away(
            "the embedding endpoint is too busy for us (429)",
            soon=True,
            wait_seconds=float(asked) if asked.isascii() and asked.isdigit() else 0.0,
        )
    if status in (401, 403):
        return Away(f"the embedding endpoint does not let us in ({status}): look at ODH_EMBEDDING_KEY_FILE")
    if status == 404:
        return Away("the embedding endpoint knows no such address or model (404)")
    return Away(f"the embedding endpoint fails ({status})", soon=status >= 500)
