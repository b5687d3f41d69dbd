"""Notify: tells people what concerns them, by mail and in their inbox, and never the same thing twice."""

from chassis import Service
from services.notify import api, figures, handlers, kept, sending, streaming, tables
from services.notify.settings import NotifySettings


def service(settings: NotifySettings | None = None) -> Service:
    """The service, ready to be run."""
    made = Service(
        "notify",
        settings or NotifySettings(),
        tables=tables.Table,
        api=[api.router, kept.router],
        handlers=handlers.router,
        background=[sending.send_mail, streaming.wake_streams],
        own_figures=figures.figures,
    )
    made.app.state.readers = streaming.Readers()
    return made
