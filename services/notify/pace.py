"""How fast mail goes out, how much of it is in doubt, and how long a mail server that is away is left alone."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from weakref import WeakKeyDictionary

from services.notify import attempts

#: Since when a service in this process (one, or several in a test) finds no mail server.
away_since: WeakKeyDictionary[object, datetime] = WeakKeyDictionary()


class Pace:
    """Lets through so many mails a second, and at most a second's worth at once."""

    def __init__(self, per_second: float, now: float) -> None:
        self._per_second, self._left, self._seen = per_second, max(per_second, 1.0), now

    def room(self, now: float) -> int:
        """How many mails may go now."""
        self._left = min(self._left + (now - self._seen) * self._per_second, max(self._per_second, 1.0))
        self._seen = now
        return int(self._left)

    def take(self, mails: int) -> None:
        """So many go."""
        self._left -= mails

    def wait_seconds(self) -> float:
        """How long until the next may go."""
        return max(0.0, (1 - self._left) / self._per_second)


class Window:
    """Lets only so many mails be with the server without being marked: a process that is killed leaves those in doubt.

    A mail that the server thinks about for long lets the next one by, so that one tarpit does not stop everybody.
    """

    def __init__(self, mails_max: int, seconds_max: float) -> None:
        self._room, self._seconds_max = asyncio.Semaphore(mails_max), seconds_max

    async def enter(self) -> Callable[[], None]:
        """Returns when a mail may be offered, with what is to be called once when it is marked."""
        await self._room.acquire()
        inside = [self._room]

        def leave() -> None:
            timer.cancel()
            if inside:
                inside.pop().release()

        timer = asyncio.get_running_loop().call_later(self._seconds_max, leave)
        return leave


class Patience:
    """With a mail server that is away: it is asked again after a while, longer after each failure in a row."""

    def __init__(self) -> None:
        self.failures = 0
        self._until = 0.0

    def wait_seconds(self, now: float) -> float:
        """How long the server is still left alone."""
        return max(0.0, self._until - now)

    def is_away(self, now: float, jitter: float) -> float:
        """The server was away: of several that find it so at once, one counts. Returns how long it is left alone."""
        if now >= self._until:
            self.failures += 1
            self._until = now + attempts.server_pause_seconds(self.failures, jitter)
        return self._until - now

    def is_there(self) -> None:
        """The server answered."""
        self.failures, self._until = 0, 0.0
