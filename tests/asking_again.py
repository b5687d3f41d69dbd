"""The broker and the database are asked again when no answer came: on a machine that stands still, a connection is made
anew, and one that was cut may be lent out once before that is seen.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NoAnswer
from nats.js.errors import NoStreamResponseError, ServiceUnavailableError

from chassis.database import is_away

Answer = TypeVar("Answer")

#: That nobody took or heard what was asked.
_NO_ANSWER = (NoAnswer, NoRespondersError, NoStreamResponseError, ServiceUnavailableError)

#: What comes about ends a wait at once, so this is only how long a busy machine may take.
PATIENCE_SECONDS = 60.0


async def answered(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What the broker answers; asked again when nothing came, for then the connection was made anew meanwhile, or the
    server read its accounts anew. Only for what may be asked twice.
    """
    return await _asked(ask, lambda error: isinstance(error, _NO_ANSWER))


async def stored(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """What the database has; asked again while it cannot be reached."""
    return await _asked(ask, is_away)


async def _asked(ask: Callable[[], Awaitable[Answer]], once_more: Callable[[BaseException], bool]) -> Answer:
    deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
    while True:
        try:
            return await ask()
        except Exception as error:
            if not once_more(error) or asyncio.get_running_loop().time() > deadline:
                raise
        await asyncio.sleep(0.05)
