"""The parts of the gateway and how they hang together."""

import asyncio
from typing import TYPE_CHECKING

from pydantic_core import to_json

from services.gateway.callers import Callers
from services.gateway.catalogue import Catalogue
from services.gateway.document import Document, one_document
from services.gateway.forwarding import Forwarder
from services.gateway.identities import Identities
from services.gateway.limiting import RateLimits
from services.gateway.partner_door import PartnerDoor
from services.gateway.provider import Provider
from services.gateway.sessions import Sessions
from services.gateway.settings import GatewaySettings
from services.gateway.upstreams import Upstreams

if TYPE_CHECKING:
    from chassis import Service


class Gateway:
    """What the routes and pages of one gateway share: `request.app.state.gateway`."""

    def __init__(self, service: "Service", settings: GatewaySettings) -> None:
        self.settings = settings
        self.upstreams = Upstreams(settings)
        self.identities = Identities(settings, self.upstreams)
        self.sessions = Sessions(service, settings)
        self.limits = RateLimits(settings)
        self.provider = Provider(settings) if settings.oidc_issuer else None
        self._document: tuple[tuple[int, ...], Document, bytes] | None = None
        self._probed: tuple[float, asyncio.Future[dict[str, str]]] | None = None
        self.catalogue = Catalogue(settings, self.upstreams)
        self.callers = Callers(service, settings, self.sessions, self.identities, self.limits)
        self.forwarder = Forwarder(
            service,
            settings,
            callers=self.callers,
            catalogue=self.catalogue,
            identities=self.identities,
            limits=self.limits,
            sessions=self.sessions,
            upstreams=self.upstreams,
        )

        self.partner_door = PartnerDoor(callers=self.callers, limits=self.limits, upstreams=self.upstreams)

    def document(self, own: Document) -> Document:
        """The OpenAPI document of everything, as far as the services' own are known."""
        return self._described(own)[1]

    def document_bytes(self, own: Document) -> bytes:
        """The same, as it is sent."""
        return self._described(own)[2]

    def _described(self, own: Document) -> tuple[tuple[int, ...], Document, bytes]:
        if self._document is None or self._document[0] != self.catalogue.revision:
            found = one_document(
                own,
                self.catalogue.documents,
                public_url=self.settings.public_url,
                known=frozenset(self.upstreams.services),
            )
            self._document = (self.catalogue.revision, found, to_json(found))
        return self._document

    async def services_ready(self) -> dict[str, str]:
        """Which services answer that they can do their work.

        They are asked once a second at the most: anybody may ask the gateway, and as often as they like.
        """
        now = asyncio.get_running_loop().time()
        if self._probed is None or now >= self._probed[0] + 1:
            self._probed = now, asyncio.ensure_future(self._probe())
        return await asyncio.shield(self._probed[1])

    async def _probe(self) -> dict[str, str]:
        services = self.upstreams.services
        return dict(zip(services, await asyncio.gather(*map(self.upstreams.probe, services)), strict=True))


async def look_at_services(service: "Service") -> None:
    """In the background: which routes the services have."""
    gateway: Gateway = service.app.state.gateway
    await gateway.catalogue.keep_up()


async def forget_ended_sessions(service: "Service") -> None:
    """In the background: sessions that have ended are removed."""
    gateway: Gateway = service.app.state.gateway
    await gateway.sessions.forget_ended()


async def keep_connections(service: "Service") -> None:
    """In the background: nothing, until the gateway stops; then the connections to the services are closed."""
    gateway: Gateway = service.app.state.gateway
    try:
        await asyncio.Event().wait()
    finally:
        await gateway.upstreams.close()
        if gateway.provider:
            await gateway.provider.close()


async def services_ready(service: "Service") -> dict[str, str]:
    """Which services are there, for the operator."""
    gateway: Gateway = service.app.state.gateway
    return await gateway.services_ready()
