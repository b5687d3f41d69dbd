"""The questions asked of the tables of introductions and initiatives.

Whoever changes what comes of an introduction has locked it, so that its steps are taken one after another.
"""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, locks
from chassis.paging import PageAsked
from contracts.vocabulary import InitiativeStatus, Role, Side
from services.requests.initiatives import rules
from services.requests.initiatives.tables import Initiative, Introduction, Note
from services.requests.tables import Departure

#: So many are shown, the newest; more than a few a month nobody reads back.
NOTES_SHOWN_MAX = 200


async def one_at_a_time(session: AsyncSession, match_id: str) -> None:
    """Until the commit nobody else hears of this introduction, of which there may be no row to lock yet."""
    await locks.one_at_a_time(session, locks.lock_number(f"introduction {match_id}"))


async def introduction(session: AsyncSession, match_id: str) -> Introduction | None:
    """An introduction, locked for what comes of it, or none."""
    query = select(Introduction).where(Introduction.match_id == match_id).with_for_update()
    found: Introduction | None = (await session.exec(query.execution_options(populate_existing=True))).first()
    return found


async def introduction_of(session: AsyncSession, match_id: str) -> Introduction | None:
    """An introduction to look at, or none."""
    return (await session.exec(select(Introduction).where(Introduction.match_id == match_id))).first()


async def initiative(session: AsyncSession, initiative_id: str) -> Initiative | None:
    """An initiative as it stands, or none; also one whose introduction was not heard of yet."""
    query = select(Initiative).where(Initiative.initiative_id == initiative_id).with_for_update()
    found: Initiative | None = (await session.exec(query.execution_options(populate_existing=True))).first()
    return found


async def is_started(session: AsyncSession, match_id: str) -> bool:
    """Whether something came of an introduction."""
    query = select(Initiative.initiative_id).where(Initiative.initiative_id == match_id)
    return (await session.exec(query)).first() is not None


async def running(session: AsyncSession, match_ids: Collection[str]) -> set[str]:
    """Of these introductions those of which something came that still goes on."""
    goes_on = Initiative.status == InitiativeStatus.RUNNING
    query = select(Initiative.initiative_id).where(col(Initiative.initiative_id).in_(match_ids), goes_on)
    return set((await session.exec(query)).all())


def side_of(known: Introduction, who: Identity) -> Side | None:
    """Which side somebody of this node is on; of one person that is both, the one that asks."""
    return next((side for side in known.own_sides() if known.member_of(side) in who.references), None)


def own_organisations(known: Introduction) -> set[str]:
    """The organisations of the sides that are of this node."""
    by_side = {Side.REQUEST: known.request_organisation_id, Side.OFFER: known.offer_organisation_id}
    return {by_side[side] for side in known.own_sides()}


async def own(session: AsyncSession, initiative_id: str, who: Identity) -> tuple[Introduction, Initiative, Side]:
    """An initiative that the caller writes in, locked; raises `InitiativeNotFound` or `NotTheirsToWrite`."""
    known, found = await introduction(session, initiative_id), await initiative(session, initiative_id)
    side = side_of(known, who) if known else None
    if known is None or found is None:
        raise rules.InitiativeNotFound
    if side is None:
        if rules.may_read(who, own_organisations(known), known.ambassador_ids):
            raise rules.NotTheirsToWrite
        raise rules.InitiativeNotFound
    return known, found, side


async def seen(session: AsyncSession, initiative_id: str, who: Identity) -> tuple[Introduction, Initiative]:
    """An initiative that the caller may read."""
    query = select(Introduction, Initiative).where(
        Initiative.initiative_id == initiative_id, Introduction.match_id == Initiative.initiative_id, _seen_by(who)
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise rules.InitiativeNotFound
    return found[0], found[1]


async def page(session: AsyncSession, who: Identity, paging: PageAsked, *, mine: bool) -> Sequence[Any]:
    """What the caller may read, those of the newest introduction first; one more than a page."""
    query = (
        select(Introduction, Initiative)
        .where(Introduction.match_id == Initiative.initiative_id, _mine(who) if mine else _seen_by(who))
        .order_by(col(Initiative.initiative_id).desc())
        .limit(paging.limit + 1)
    )
    if paging.cursor:
        query = query.where(Initiative.initiative_id < paging.cursor)
    return (await session.exec(query)).all()


def _mine(who: Identity) -> Any:
    references = list(who.references)
    return sa.or_(
        sa.and_(col(Introduction.request_member_id).in_(references), col(Introduction.request_node).is_(None)),
        sa.and_(col(Introduction.offer_member_id).in_(references), col(Introduction.offer_node).is_(None)),
    )


def _seen_by(who: Identity) -> Any:
    """As `rules.may_read` has it, and the two themselves."""
    if who.has(Role.NODE_TEAM):
        return sa.true()
    if not who.has(Role.AMBASSADOR):
        return _mine(who)
    scope = list(who.scope.organisation_ids) if who.scope else []
    return sa.or_(
        _mine(who),
        col(Introduction.ambassador_ids).overlap(list(who.references)),  # type: ignore[attr-defined]
        sa.and_(col(Introduction.request_organisation_id).in_(scope), col(Introduction.request_node).is_(None)),
        sa.and_(col(Introduction.offer_organisation_id).in_(scope), col(Introduction.offer_node).is_(None)),
    )


async def notes(session: AsyncSession, initiative_id: str) -> Sequence[Note]:
    """What was noted last, by the day that it happened."""
    query = select(Note).where(Note.initiative_id == initiative_id)
    query = query.order_by(col(Note.happened_on).desc(), col(Note.note_id).desc()).limit(NOTES_SHOWN_MAX)
    return (await session.exec(query)).all()


async def is_noted(session: AsyncSession, note_id: str) -> bool:
    """Whether a note is here already."""
    return (await session.exec(select(Note.note_id).where(Note.note_id == note_id))).first() is not None


async def of_member(session: AsyncSession, member_id: str, node: str | None) -> Sequence[Introduction]:
    """The introductions of somebody (of another node), locked."""
    query = select(Introduction).where(
        sa.or_(
            sa.and_(
                col(Introduction.request_member_id) == member_id,
                col(Introduction.request_node).is_not_distinct_from(node),
            ),
            sa.and_(
                col(Introduction.offer_member_id) == member_id, col(Introduction.offer_node).is_not_distinct_from(node)
            ),
        )
    )
    query = query.order_by(Introduction.match_id).with_for_update()
    return (await session.exec(query.execution_options(populate_existing=True))).all()


async def who_left(session: AsyncSession, member_ids: Collection[str]) -> set[str]:
    """Who of these members takes part no more, as far as was heard; locks nothing, since an erasure holds that row."""
    has_left = sa.func.coalesce(Departure.joined, 0) < col(Departure.version)
    query = select(Departure.member_id).where(col(Departure.member_id).in_(member_ids), has_left)
    return set(await session.exec(query))


async def with_node(session: AsyncSession, node: str) -> Sequence[Any]:
    """Every initiative of which a side is of another node."""
    query = select(Introduction, Initiative).where(
        Introduction.match_id == Initiative.initiative_id,
        sa.or_(col(Introduction.request_node) == node, col(Introduction.offer_node) == node),
    )
    return (await session.exec(query.order_by(Initiative.initiative_id))).all()


async def remove(session: AsyncSession, initiative_id: str, *, side: Side | None = None) -> int:
    """Removes the notes of an initiative, or of one side; how many that were."""
    gone = sa.delete(Note).where(col(Note.initiative_id) == initiative_id)
    if side is not None:
        gone = gone.where(col(Note.side) == side)
    return (await session.exec(gone)).rowcount


_FORGET_READER = sa.text(
    "UPDATE introduction SET ambassador_ids = array_remove(ambassador_ids, :member_id)"
    " WHERE ambassador_ids @> CAST(ARRAY[:member_id] AS text[])"
)


async def forget_ambassador(session: AsyncSession, member_id: str) -> int:
    """Who was erased brought nobody together any more."""
    return (await (await session.connection()).execute(_FORGET_READER, {"member_id": member_id})).rowcount
