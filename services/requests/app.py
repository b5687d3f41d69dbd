"""Requests: what is asked and offered, and what people then do together. The wiring; read this first."""

from chassis import Service
from services.requests import api, expiring, handlers, kept, listing_api, store
from services.requests.initiatives import api as initiatives
from services.requests.settings import RequestsSettings


def service(settings: RequestsSettings | None = None) -> Service:
    """The service, on its settings."""
    return Service(
        "requests",
        settings or RequestsSettings(),
        tables=store.Table,
        api=[*api.routers, *listing_api.routers, *initiatives.routers, kept.router],
        handlers=handlers.router,
        background=[expiring.keep_expiring],
    )
