"""Matching: what is asked beside what is offered, and the two sides brought together. The wiring; read this first."""

from chassis import Service
from services.matching import api, handlers, store, suggestions
from services.matching.rereading import read_anew
from services.matching.settings import MatchingSettings
from services.matching.similarity import load_model


def service(settings: MatchingSettings | None = None) -> Service:
    """The service, on its settings."""
    return Service(
        "matching",
        settings or MatchingSettings(),
        tables=store.Table,
        api=[api.router, suggestions.router],
        handlers=handlers.router,
        background=[load_model, read_anew],
    )
