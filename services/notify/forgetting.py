"""What notify hears of who was erased: what tells of them goes, here and from the streams, a part at a time."""

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import EventRouter, Purged, Streams, forget_first, forget_messages, forget_next, say
from contracts.matching import PartyErased, reference
from contracts.members import MemberErased
from contracts.notify import MemberForgotten, MoreToForget
from services.notify import erasure
from services.notify.settings import NotifySettings

router = EventRouter()


@router.hears(MemberErased, elsewhere=True)
async def forget_member_elsewhere(event: MemberErased, session: AsyncSession, streams: Streams, said_by: str) -> None:
    """What tells of a member whom another node erased is removed here too."""
    await _forget(session, event.member_id, said_by, streams)


@router.hears(PartyErased, elsewhere=True)
async def forget_party(
    event: PartyErased, session: AsyncSession, streams: Streams, settings: NotifySettings, said_by: str
) -> None:
    """As above: the third node that erased somebody says so, and the national node passes that on."""
    if event.node != settings.node and said_by in (event.node, settings.national_node):
        await _forget(session, event.member_id, event.node, streams)


@router.hears(MemberErased)
async def forget_member(event: MemberErased, session: AsyncSession, streams: Streams) -> None:
    """Everything that tells of the member is removed, here and in the streams, and it is said how much that was."""
    await _forget(session, event.member_id, None, streams)


@router.hears(MoreToForget)
async def forget_more(event: MoreToForget, session: AsyncSession, streams: Streams) -> None:
    """Much was mailed of who was erased: a part at a time leaves the streams, and others are told things meanwhile."""
    purged = await forget_next(streams, session, reference(event.member_id, event.node), speaker="notify")
    _tell(session, event.member_id, event.node, event.removed, purged)


async def _forget(session: AsyncSession, member_id: str, node: str | None, streams: Streams) -> None:
    known_as = reference(member_id, node)
    removed, notification_ids, match_ids = await erasure.forget(session, known_as)
    removed["stream-messages"] = await forget_messages(streams, session, speaker="members", entity_ids=match_ids)
    purged = await forget_first(streams, session, known_as, speaker="notify", entity_ids=notification_ids)
    _tell(session, member_id, node, removed, purged)


def _tell(session: AsyncSession, member_id: str, node: str | None, removed: dict[str, int], purged: Purged) -> None:
    """When nothing is left, what went of a member of this node."""
    removed = removed | {"stream-messages": removed.get("stream-messages", 0) + purged.count}
    if purged.is_more:
        say(session, MoreToForget(member_id=member_id, node=node, removed=removed))
    elif node is None:
        say(session, MemberForgotten(member_id=member_id, removed=removed))
