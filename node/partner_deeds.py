"""What an operator does to a partner by command is kept with what else was done: as an operator, without a name."""

import argparse
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis.mailboxes import write_outbox
from chassis.settings import Settings
from contracts.deeds import Deed
from node import addresses
from node.called_from import from_where_called
from services.partners.deeds import note as note_it

#: What each command does, by its own words; what is not here only looks.
DEEDS = {
    "add": Deed.PARTNER_ADDED,
    "rotate": Deed.PARTNER_KEY_ROTATED,
    "revoke": Deed.PARTNER_REVOKED,
    "contact add": Deed.PARTNER_CONTACT_ADDED,
    "contact remove": Deed.PARTNER_CONTACT_REMOVED,
    "webhook add": Deed.ENDPOINT_ADDED,
    "webhook rotate": Deed.ENDPOINT_SECRET_ROTATED,
    "webhook remove": Deed.ENDPOINT_REMOVED,
    "webhook enable": Deed.ENDPOINT_ENABLED,
    "webhook resend": Deed.NEWS_RESENT,
}


async def note(session: AsyncSession, asked: argparse.Namespace, now: datetime) -> None:
    """Says it in the transaction of the command; the service tells it on as soon as it runs."""
    more = getattr(asked, f"{asked.action}_action", None)
    if deed := DEEDS.get(f"{asked.action} {more}" if more else asked.action):
        note_it(session, None, deed, asked.name, now)
        await session.flush()
        await write_outbox(session, _node(asked))


def _node(asked: argparse.Namespace) -> str:
    """The node that runs here; where an operator named the database, the one that they named too."""
    running = None if asked.database else addresses.read(from_where_called(asked.data) if asked.data else None)
    return running.node if running else Settings().node
