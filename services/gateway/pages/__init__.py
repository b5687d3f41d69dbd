"""A few plain pages, so that every link in a mail leads somewhere useful: no scripts, phone first, two languages."""

from services.gateway.pages import (
    about,
    docs,
    inbox,
    insight,
    matches,
    partners,
    preferences,
    problems,
    requests,
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
    insight.router,
    matches.router,
    preferences.router,
    partners.router,
    problems.router,
    requests.router,
    same.router,
    signing_in.router,
    start.router,
    static.router,
    status.router,
)
