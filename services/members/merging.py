"""Two records of one organisation become one, by themselves or by the node's team, and two again when that was wrong.

Nothing is moved: a record that was merged leads to the one that stays, with what was said of it and who belongs to it,
so that parting them brings back each as it was.
"""

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem, say
from contracts.event import new_id
from contracts.members import AmbassadorAppointed, OrganisationChanged, OrganisationMerged, OrganisationParted
from services.members import membership, said, store
from services.members.leading import group_of, scope_of
from services.members.organisations import state
from services.members.rules import MemberStatus
from services.members.sameness import Verdict, judge_organisations, organisation_keys
from services.members.saying import HERE
from services.members.tables import Affiliation, Ambassador, Member, Organisation, SamePair, Texts

#: With how many an organisation is compared at most; a key that more share tells nothing.
COMPARED_MAX = 100


class PairStatus(StrEnum):
    """What was decided of two that may be one."""

    WAITING = "waiting"
    MERGED = "merged"
    APART = "apart"


class PairNotFound(Problem, slug="same-pair-not-found", status=404, title="These two are not compared"):
    """No pair has this id."""


class NotMerged(Problem, slug="merged-meanwhile", status=409, title="One of the two was merged with another meanwhile"):
    """Look at the list again: the pair stands there with the one that stays."""


async def look_for_the_same(session: AsyncSession, organisation_id: str, now: datetime) -> None:
    """Puts an organisation next to those like it: who certainly is the same merges, who may be waits for a person."""
    await store.one_at_a_time(session, "same organisations")
    organisation = await store.organisation(session, organisation_id, for_change=True)
    keys = sorted(organisation_keys(said.facts_of(organisation)))
    if organisation.same_keys is None:
        organisation.same_keys = keys
    query = select(Organisation).where(
        col(Organisation.same_keys).op("&&")(sa.cast(keys, Texts)),
        Organisation.organisation_id != organisation.organisation_id,
        col(Organisation.merged_into).is_(None),
    )
    alike = (await session.exec(query.order_by(Organisation.organisation_id).limit(COMPARED_MAX))).all()
    for other in alike:
        judged = judge_organisations(said.facts_of(organisation), said.facts_of(other))
        if judged.verdict is Verdict.DIFFERENT or await _kept_apart(session, organisation, other):
            continue
        pair = await _pair(session, organisation, other, list(judged.agrees), now)
        if judged.verdict is Verdict.CERTAIN:
            await merge(session, pair, None, now)
            return  # the one that stays has changed, and is looked at again


async def merge(session: AsyncSession, pair: SamePair, by: str | None, now: datetime) -> None:
    """The younger is one with the older from now on; its id leads there."""
    first, second = await _both(session, pair)
    if first.merged_into or second.merged_into:
        raise NotMerged
    for one in (first, second):
        await said.keep(session, one, HERE, {}, now)
    second.merged_into, second.brin, second.kvk, second.same_keys = first.organisation_id, None, None, []
    second.version += 1
    await session.flush()  # its numbers are free before the other takes them
    moved = await group_of(session, second.organisation_id)
    await _lead(session, moved, first.organisation_id)
    say(session, OrganisationMerged(organisation_id=second.organisation_id, version=second.version, into=pair.first_id))
    await _changed(session, first)
    await _tell_who_belongs(session, moved)
    pair.status, pair.decided_by, pair.decided_at = PairStatus.MERGED, by, now


async def keep_apart(session: AsyncSession, pair: SamePair, by: str, now: datetime) -> None:
    """The two are two, and nobody is asked again; if they had been merged, each is what it was."""
    first, second = await _both(session, pair)
    merged = second.merged_into == first.organisation_id
    pair.status, pair.decided_by, pair.decided_at = PairStatus.APART, by, now
    if not merged:
        return
    stays = await store.organisation(session, first.organisation_id, for_change=True)
    second.merged_into = None
    second.version += 1
    await session.flush()
    moved = await _below(session, second.organisation_id)
    await _lead(session, moved, second.organisation_id)
    await _changed(session, stays)
    parted = OrganisationParted(
        organisation_id=second.organisation_id,
        version=second.version,
        from_id=stays.organisation_id,
        together=tuple(other for other in moved if other != second.organisation_id),
    )
    say(session, parted)
    await _changed(session, second)
    await _tell_who_belongs(session, moved)


async def pair_with(session: AsyncSession, pair_id: str) -> SamePair:
    """The pair, locked for a decision; raises `PairNotFound`."""
    await store.one_at_a_time(session, "same organisations")
    query = select(SamePair).where(SamePair.pair_id == pair_id).with_for_update()
    found = (await session.exec(query.execution_options(populate_existing=True))).first()
    if found is None:
        raise PairNotFound
    return found


async def _both(session: AsyncSession, pair: SamePair) -> tuple[Organisation, Organisation]:
    query = select(Organisation).where(col(Organisation.organisation_id).in_([pair.first_id, pair.second_id]))
    query = query.order_by(Organisation.organisation_id).with_for_update()
    first, second = (await session.exec(query.execution_options(populate_existing=True))).all()
    return first, second


async def _pair(
    session: AsyncSession, one: Organisation, other: Organisation, agrees: list[str], now: datetime
) -> SamePair:
    first, second = sorted((one.organisation_id, other.organisation_id))
    pair = (
        await session.exec(select(SamePair).where(SamePair.first_id == first, SamePair.second_id == second))
    ).first()
    if pair is None:
        pair = SamePair(pair_id=new_id(), first_id=first, second_id=second, status=PairStatus.WAITING, found_at=now)
        session.add(pair)
    pair.agrees = agrees
    return pair


async def _kept_apart(session: AsyncSession, one: Organisation, other: Organisation) -> bool:
    """Whether a person said of these, or of what was merged into them, that they are two."""
    mine, theirs = [await group_of(session, which.organisation_id) for which in (one, other)]
    first, second = col(SamePair.first_id), col(SamePair.second_id)
    ways = sa.or_(
        sa.and_(first.in_(mine), second.in_(theirs)),
        sa.and_(first.in_(theirs), second.in_(mine)),
    )
    query = select(SamePair.pair_id).where(SamePair.status == PairStatus.APART, ways).limit(1)
    return (await session.exec(query)).first() is not None


async def _below(session: AsyncSession, organisation_id: str) -> list[str]:
    """An organisation with all that were merged into it, and into those."""
    found, layer = [organisation_id], [organisation_id]
    while layer:
        query = select(Organisation.organisation_id).where(col(Organisation.merged_into).in_(layer))
        layer = list((await session.exec(query)).all())
        found += layer
    return found


async def _lead(session: AsyncSession, organisation_ids: list[str], to: str) -> None:
    theirs = col(Organisation.organisation_id).in_(organisation_ids)
    await session.exec(sa.update(Organisation).where(theirs).values(leads_to=to))


async def _changed(session: AsyncSession, organisation: Organisation) -> None:
    await said.make_anew(session, organisation)
    organisation.version += 1
    await session.flush()
    say(session, OrganisationChanged(**state(organisation)))


async def _tell_who_belongs(session: AsyncSession, organisation_ids: list[str]) -> None:
    """Who belongs to these, or is an ambassador of them, is so of where they lead now."""
    theirs = select(Affiliation.member_id).where(col(Affiliation.organisation_id).in_(organisation_ids))
    query = select(Member).where(col(Member.member_id).in_(theirs), Member.status == MemberStatus.ACTIVE)
    for member in (await session.exec(query.order_by(Member.member_id).with_for_update())).all():
        await membership.changed(session, member)
    appointed = select(Ambassador, Member).join(Member, col(Member.member_id) == Ambassador.member_id)
    appointed = appointed.where(col(Ambassador.organisation_ids).op("&&")(sa.cast(organisation_ids, Texts)))
    for ambassador, member in (await session.exec(appointed.order_by(Ambassador.member_id))).all():
        member.version += 1
        scope = await scope_of(session, ambassador)
        say(session, AmbassadorAppointed(member_id=member.member_id, version=member.version, scope=scope))
