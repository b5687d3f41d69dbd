"""The pages: every link in a mail leads somewhere useful, and each works without a script; in two languages."""

from services.gateway.pages import (
    about,
    docs,
    inbox,
    insight,
    joining,
    matches,
    partners,
    placing,
    preferences,
    problems,
    propositions,
    same,
    signing_in,
    start,
    static,
    status,
)

routers = (
    about.router,
    docs.router,
    inbox.router,
    joining.router,
    insight.router,
    matches.router,
    partners.router,
    placing.router,
    preferences.router,
    problems.router,
    propositions.router,
    same.router,
    signing_in.router,
    start.router,
    static.router,
    status.router,
)
