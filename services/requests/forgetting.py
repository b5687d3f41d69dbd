"""To be forgotten: who was erased is removed from all that requests keeps, and from the streams, a part at a time."""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import (
    EventRouter,
    Purged,
    Streams,
    forget_first,
    forget_heard,
    forget_next,
    forget_replies,
    in_events,
    say,
)
from contracts.matching import PartyErased, reference
from contracts.members import MemberErased
from contracts.requests import MemberForgotten, MoreToForget, PropositionsForgotten
from services.requests import meeting_news, store
from services.requests.initiatives import erasing
from services.requests.settings import RequestsSettings

router = EventRouter()


@router.hears(MemberErased)
async def forget_member(
    event: MemberErased, session: AsyncSession, streams: Streams, now: datetime, settings: RequestsSettings
) -> None:
    """Everything of an erased member is removed, in the streams too; what comes later keeps nothing of them."""
    if not await store.note_erased(session, event.member_id, event.version):  # said again: what is left of it goes
        await _purge(session, streams, event.member_id, None, (), {})
        return
    proposition_ids, removed = await store.remove_member(session, event.member_id)
    sign_up_ids, own = await meeting_news.forget(session, event.member_id, None, now)
    removed["stored-replies"] += await forget_replies(session, [event.member_id])  # of a sign-up that was awaited
    if settings.national_node:
        for ids in in_events(proposition_ids):
            say(session, PropositionsForgotten(member_id=event.member_id, proposition_ids=ids))
    match_ids, of_initiatives = await erasing.forget(session, event.member_id, now, streams)
    for what, count in of_initiatives.items():
        removed[what] = removed.get(what, 0) + count
    removed["sign-ups"] = own
    await _purge(session, streams, event.member_id, None, [*proposition_ids, *sign_up_ids, *match_ids], removed)


@router.hears(MemberErased, elsewhere=True)
async def forget_member_elsewhere(
    event: MemberErased, session: AsyncSession, streams: Streams, now: datetime, said_by: str
) -> None:
    """The other side of one of our people was erased in its own node; so is what they had everybody read here."""
    ids, _ = await erasing.forget(session, event.member_id, now, streams, node=said_by)
    if await store.note_erased(session, reference(event.member_id, said_by), event.version):
        sign_up_ids, _ = await meeting_news.forget(session, event.member_id, said_by, now)
        ids += sign_up_ids  # their words are in what was said of these
    await _purge(session, streams, event.member_id, said_by, ids, {})


@router.hears(PartyErased, elsewhere=True)
async def forget_party(
    event: PartyErased, session: AsyncSession, now: datetime, streams: Streams, settings: RequestsSettings, said_by: str
) -> None:
    """The other side of one of our people was erased in a third node: it says so, and the nation passes it on."""
    if event.node != settings.node and said_by in (event.node, settings.national_node):
        ids, _ = await erasing.forget(session, event.member_id, now, streams, node=event.node)
        await _purge(session, streams, event.member_id, event.node, ids, {})


@router.hears(PropositionsForgotten, elsewhere=True)
async def forget_what_was_heard(event: PropositionsForgotten, streams: Streams, said_by: str) -> None:
    """Most of what another node asks and offers is kept nowhere here, but for what was said of it."""
    await forget_heard(streams, said_by, speaker="requests", entity_ids=event.proposition_ids)


@router.hears(MoreToForget)
async def forget_more(event: MoreToForget, session: AsyncSession, streams: Streams) -> None:
    """Much was said of who was erased: a part at a time leaves the streams, and everybody asks and offers meanwhile."""
    purged = await forget_next(streams, session, reference(event.member_id, event.node), speaker="requests")
    _tell(session, event.member_id, event.node, event.removed, purged)


async def _purge(
    session: AsyncSession,
    streams: Streams,
    member_id: str,
    node: str | None,
    ids: Iterable[str],
    removed: dict[str, int],
) -> None:
    purged = await forget_first(streams, session, reference(member_id, node), speaker="requests", entity_ids=ids)
    _tell(session, member_id, node, removed, purged)


def _tell(session: AsyncSession, member_id: str, node: str | None, removed: dict[str, int], purged: Purged) -> None:
    """When nothing is left, what went of a member of this node."""
    removed = removed | {"stream-messages": removed.get("stream-messages", 0) + purged.count}
    if purged.is_more:
        say(session, MoreToForget(member_id=member_id, node=node, removed=removed))
    elif node is None:
        say(session, MemberForgotten(member_id=member_id, removed=removed))
