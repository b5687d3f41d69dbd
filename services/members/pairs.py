"""Two records that may be one, of whatever sort: found once, decided by somebody, and what leads where."""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem
from chassis.telemetry import log
from contracts.event import new_id
from services.members import store
from services.members.same_tables import Decision, SamePair, SamePersons
from services.members.tables import Member, Organisation

#: With how many a record is compared at most; a key that more share tells nothing.
COMPARED_MAX = 100

Pair = SamePair | SamePersons


class PairStatus(StrEnum):
    """What was decided of two that may be one."""

    WAITING = "waiting"
    LATER = "later"
    MERGED = "merged"
    APART = "apart"


class PairNotFound(Problem, slug="same-pair-not-found", status=404, title="These two are not compared"):
    """No pair has this id."""


class NotMerged(Problem, slug="merged-meanwhile", status=409, title="One of the two was merged with another meanwhile"):
    """Look at the list again: the pair stands there with the one that stays."""


class Sort(NamedTuple):
    """What is compared: its table, the column of its id, the table of its pairs, and what is locked meanwhile."""

    of: Any
    id: Any
    pairs: Any
    lock: str


ORGANISATIONS = Sort(Organisation, col(Organisation.organisation_id), SamePair, "same organisations")
PERSONS = Sort(Member, col(Member.member_id), SamePersons, "same persons")


async def pair_with(session: AsyncSession, sort: Sort, pair_id: str) -> Any:
    """The pair, locked for a decision; raises `PairNotFound`."""
    await store.one_at_a_time(session, sort.lock)
    query = select(sort.pairs).where(sort.pairs.pair_id == pair_id).with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise PairNotFound
    return found


async def pair_of(session: AsyncSession, sort: Sort, one: str, other: str, agrees: list[str], now: datetime) -> Any:
    """The pair of two ids, new or known; the older is first."""
    first, second = sorted((one, other))
    known = select(sort.pairs).where(sort.pairs.first_id == first, sort.pairs.second_id == second)
    pair = (await session.exec(known)).first()
    if pair is None:
        pair = sort.pairs(pair_id=new_id(), first_id=first, second_id=second, status=PairStatus.WAITING, found_at=now)
        session.add(pair)
    pair.agrees = agrees
    return pair


async def both(session: AsyncSession, sort: Sort, pair: Pair) -> tuple[Any, Any]:
    """The two, locked, the older first."""
    query = select(sort.of).where(sort.id.in_([pair.first_id, pair.second_id])).order_by(sort.id).with_for_update()
    first, second = (await session.exec(query.execution_options(populate_existing=True))).all()
    return first, second


async def alike(session: AsyncSession, sort: Sort, own_id: str, keys: list[str], *but: Any) -> list[Any]:
    """Those that stay and share a key."""
    keys_of = sort.of.same_keys.op("&&")(sa.cast(keys, sort.of.__table__.c.same_keys.type))
    query = select(sort.of).where(keys_of, sort.id != own_id, sort.of.merged_into.is_(None), *but)
    return list((await session.exec(query.order_by(sort.id).limit(COMPARED_MAX))).all())


async def kept_apart(session: AsyncSession, sort: Sort, mine: list[str]) -> set[str]:
    """All of which a person said that they are another than one of these; of nearly everybody there are none."""
    first, second = col(sort.pairs.first_id), col(sort.pairs.second_id)
    ways = sa.or_(first.in_(mine), second.in_(mine))
    found = await session.exec(select(first, second).where(sort.pairs.status == PairStatus.APART, ways))
    return {one for pair in found.all() for one in pair} - set(mine)


async def below(session: AsyncSession, sort: Sort, of: str) -> list[str]:
    """One with all that were merged into it, and into those."""
    found, layer = [of], [of]
    while layer:
        layer = list((await session.exec(select(sort.id).where(col(sort.of.merged_into).in_(layer)))).all())
        found += layer
    return found


async def lead(session: AsyncSession, sort: Sort, ids: list[str], to: str) -> None:
    """These lead to one that stays from now on."""
    await session.exec(sa.update(sort.of).where(sort.id.in_(ids)).values(leads_to=to))


async def put_off(session: AsyncSession, pair: Pair, by: str, now: datetime) -> None:
    """Nobody knows yet; it waits apart from the rest."""
    if pair.status not in (PairStatus.WAITING, PairStatus.LATER):
        raise NotMerged
    decide(session, pair, PairStatus.LATER, by, now)


def decide(session: AsyncSession, pair: Pair, what: PairStatus, by: str | None, now: datetime) -> None:
    """Writes down what was decided, and by whom; nobody means that it was certain."""
    pair.status, pair.decided_by, pair.decided_at = what, by, now
    note = Decision(decision_id=new_id(), pair_id=pair.pair_id, what=what, decided_by=by, decided_at=now)
    session.add(note)
    log.info("decided who is the same", pair=pair.pair_id, what=what.value, by=by or "the rules")
