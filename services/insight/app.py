"""Insight: what is asked and offered, where and about what, and what came of it. The wiring; read this first."""

from chassis import Service
from contracts import networks
from services.insight import api, handlers, tables
from services.insight.settings import InsightSettings


def service(settings: InsightSettings | None = None) -> Service:
    """The service, on its settings."""
    settings = settings or InsightSettings()
    networks.learn(settings.networks_folder)
    return Service(
        "insight",
        settings,
        tables=tables.Table,
        api=api.router,
        handlers=handlers.router,
        gather_seconds=settings.gather_seconds,
    )
