"""What is decided about messages to a device: whether and when one goes, and when it is tried again. Pure."""

from datetime import datetime, timedelta
from typing import Literal

from chassis.outward import Answer
from services.notify.moments import Wishes
from services.notify.templates import Category

#: A message that did not reach its device by then tells nothing new; the push service is told the same.
KEEP_TRYING = timedelta(days=1)

#: The wait after a first failure, how it grows, and the longest.
_FIRST, _FACTOR, _LONGEST = timedelta(seconds=5), 3, timedelta(hours=1)

#: So many devices of one person are told; more is somebody who never signs out.
DEVICES_MAX = 10

#: The browser took its address back; or said yes to a key that this node has no more. Who wants it can ask anew.
_GONE = frozenset({401, 403, 404, 410})

Verdict = Literal["taken", "gone", "refused", "away"]


def when(
    wishes: Wishes,
    category: Category | None,
    *,
    was_read: bool,
    since: datetime,
    now: datetime,
    expires_at: datetime | None = None,
) -> datetime | None:
    """When a message goes: now, or after quiet hours; never (none) when nobody is served by it any more, or then."""
    if was_read or not wishes.is_pushed(category) or now - since > KEEP_TRYING:
        return None
    moment = wishes.not_before(now)
    return moment if expires_at is None or moment < expires_at else None


def verdict(answer: Answer) -> Verdict:
    """Whether the push service took it; if not, whether the device, the message or the service is the reason."""
    if answer.status is None or answer.status in (408, 429) or answer.status >= 500:
        return "away"
    if 200 <= answer.status < 300:
        return "taken"
    return "gone" if answer.status in _GONE else "refused"


def next_try(tries: int, now: datetime, answer: Answer, jitter: float) -> datetime:
    """When to try again after so many tries, not before the push service asked; `jitter` is from 0 to 1."""
    wait = min(_FIRST * _FACTOR ** min(tries - 1, 12), _LONGEST) * (0.8 + 0.4 * jitter)
    return now + max(wait, min(answer.retry_after or timedelta(), KEEP_TRYING))
