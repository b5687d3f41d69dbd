"""Insight: what is asked and offered, where and about what, and what came of it. The wiring; read this first."""

from chassis import Service, Settings
from services.insight import api, handlers, tables


def service(settings: Settings | None = None) -> Service:
    """The service, on its settings."""
    return Service(
        "insight",
        settings or Settings(),
        tables=tables.Table,
        api=api.router,
        handlers=handlers.router,
    )
