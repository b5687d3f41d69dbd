"""Who was erased is taken out of the introductions and initiatives that they were a side of.

What they wrote goes, here and in the node of the other side. What the other wrote is the other's, and stays; an
initiative that still ran has ended. Of an introduction that nothing came of nothing stays, nor of one whose both sides
are gone; the nation keeps one of two regions until then.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Streams, forget_messages, forget_replies
from contracts.vocabulary import InitiativeStatus, Side, StoppedBecause
from services.requests.initiatives import rules, store, telling
from services.requests.initiatives.tables import Initiative, Introduction


async def forget(
    session: AsyncSession, member_id: str, now: datetime, streams: Streams, *, node: str | None = None
) -> tuple[list[str], dict[str, int]]:
    """Takes somebody (of another node) out of everything; says how many of what was removed.

    And of which introductions nothing is kept: what was said of those is yet to leave the streams. Of an initiative
    that stays its sides may say more at any moment, so that what was said goes now.
    """
    gone: list[str] = []
    stays: list[str] = []
    known = await store.of_member(session, member_id, node)
    for one in known:
        initiative = await store.initiative(session, one.match_id)
        if initiative is None:
            gone.append(one.match_id)
            await _leave_out(session, one, member_id, node)
            continue
        stays.append(one.match_id)
        await _take_out(session, one, initiative, member_id, node, now)
    removed = {"introductions": len(known), "initiatives": len(stays)} | await _forget_messages(session, stays, streams)
    removed["stored-replies"] += await forget_replies(session, gone)
    if node is None:
        await store.forget_ambassador(session, member_id)
    return gone, removed


async def _leave_out(session: AsyncSession, known: Introduction, member_id: str, node: str | None) -> None:
    """Of two other nodes, it is kept for who is left: what those tell each other of it still passes here."""
    if not known.own_sides():
        for side in Side:
            if known.node_of(side) == node and known.member_of(side) == member_id:
                known.leave_out(side)
    if known.own_sides() or known.is_of_nobody():
        await session.delete(known)


async def forget_messages_of(session: AsyncSession, initiative_id: str, streams: Streams) -> None:
    """Removes what was said of it, and the replies that are kept for replay: the words of both are in them."""
    await _forget_messages(session, [initiative_id], streams)


async def _forget_messages(session: AsyncSession, ids: Sequence[str], streams: Streams) -> dict[str, int]:
    return {
        "stored-replies": await forget_replies(session, ids),
        "stream-messages": await forget_messages(streams, session, speaker="requests", entity_ids=ids),
    }


async def _take_out(
    session: AsyncSession, known: Introduction, initiative: Initiative, member_id: str, node: str | None, now: datetime
) -> None:
    """What stays of it is told again, since whatever was said of it before is gone from the streams."""
    ran = initiative.status == InitiativeStatus.RUNNING
    for side in Side:
        if known.node_of(side) == node and known.member_of(side) == member_id:
            await forget_side(session, known, initiative, side, now)
    if node is None:
        telling.to_the_country(session, known, initiative)
        telling.to_the_other_node(session, known, initiative)
    if not await removed_without_sides(session, known, initiative) and ran:
        await telling.to_people(session, known, initiative, "ended", known.own_sides())


async def removed_without_sides(session: AsyncSession, known: Introduction, initiative: Initiative) -> bool:
    """Removes all of it when both sides are gone; whether that is so."""
    if not known.is_of_nobody():
        return False
    await store.remove(session, known.match_id)
    await session.delete(initiative)
    await session.delete(known)
    return True


async def forget_side(
    session: AsyncSession, known: Introduction | None, initiative: Initiative, side: Side, now: datetime
) -> None:
    """Whatever a side wrote is removed, and what still ran has ended; done again it changes nothing."""
    if side in initiative.erased:
        return
    initiative.erased = [*initiative.erased, side.value]
    wrote = rules.worded_by(initiative.wording, initiative.started_by)
    if side in (Side.REQUEST, initiative.started_by, wrote):  # the title may be that of what they asked
        initiative.title = None
    if side == initiative.started_by:
        initiative.text = None
    if side == initiative.ended_by:
        initiative.because_words = initiative.outcome = None
    if initiative.status == InitiativeStatus.RUNNING:
        initiative.status, initiative.because = InitiativeStatus.STOPPED, StoppedBecause.ERASED
        initiative.ended_by, initiative.ended_at = side, now
    erased = [Side(one) for one in initiative.erased]
    initiative.version = rules.version_after(InitiativeStatus(initiative.status), side, erased)
    await store.remove(session, initiative.initiative_id, side=side)
    if known:
        known.leave_out(side)
