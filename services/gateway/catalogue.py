"""What the services serve to the public: an explicit table of prefixes, and within it the routes of their documents.

Whatever is not in both does not exist for the public: a service's `/internal`, its health, its document.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from chassis import Problem
from chassis.problems import Unavailable
from services.gateway.settings import GatewaySettings
from services.gateway.upstreams import Upstreams

#: The first part of a path, and whose it is.
SERVICE_OF = {
    "ambassadors": "members",
    "deeds": "members",
    "erasures": "members",
    "invitations": "members",
    "members": "members",
    "node-team": "members",
    "organisations": "members",
    "partners": "partners",
    "places": "members",
    "same-organisations": "members",
    "same-persons": "members",
    "meetings": "requests",
    "offers": "requests",
    "initiatives": "requests",
    "introductions": "requests",
    "requests": "requests",
    "tips": "requests",
    "matches": "matching",
    "asks": "matching",
    "desk": "matching",
    "follow-ups": "matching",
    "hand-overs": "matching",
    "suggestions": "matching",
    "escalations": "matching",
    "insight": "insight",
    "inbox": "notify",
    "notifications": "notify",
    "preferences": "notify",
    "push-devices": "notify",
    "unsubscribe": "notify",
}

#: What somebody can ask without being signed in. The service is told nothing of who asks, even when they are.
OPEN_TO_ALL = frozenset(
    {
        ("POST", "/v1/members"),
        ("GET", "/v1/organisations"),
        ("GET", "/v1/organisations/{organisation_id}"),
        ("GET", "/v1/places"),
        ("GET", "/v1/tips"),
        ("GET", "/v1/tips/{offer_id}"),
        ("GET", "/v1/meetings"),
        ("GET", "/v1/meetings/{offer_id}"),
        ("GET", "/v1/meetings/{offer_id}/calendar"),
        ("GET", "/v1/erasures/{erasure_id}"),
        ("GET", "/v1/unsubscribe/{token}"),
        ("POST", "/v1/unsubscribe/{token}"),  # a form of a mail program (RFC 8058); the token in it is the proof
    }
)

METHODS = ("get", "post", "put", "patch", "delete")

#: When a path is not known, the document may be of before an upgrade: it is looked at again, but not all the time.
LOOKED_AGAIN_SECONDS = 2.0


class NotServed(Problem, slug="not-found", status=404, title="This does not exist"):
    """No service has this address for the public."""


class MethodNotServed(Problem, slug="method-not-allowed", status=405, title="This cannot be done here"):
    """The address exists, but not with this method; `Allow` has the methods it has."""


@dataclass(frozen=True, slots=True)
class Route:
    """One route of a service."""

    service: str
    template: str
    parts: tuple[str, ...]
    methods: frozenset[str]
    streams: bool = False
    """Whether its answer goes on for as long as somebody reads along."""

    def fits(self, parts: tuple[str, ...]) -> bool:
        """Whether a path, in parts, is this route's."""
        return len(parts) == len(self.parts) and all(
            own == part or (own.startswith("{") and part) for own, part in zip(self.parts, parts, strict=True)
        )

    def is_open(self, method: str) -> bool:
        """Whether nobody has to be signed in."""
        return (method, self.template) in OPEN_TO_ALL


@dataclass(slots=True)
class Known:
    """What is known of a service."""

    document: dict[str, Any] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()
    revision: int = 0
    looked_at: float = float("-inf")


class Catalogue:
    """The routes and the documents of the services, looked at now and then."""

    def __init__(self, settings: GatewaySettings, upstreams: Upstreams) -> None:
        self._settings, self._upstreams = settings, upstreams
        self._known = {service: Known() for service in upstreams.services}
        self._looking = {service: asyncio.Lock() for service in upstreams.services}

    @property
    def documents(self) -> dict[str, dict[str, Any]]:
        """The OpenAPI documents of the services, as far as they are known; a service that is away keeps its place."""
        return {service: known.document for service, known in self._known.items() if known.document}

    @property
    def revision(self) -> tuple[int, ...]:
        """Changes when a document does."""
        return tuple(known.revision for known in self._known.values())

    async def route(self, method: str, parts: tuple[str, ...]) -> Route:
        """Whose a path is, by its parts after `/v1`; raises `NotServed`, `MethodNotServed` or `Unavailable`."""
        service = SERVICE_OF.get(parts[0]) if parts else None
        if service not in self._known or not all(_is_plain(part) for part in parts):
            raise NotServed
        found = self._find(service, parts)
        if not found or method not in found.methods:
            await self._look_again(service)
            found = self._find(service, parts)
        if not found:
            raise NotServed
        if method not in found.methods:
            raise MethodNotServed(headers={"Allow": ", ".join(sorted(found.methods))})
        return found

    async def keep_up(self) -> None:
        """Looks at every service now and then, and soon again at one that was never seen."""
        while True:
            await asyncio.gather(*(self._try_to_look(service) for service in self._known))
            complete = all(known.document for known in self._known.values())
            await asyncio.sleep(self._settings.catalogue_seconds if complete else 1.0)

    def _find(self, service: str, parts: tuple[str, ...]) -> Route | None:
        return next((route for route in self._known[service].routes if route.fits(parts)), None)

    async def _look_again(self, service: str) -> None:
        """Looks, unless that was just done; while the service is away, what was known of it counts."""
        known = self._known[service]
        async with self._looking[service]:
            if time.monotonic() < known.looked_at + LOOKED_AGAIN_SECONDS:
                return
            try:
                await self._look(service)
            except Problem:
                if not known.document:
                    raise

    async def _try_to_look(self, service: str) -> None:
        with suppress(Problem):
            await self._look(service)

    async def _look(self, service: str) -> None:
        answer = await self._upstreams.call(service, "GET", "/openapi.json", token=None)
        if answer.status != 200:
            raise Unavailable(f"{service} is not ready")
        known, document = self._known[service], answer.json()
        known.looked_at = time.monotonic()
        if document != known.document:
            known.document, known.revision = document, known.revision + 1
            known.routes = tuple(sorted(_routes(service, document), key=_most_exact_first))


def _routes(service: str, document: dict[str, Any]) -> Iterator[Route]:
    for template, operations in document.get("paths", {}).items():
        parts = tuple(template.split("/")[1:])
        if parts[0] == "v1":
            methods = frozenset(method.upper() for method in METHODS if method in operations)
            yield Route(service, template, parts[1:], methods, _streams(operations))


def _streams(operations: dict[str, Any]) -> bool:
    answers = operations.get("get", {}).get("responses", {})
    return "text/event-stream" in answers.get("200", {}).get("content", {})


def _most_exact_first(route: Route) -> list[bool]:
    """`/members/me` is looked at before `/members/{member_id}`."""
    return [part.startswith("{") for part in route.parts]


def _is_plain(part: str) -> bool:
    """Whether a part of a path is no way to elsewhere."""
    return part not in ("", ".", "..") and "/" not in part and "\\" not in part
