"""Notify: tells people what concerns them, by mail, in their inbox, on their devices, and nothing twice."""

from chassis import Service
from services.notify import api, figures, handlers, kept, sending, streaming, tables
from services.notify.push import api as push_api
from services.notify.push.sending import send_pushes
from services.notify.settings import NotifySettings


def service(settings: NotifySettings | None = None) -> Service:
    """The service, ready to be run."""
    made = Service(
        "notify",
        settings or NotifySettings(),
        tables=tables.Table,
        api=[api.router, kept.router, push_api.router],
        handlers=handlers.router,
        background=[sending.send_mail, send_pushes, streaming.wake_streams],
        own_figures=figures.figures,
    )
    made.app.state.readers = streaming.Readers()
    return made
