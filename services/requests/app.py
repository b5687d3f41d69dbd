"""Requests: what is asked and what is offered, and where that is in its life. The wiring; read this first."""

from chassis import Service
from services.requests import api, handlers, kept, listing_api, store
from services.requests.settings import RequestsSettings


def service(settings: RequestsSettings | None = None) -> Service:
    """The service, on its settings."""
    return Service(
        "requests",
        settings or RequestsSettings(),
        tables=store.Table,
        api=[*api.routers, *listing_api.routers, kept.router],
        handlers=handlers.router,
    )
