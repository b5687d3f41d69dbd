"""What is decided about webhooks: how a call is signed, when it is tried again. Pure."""

import base64
import hashlib
import hmac
from datetime import datetime, timedelta
from typing import Literal

from chassis.outward import Answer

SECRET_BEGIN = "whsec_"  # noqa: S105  what every secret begins with (Standard Webhooks), and not one
SECRET_BYTES = 32

#: The wait after a first failure, how it grows, and the longest: of an endpoint that refuses one event, and of one
#: that is not there, at which then is only knocked.
FIRST, FACTOR, LONGEST, LONGEST_PAUSE = timedelta(seconds=5), 3, timedelta(hours=6), timedelta(minutes=15)

#: Who asks for more patience than this gets a try each day.
ASKED_PATIENCE_MAX = timedelta(days=1)

#: Nothing is left alone for so long between two tries: this node was off, or what it keeps is of a backup.
OFF_AFTER = timedelta(hours=36)

#: Too many requests, and what a proxy answers for a server that is not there: it is the endpoint and not the event.
AWAY = frozenset({429, 502, 503, 504})
GONE = 410


Verdict = Literal["taken", "refused", "away", "gone"]


def verdict(answer: Answer) -> Verdict:
    """Whether it was taken; if not, whether that is about this event, or about the endpoint."""
    if answer.status is None or answer.status in AWAY:
        return "away"
    if 200 <= answer.status < 300:
        return "taken"
    return "gone" if answer.status == GONE else "refused"


def next_try(tries: int, now: datetime, answer: Answer, jitter: float, longest: timedelta) -> datetime:
    """When to try again after so many tries, at the soonest when the endpoint asked; `jitter` is from 0 to 1."""
    wait = min(FIRST * FACTOR ** min(tries - 1, 12), longest) * (0.8 + 0.4 * jitter)
    return now + max(wait, min(answer.retry_after or timedelta(), ASKED_PATIENCE_MAX))


def signatures(secrets: list[str], news_id: str, sent_at: datetime, body: bytes) -> dict[str, str]:
    """The headers that prove who sent it, and when: a signature for each secret (Standard Webhooks, `v1`)."""
    timestamp = str(int(sent_at.timestamp()))
    signed = b".".join((news_id.encode(), timestamp.encode(), body))
    made = [base64.b64encode(hmac.digest(_key(secret), signed, hashlib.sha256)).decode() for secret in secrets]
    return {
        "webhook-id": news_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{one}" for one in made),
    }


def _key(secret: str) -> bytes:
    return base64.b64decode(secret.removeprefix(SECRET_BEGIN))
