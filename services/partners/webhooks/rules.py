"""What is decided about webhooks: which address may be one, how a call is signed, when it is tried again. Pure."""

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Literal
from urllib.parse import urlsplit

SECRET_BEGIN = "whsec_"  # noqa: S105  what every secret begins with (Standard Webhooks), and not one
SECRET_BYTES = 32

URL_CHARACTERS_MAX = 2000
ANSWER_CHARACTERS_MAX = 200

#: The wait after a first failure, how it grows, and the longest: of an endpoint that refuses one event, and of one
#: that is not there, at which then is only knocked.
FIRST, FACTOR, LONGEST, LONGEST_PAUSE = timedelta(seconds=5), 3, timedelta(hours=6), timedelta(minutes=15)

#: Who asks for more patience than this gets a try each day.
ASKED_PATIENCE_MAX = timedelta(days=1)

#: Too many requests, and what a proxy answers for a server that is not there: it is the endpoint and not the event.
AWAY = frozenset({429, 502, 503, 504})
GONE = 410


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: a status and the beginning of the text, or a problem when there was no answer."""

    ms: int
    status: int | None = None
    text: str | None = None
    problem: str | None = None
    retry_after: timedelta | None = None


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


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After asks: seconds, or a moment (RFC 9110); what is neither asks nothing."""
    if not header:
        return None
    if header.isascii() and header.isdigit() and len(header) < 10:
        return timedelta(seconds=int(header))
    try:
        return max(parsedate_to_datetime(header) - now, timedelta())
    except (ValueError, TypeError):  # TypeError: a moment without a zone
        return None


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


def check_url(url: str, *, to_private: bool) -> None:
    """Raises `ValueError` for what cannot be an endpoint; where it leads is looked at whenever it is called.

    `to_private`: http too, for who tries it out on one machine.
    """
    try:
        parts = urlsplit(url)
        is_whole = parts.hostname is not None and parts.port != 0
    except ValueError:
        is_whole = False
    if not is_whole or not url.isascii() or not url.isprintable() or " " in url or len(url) > URL_CHARACTERS_MAX:
        raise ValueError("an endpoint is a URL, such as https://network.example/hooks")
    if parts.scheme != "https" and not (to_private and parts.scheme == "http"):
        raise ValueError("an endpoint is called over https")
    if parts.username or parts.password or parts.fragment:
        raise ValueError("an endpoint has no name, password or fragment in its URL")


def shown(text: bytes) -> str:
    """The beginning of an answer, for who looks why it failed: a line of text without what a terminal would obey."""
    plain = "".join(one if one.isprintable() else " " for one in text.decode("utf-8", "replace"))
    return " ".join(plain.split())[:ANSWER_CHARACTERS_MAX]
