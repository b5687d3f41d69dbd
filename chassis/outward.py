"""Calling an address that somebody gave, and no other: nothing inside the node's own network can be reached by it.

A name may lead elsewhere at every look-up, so it is not enough to look at it beforehand. Here the look-up that is
looked at is the one whose addresses are connected to; and every socket that is made for a call looks once more at the
address that it is made for, however that was written or found. No redirect is followed, no proxy is asked.
"""

import asyncio
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

#: An IPv4 address within an IPv6 one is where the call would end: mapped, translated (NAT64), or tunnelled (6to4).
_TRANSLATED = IPv6Network("64:ff9b::/96")

#: Nobody's on the internet, though not every release of Python says so: for protocols, relays (6to4), translated within
#: a site, site-local, IPv4-compatible, documentation.
_INSIDE = tuple(
    map(
        ip_network,
        (
            *("192.0.0.0/24", "192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10"),
            *("::/96", "2001::/23", "3fff::/20"),
        ),
    )
)

ANSWER_BYTES_MAX = 4096
URL_CHARACTERS_MAX = 2000
ANSWER_CHARACTERS_MAX = 200

#: Looking up names takes threads of its own: who answers slowly for their name holds up nobody else.
LOOK_UPS_MAX = 8


@dataclass(frozen=True, slots=True)
class Answer:
    """What a call came to: a status and the beginning of the text, or a problem when there was no answer."""

    ms: int
    status: int | None = None
    text: str | None = None
    problem: str | None = None
    retry_after: timedelta | None = None


class NotPublic(OSError):
    """The address is not one on the internet."""

    def __init__(self) -> None:
        super().__init__("not a public address")


def is_public(address: str) -> bool:
    """Whether an address, as a socket has it, is one on the internet."""
    found: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    if isinstance(found, IPv6Address):
        if found in _TRANSLATED:
            found = IPv4Address(int(found) & 0xFFFFFFFF)
        elif inner := found.ipv4_mapped or found.sixtofour:
            found = inner
    if any(found in network for network in _INSIDE):
        return False
    return found.is_global and not found.is_multicast and not found.is_reserved


class _Names(AbstractResolver):
    """Looks names up; when one address of a name is not public, the name is not."""

    def __init__(self, *, to_private: bool) -> None:
        self._to_private = to_private
        self._threads = ThreadPoolExecutor(LOOK_UPS_MAX, "outward-names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Its addresses; raises `NotPublic`."""
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        addresses = [(kind, str(where[0])) for kind, _, _, _, where in found]
        if not self._to_private and not all(is_public(address) for _, address in addresses):
            raise NotPublic
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=kind,
                proto=socket.IPPROTO_TCP,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for kind, address in addresses
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _public_socket(where: Any) -> socket.socket:
    family, kind, protocol, _, address = where
    if not is_public(address[0]):
        raise NotPublic
    return socket.socket(family, kind, protocol)


class Caller:
    """Calls addresses that people gave, over connections that are kept for a while."""

    def __init__(self, *, to_private: bool, seconds_max: float) -> None:
        self._to_private = to_private
        self._names = _Names(to_private=to_private)
        self._client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._names,
                use_dns_cache=False,
                socket_factory=None if to_private else _public_socket,
                limit=0,  # how many calls are under way is limited for each endpoint
            ),
            timeout=aiohttp.ClientTimeout(total=seconds_max),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
        )

    async def call(self, url: str, headers: dict[str, str], body: bytes, now: datetime) -> Answer:
        """Posts; whatever comes of it is an answer, of which the beginning is read."""
        began = time.monotonic()
        took = lambda: int((time.monotonic() - began) * 1000)  # noqa: E731
        try:
            check_url(url, to_private=self._to_private)
            async with self._client.post(url, data=body, headers=headers, allow_redirects=False) as got:
                patience = retry_after(got.headers.get("Retry-After"), now)
                return Answer(took(), got.status, shown(await _beginning(got)), retry_after=patience)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            return Answer(took(), problem=_problem(error))

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()
        await self._names.close()


async def whole_of(got: aiohttp.ClientResponse, bytes_max: int) -> bytes:
    """All of an answer, in however many pieces it comes; raises `ValueError` for what goes on for too long."""
    content = bytearray()
    async for piece in got.content.iter_any():
        content += piece
        if len(content) > bytes_max:
            raise ValueError("an answer without end")
    return bytes(content)


async def _beginning(got: aiohttp.ClientResponse) -> bytes:
    """The first of the body; an answer that breaks off or goes on for too long is an answer by its status."""
    found = b""
    with suppress(aiohttp.ClientError, TimeoutError):
        while len(found) < ANSWER_BYTES_MAX and (more := await got.content.read(ANSWER_BYTES_MAX - len(found))):
            found += more
    if not got.content.at_eof():
        got.close()
    return found


def _problem(error: BaseException) -> str:
    """Why there was no answer, in a word that tells nothing of our own network."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, NotPublic):
            return "not-public"
        seen = getattr(seen, "os_error", None) or seen.__cause__
    if isinstance(error, TimeoutError):
        return "too-slow"
    if isinstance(error, aiohttp.ClientConnectorDNSError | socket.gaierror):
        return "name-unknown"
    if isinstance(error, aiohttp.ClientSSLError):
        return "certificate"
    if isinstance(error, aiohttp.ClientConnectorError):
        return "not-reached"
    return "bad-address" if isinstance(error, ValueError) else "broken-off"


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What a Retry-After asks: seconds, or a moment (RFC 9110); what is neither asks nothing."""
    if not header:
        return None
    if header.isascii() and header.isdigit() and len(header) < 10:
        return timedelta(seconds=int(header))
    try:
        return max(parsedate_to_datetime(header) - now, timedelta())
    except (ValueError, TypeError, OverflowError):  # a moment without a zone, or in a year that there is not
        return None


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
