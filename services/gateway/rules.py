"""What the gateway decides: who is known by a cookie, what comes from our own pages, whose address it is. Pure."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from chassis import Problem
from services.gateway.settings import Network

#: What a method does to the world: these do nothing.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

#: The use of a session is noted this often at most, so that a call does not cost a write.
NOTED_EVERY = timedelta(hours=1)

#: How long a browser that did not take in its new cookie yet is known by the old one, after a change of roles.
TURNED_OVER = timedelta(minutes=1)

#: Who pressed a button to sign in twice began a session within this time whose token their browser threw away.
THROWN_AWAY_WITHIN = timedelta(seconds=15)

#: What browsers and systems are known by in `User-Agent`; the first that fits, for each also names others.
_BROWSERS = (
    *(("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox")),
    *(("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari")),
)
_SYSTEMS = (
    *(("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows")),
    *(("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux")),
)

_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # visible ASCII without a backslash; not `//host`


class CrossSite(
    Problem, slug="cross-site-request", status=403, title="This did not come from our own pages or from an API client"
):
    """A browser said that another site made it call us, or sent what a form of another site could send."""


class TooManyCalls(Problem, slug="too-many-calls", status=429, title="Too many calls: wait a moment"):
    """A limit for this member or this address was reached; `Retry-After` says how many seconds to wait."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(headers={"Retry-After": str(retry_after_seconds)})


@dataclass(frozen=True, slots=True)
class Session:
    """That a browser is a member's, from a sign-in until `expires_at`, unless it is silent for too long."""

    token_hash: bytes
    member_id: str
    seen_at: datetime
    expires_at: datetime
    roles: frozenset[str] | None = None
    """What the member could do when they were last seen here; none as long as nobody looked."""

    @property
    def shown_id(self) -> str:
        """By which a member says which of their sessions they mean; of no use to be known by."""
        return shown_id(self.token_hash)

    def is_live(self, now: datetime, idle: timedelta) -> bool:
        """Whether it still counts."""
        return now < self.expires_at and now < self.seen_at + idle

    def is_to_be_noted(self, now: datetime, idle: timedelta) -> bool:
        """Whether its use has to be written down again."""
        return now >= self.seen_at + min(NOTED_EVERY, idle / 10)


def new_token() -> str:
    """What a browser shows to be known: 256 random bits."""
    return secrets.token_urlsafe(32)


def token_hash(token: str) -> bytes:
    """What is stored of a token: who reads the database cannot use it."""
    return hashlib.sha256(token.encode()).digest()


def shown_id(token_hash: bytes) -> str:
    """What a session is called where it is shown."""
    return hashlib.sha256(b"shown" + token_hash).hexdigest()[:24]


def device_of(user_agent: str) -> str | None:
    """What somebody signed in with, as they would recognise it: `Firefox, Windows`. No more than that is kept."""
    named = [next((name for mark, name in marks if mark in user_agent), None) for marks in (_BROWSERS, _SYSTEMS)]
    return ", ".join(filter(None, named)) or None


def pushed_device(browser: str, member_id: str) -> str:
    """What a member's being told in a browser is called; `browser` is a secret that only that browser has."""
    return hashlib.sha256(f"{browser} {member_id}".encode()).hexdigest()[:32]


def form_token(session_token: str) -> str:
    """What a form of a page carries: only a page that we made for this session can know it.

    Another one each time, so that nobody can guess it bit by bit from the lengths of packed pages (BREACH).
    """
    salt = secrets.token_hex(8)
    return salt + _form_proof(session_token, salt)


def _form_proof(session_token: str, salt: str) -> str:
    return hmac.digest(session_token.encode(), f"form {salt}".encode(), "sha256").hex()


def check_form_token(session_token: str, shown: str) -> None:
    """Refuses a form that was not made for this session."""
    salt, proof = shown[:16], shown[16:]
    if not hmac.compare_digest(_form_proof(session_token, salt).encode(), proof.encode()):
        raise CrossSite


def check_own_origin(method: str, headers: Mapping[str, str], public_url: str) -> None:
    """Refuses a changing call that a page of another site made.

    As Go's `http.CrossOriginProtection` does it: a browser says by `Sec-Fetch-Site` where a call came from, an older
    one by `Origin`; what says neither is no browser, and nobody's cookies come along unseen.
    """
    if method in SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise CrossSite
        return
    origin = headers.get("origin")
    if origin is not None and origin != public_url and urlsplit(origin).netloc != headers.get("host"):
        raise CrossSite


def check_not_a_form(method: str, headers: Mapping[str, str]) -> None:
    """Refuses what a form or a script of any site can send without asking us first: all but JSON, or no body at all."""
    if method in SAFE_METHODS:
        return
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if (has_body or kind) and kind != "application/json":
        raise CrossSite("Send application/json.")


def local_path(wanted: str | None) -> str | None:
    """Where somebody wants to go on, if that is a page of ours: an address elsewhere is none."""
    if wanted is None or len(wanted) > 500 or not _PATH.fullmatch(wanted):
        return None
    return wanted


def client_address(peer: str | None, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """Whose call it is. A proxy that we trust tells whom it heard, and so on, until the first that we do not trust.

    Of an IPv6 address the first half counts: a household has all the rest.
    """
    heard = [part.strip() for part in (forwarded_for or "").split(",")] if trusted else []
    address = _address(peer)
    while address is not None and heard and any(address in network for network in trusted):
        told = _address(heard.pop())
        if told is None:
            break
        address = told
    if address is None:
        return "unknown"
    if isinstance(address, IPv6Address):
        return str(ip_network((address, 64), strict=False))
    return str(address)


def unknown_proxy(peer: str | None, forwarded_for: str | None, trusted: Sequence[Network]) -> str | None:
    """Who calls from an address that is not on the internet, tells of another, and is not believed; or none."""
    address = _address(peer)
    if not forwarded_for or address is None or not address.is_private:
        return None
    return None if any(address in network for network in trusted) else str(address)


def _address(text: str | None) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text or "")
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
