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


def deed_of(asked: argparse.Namespace) -> tuple[Deed, str] | None:
    """What a command does, and at which node: the one that runs here, or the one of the database that was named; none
    for a command that only looks.

    Raises `ValueError` where a database was named and its node was not: what is said in another's name never leaves.
    """
    more = getattr(asked, f"{asked.action}_action", None)
    deed = DEEDS.get(f"{asked.action} {more}" if more else asked.action)
    if deed is None:
        return None
    running = None if asked.database else addresses.read(from_where_called(asked.data) if asked.data else None)
    if running is None and "node" not in Settings().model_fields_set:
        raise ValueError("zeg ook van welke node de database is, met ODH_NODE (say which node it is of)")
    return deed, running.node if running else Settings().node


async def note(session: AsyncSession, deed: Deed, node: str, partner: str, now: datetime) -> None:
    """Says it in the transaction of the command; the service tells it on as soon as it runs."""
    note_it(session, None, deed, partner, now)
    await session.flush()
    await write_outbox(session, node)
