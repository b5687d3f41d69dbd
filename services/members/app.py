"""Members: persons, organisations, ambassadors, consent. The wiring; read this first."""

from chassis import Service
from services.members import api, departed, figures, handlers, store
from services.members.erased_list import keep_list
from services.members.merging_persons import compare_all
from services.members.node_team import ensure_node_team
from services.members.nodes import announce
from services.members.settings import MembersSettings


def service(settings: MembersSettings | None = None) -> Service:
    """The service, on its settings."""
    return Service(
        "members",
        settings or MembersSettings(),
        tables=store.Table,
        api=api.routers,
        handlers=handlers.router,
        own_figures=figures.figures,
        background=[ensure_node_team, announce, keep_list, compare_all, departed.keep_erasing],
    )
