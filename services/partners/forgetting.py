"""Somebody is forgotten: what networks told of them goes, from the tables and from the streams, a part at a time."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Purged, Streams, forget_first, forget_messages, forget_next, say
from contracts.members import MemberErased
from contracts.partners import MemberForgotten, MoreToForget, Thing
from services.partners import store
from services.partners.tables import Record

router = EventRouter()


@router.hears(MemberErased)
async def forget_member(event: MemberErased, session: AsyncSession, streams: Streams) -> None:
    """Everything that was told of an erased member is removed, in the streams too; what comes later is refused."""
    await _forget(session, event.member_id, streams)


@router.hears(MoreToForget)
async def forget_more(event: MoreToForget, session: AsyncSession, streams: Streams) -> None:
    """Much was told of who was erased: a part at a time leaves the streams."""
    purged = await forget_next(streams, session, event.member_id, speaker="partners")
    _tell(session, event.member_id, event.removed, purged)


async def forget_late(session: AsyncSession, member_id: str, streams: Streams) -> None:
    """The same for what turns out to be theirs after that was told."""
    await _forget(session, member_id, streams, told_before=True)


async def _forget(session: AsyncSession, member_id: str, streams: Streams, *, told_before: bool = False) -> None:
    await store.one_at_a_time(session, member_id)
    ids, removed = await store.forget(session, member_id)
    purged = await forget_first(streams, session, member_id, speaker="partners", entity_ids=ids)
    if purged.is_more or not told_before:
        _tell(session, member_id, removed, purged)


def _tell(session: AsyncSession, member_id: str, removed: dict[str, int], purged: Purged) -> None:
    """When nothing is left, what went."""
    removed = removed | {"stream-messages": removed.get("stream-messages", 0) + purged.count}
    if purged.is_more:
        say(session, MoreToForget(member_id=member_id, removed=removed))
    else:
        say(session, MemberForgotten(member_id=member_id, removed=removed))


async def forget_nobody(session: AsyncSession, record: Record, streams: Streams) -> None:
    """Of a person who is refused, and known as nobody here, the words go at once: no erasure would lead to them."""
    if record.thing == Thing.PERSON and record.member_id is None:
        await forget_messages(streams, session, speaker="partners", entity_ids=[record.record_id])
