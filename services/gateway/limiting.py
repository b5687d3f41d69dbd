"""How often somebody may call. Counted in the memory of this process: several processes of the gateway each allow as
much, and a restart forgets. That is enough against one who asks too much; what must hold for an address everywhere (the
mails it gets) is counted in a database, by members.
"""

import time
from collections.abc import Iterable
from typing import Literal

from limits import RateLimitItem, parse_many
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter

from services.gateway.rules import TooManyCalls
from services.gateway.settings import GatewaySettings

COUNTED_MAX = 100_000

What = Literal["sign-in-link", "sign-in", "join", "member", "address", "partners-door"]


class Counts(Storage):
    """Counts of windows that end by themselves. limits' own storage in memory looks at every count at every call.

    By a clock that nobody sets: one that is set back an hour would keep whoever used up a minute out for that hour.
    """

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        """What can go wrong: nothing that we know of."""
        return ValueError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Counts; the window begins with the first."""
        now = time.monotonic()
        count, ends = self._counts.get(key, (0, 0.0))
        if ends <= now:
            count, ends = 0, now + expiry
            if len(self._counts) >= COUNTED_MAX:
                self._make_room(now)
        self._counts[key] = (count + amount, ends)
        return count + amount

    async def get(self, key: str) -> int:
        """The count of the window that goes on now."""
        count, ends = self._counts.get(key, (0, 0.0))
        return count if ends > time.monotonic() else 0

    async def get_expiry(self, key: str) -> float:
        """When the window ends."""
        return self._counts.get(key, (0, time.monotonic()))[1]

    async def check(self) -> bool:
        """Memory is always there."""
        return True

    async def reset(self) -> int | None:
        """Forgets every count."""
        counted = len(self._counts)
        self._counts.clear()
        return counted

    async def clear(self, key: str) -> None:
        """Forgets one count."""
        self._counts.pop(key, None)

    def _make_room(self, now: float) -> None:
        self._counts = {key: value for key, value in self._counts.items() if value[1] > now}
        while len(self._counts) >= COUNTED_MAX:  # the oldest go: whoever fills it with addresses frees only others
            self._counts.pop(next(iter(self._counts)))


class RateLimits:
    """The limits of this process."""

    def __init__(self, settings: GatewaySettings) -> None:
        self._limiter = FixedWindowRateLimiter(Counts())
        self._limits: dict[What, list[RateLimitItem]] = {
            "sign-in-link": parse_many(settings.sign_in_limit),
            "sign-in": parse_many(settings.sign_in_limit),
            "join": parse_many(settings.join_limit),
            "member": parse_many(settings.member_limit),
            "address": parse_many(settings.address_limit),
            "partners-door": parse_many(settings.address_limit),  # no visitor of a page uses it up
        }

    async def count(self, what: What, whose: str) -> None:
        """One more; raises `TooManyCalls` when it is one too many."""
        for limit in self._limits[what]:
            if not await self._limiter.hit(limit, what, whose):
                raise TooManyCalls(await self._seconds_left([limit], what, whose))

    async def check(self, what: What, whose: str) -> None:
        """Counts nothing; raises `TooManyCalls` when one more would be one too many."""
        for limit in self._limits[what]:
            if not await self._limiter.test(limit, what, whose):
                raise TooManyCalls(await self._seconds_left([limit], what, whose))

    async def _seconds_left(self, limits: Iterable[RateLimitItem], what: What, whose: str) -> int:
        ends = [(await self._limiter.get_window_stats(limit, what, whose)).reset_time for limit in limits]
        return max(1, round(max(ends) - time.monotonic() + 0.5))
