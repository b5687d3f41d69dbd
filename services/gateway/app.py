"""The gateway: the one public address, and the only one who says who is calling. The wiring; read this first."""

from chassis import Service
from contracts import networks
from services.gateway import api, handlers, pages, store
from services.gateway.gateway import (
    Gateway,
    forget_ended_sessions,
    keep_connections,
    look_at_services,
    services_ready,
)
from services.gateway.guard import Guard, HeadAsGet
from services.gateway.pages import docs
from services.gateway.pages.errors import ForPeople
from services.gateway.settings import GatewaySettings


def service(settings: GatewaySettings | None = None) -> Service:
    """The service, on its settings."""
    settings = settings or GatewaySettings()
    networks.learn(settings.networks_folder)
    own = (api.router, docs.router)
    made = Service(
        "gateway",
        settings,
        tables=store.Table,
        api=[*own, *pages.routers],
        handlers=handlers.router,
        background=[look_at_services, forget_ended_sessions, keep_connections],
        other_parts=services_ready,
        document_at=None,  # the public document is that of all services together
    )
    made.app.state.gateway = Gateway(made, settings)
    made.app.router.redirect_slashes = False  # it would tell a client to go to whatever host it named
    made.app.mount("/partners", made.app.state.gateway.partner_door)
    made.app.mount("/api/v1", made.app.state.gateway.forwarder)  # whatever is no route of our own
    routes = made.app.router.routes
    routes.insert(len(own), routes.pop())  # most calls are for it: no page need be asked first whether it is theirs
    made.app.add_middleware(ForPeople)
    made.app.add_middleware(Guard, settings=settings)
    made.app.add_middleware(HeadAsGet)
    return made
