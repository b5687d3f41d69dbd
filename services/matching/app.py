"""Matching: what is asked beside what is offered, and the two sides brought together. The wiring; read this first."""

from chassis import Service
from services.matching import (
    api,
    asks_api,
    catching_up,
    desk_api,
    figures,
    handlers,
    kept,
    looking_along,
    overdue,
    store,
    suggestions,
)
from services.matching.readers import Readers
from services.matching.rereading import read_anew
from services.matching.settings import MatchingSettings


def service(settings: MatchingSettings | None = None) -> Service:
    """The service, on its settings."""
    settings = settings or MatchingSettings()
    made = Service(
        "matching",
        settings,
        tables=store.Table,
        api=[
            api.router,
            api.escalations,
            *desk_api.routers,
            asks_api.asks,
            asks_api.follow_ups,
            suggestions.router,
            looking_along.router,
            kept.router,
        ],
        handlers=handlers.router,
        background=[catching_up.load_model, catching_up.keep_up, read_anew, overdue.keep_looking],
        other_parts=catching_up.parts,
        own_figures=figures.figures,
    )
    made.app.state.readers = Readers(settings)
    return made
