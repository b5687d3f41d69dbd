"""Partners: the networks that push from their own systems, and what became of each event. The wiring; read first."""

import asyncio
from functools import partial

from sqlalchemy import text

from chassis import KeptClosed, Service
from chassis.streams import OwnStream
from contracts import networks
from services.partners import api, figures, handlers, kept, page_api, profiles, store, turns
from services.partners.document import complete
from services.partners.nats_door import hear_partners
from services.partners.promises import NEWS_KEPT_DAYS, RECEIPTS_KEPT_DAYS
from services.partners.settings import PartnersSettings
from services.partners.webhooks.sending import send_webhooks

#: What partners are told stays in its stream for so long; in the feed it stays longer.
TOLD_KEPT_SECONDS = 14 * 24 * 3600.0
#: How long a sandbox can read what became of an event.
SANDBOX_KEPT_DAYS = 7


def service(settings: PartnersSettings | None = None) -> Service:
    """The service, on its settings."""
    settings = settings or PartnersSettings()
    profiles.learn(settings.networks_folder)
    made = Service(
        "partners",
        settings,
        tables=store.Table,
        api=[*api.routers, page_api.router, kept.router],
        handlers=handlers.router,
        background=[forget_what_is_old, hear_partners, turns.keep_giving, send_webhooks],
        own_figures=figures.figures,
        own_streams=[OwnStream("to-partner", TOLD_KEPT_SECONDS)],
        before_open=before_open,
    )
    made.app.state.complete_document = partial(complete, public_url=settings.public_url)
    return made


async def before_open(service: Service) -> None:
    """What has to be known before an event is looked at."""
    await know_every_network(service)
    await store.know_of_which_node_records_are(service.sessions)


async def know_every_network(service: Service) -> None:
    """Raises `KeptClosed` while a partner is of a network without a file here: what it tells would be refused for good.

    As on a node that was put back without the folder of its operator.
    """
    async with service.sessions() as session:
        unknown = await store.networks_of_partners(session, service.now()) - networks.known().keys()
    if unknown:
        names = ", ".join(sorted(unknown))
        raise KeptClosed(f"partners are of {names}, which has no file in networks_folder: put it there and start anew")


async def forget_what_is_old(service: Service) -> None:
    """Every hour: receipts that ended long ago are removed, and old news with all that was done to deliver it.

    Receipts of a sandbox go sooner, for they hold what would be told.
    """
    receipts = text(
        "DELETE FROM receipt USING partner WHERE partner.partner_id = receipt.partner_id"
        " AND ended_at < now() - make_interval(days => CASE WHEN sandbox THEN CAST(:sandbox AS int) ELSE :days END)"
    )
    days = {"days": RECEIPTS_KEPT_DAYS, "sandbox": SANDBOX_KEPT_DAYS}
    while True:
        async with service.engine.begin() as connection:
            await connection.execute(receipts, days)
            await connection.execute(
                text("DELETE FROM news WHERE said_at < now() - make_interval(days => :days)"),
                {"days": NEWS_KEPT_DAYS},
            )
            await connection.execute(text("DELETE FROM assertion WHERE ends_at < now()"))
        await asyncio.sleep(3600)
