"""Somebody is forgotten: what networks told of them goes, from the tables and from the streams."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_messages
from contracts.partners import Thing
from services.partners import store
from services.partners.tables import Record


async def forget(session: AsyncSession, member_id: str, streams: Streams) -> dict[str, int]:
    """Removes everything of a member; returns how many of what. Doing it again removes nothing more."""
    await store.one_at_a_time(session, member_id)
    ids, removed = await store.forget(session, member_id)
    purged = await forget_messages(streams, session, speaker="partners", entity_ids=ids)
    return removed | {"stream-messages": purged}


async def forget_nobody(session: AsyncSession, record: Record, streams: Streams) -> None:
    """Of a person who is refused, and known as nobody here, the words go at once: no erasure would lead to them."""
    if record.thing == Thing.PERSON and record.member_id is None:
        await forget_messages(streams, session, speaker="partners", entity_ids=[record.record_id])
