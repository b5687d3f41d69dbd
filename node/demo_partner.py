"""A network that tries things out in the demo: in a sandbox, so that nothing of what it tells counts."""

import asyncio
from datetime import UTC, datetime

from chassis.database import engine_for, sessions_of
from node.addresses import Addresses
from node.partner_day import day
from node.partner_door import Door
from node.partner_simulate import played
from services.partners import contacts, keys

NAME, NETWORK, SOURCE = "docenten", "duurzaam-mbo", "https://docenten.example"
EVENTS, SEED = 12, 15  # two of them are rejected


async def try_things_out(where: Addresses, contact_id: str) -> None:
    """The partner, the member who sees its page, and a few events of an invented day."""
    key = await _key(where.databases["partners"], contact_id)
    door = Door(where.gateway, {"client_id": key.client_id, "client_secret": key.client_secret or ""})
    await asyncio.to_thread(played, door, day(NETWORK, SOURCE, EVENTS, SEED))


async def _key(database: str, contact_id: str) -> keys.Key:
    """A new one, also when the partner is there from a loading that was broken off."""
    engine, now = engine_for(database, 2), datetime.now(UTC)
    try:
        async with sessions_of(engine)() as session:
            if NAME in {partner.partner_id for partner, _ in await keys.partners(session)}:
                key = await keys.rotate(session, NAME, now, old_until=now)
            else:
                key = await keys.add(session, NAME, NETWORK, SOURCE, now, sandbox=True)
            await session.flush()
            await contacts.add(session, NAME, contact_id)
            await session.commit()
        return key
    finally:
        await engine.dispose()
