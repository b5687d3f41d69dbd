"""Two records of one organisation become one, by themselves or by the node's team, and two again when that was wrong.

Nothing is moved: a record that was merged leads to the one that stays, with what was said of it and who belongs to it,
so that parting them brings back each as it was.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import say
from contracts.members import AmbassadorAppointed, OrganisationChanged, OrganisationMerged, OrganisationParted
from services.members import pairs, said, store
from services.members.changing_organisations import locked, tell_who_belongs
from services.members.leading import group_of, scope_of
from services.members.organisations import state
from services.members.pairs import ORGANISATIONS, NotMerged, PairStatus
from services.members.same_tables import SamePair
from services.members.sameness import Verdict, judge_organisations, organisation_keys
from services.members.saying import HERE
from services.members.tables import Ambassador, Organisation, Texts


async def look_for_the_same(session: AsyncSession, organisation_id: str, now: datetime) -> None:
    """Puts an organisation next to those like it: who certainly is the same merges, who may be waits for a person."""
    await store.one_at_a_time(session, ORGANISATIONS.lock)
    organisation = await store.organisation(session, organisation_id, for_change=True)
    keys = sorted(organisation_keys(said.facts_of(organisation)))
    if organisation.same_keys is None:
        organisation.same_keys = keys
    apart = await pairs.kept_apart(session, ORGANISATIONS, await group_of(session, organisation.organisation_id))
    for other in await pairs.alike(session, ORGANISATIONS, organisation.organisation_id, keys):
        judged = judge_organisations(said.facts_of(organisation), said.facts_of(other))
        if judged.verdict is Verdict.DIFFERENT:
            continue
        if apart and apart.intersection(await group_of(session, other.organisation_id)):
            continue
        ids = organisation.organisation_id, other.organisation_id
        pair = await pairs.pair_of(session, ORGANISATIONS, *ids, list(judged.agrees), now)
        if judged.verdict is Verdict.CERTAIN:
            await merge(session, pair, None, now)
            return  # the one that stays has changed, and is looked at again


async def merge(session: AsyncSession, pair: SamePair, by: str | None, now: datetime) -> None:
    """The younger is one with the older from now on; its id leads there."""
    first, second = await pairs.both(session, ORGANISATIONS, pair)
    if first.merged_into or second.merged_into:
        raise NotMerged
    for one in (first, second):
        await said.keep(session, one, HERE, {}, now)
    second.merged_into, second.brin, second.kvk, second.same_keys = first.organisation_id, None, None, []
    second.version += 1
    await session.flush()  # its numbers are free before the other takes them
    moved = await group_of(session, second.organisation_id)
    await pairs.lead(session, ORGANISATIONS, moved, first.organisation_id)
    say(session, OrganisationMerged(organisation_id=second.organisation_id, version=second.version, into=pair.first_id))
    renamed = await _changed(session, first)
    await _tell_who_belongs(session, await group_of(session, first.organisation_id) if renamed else moved)
    pairs.decide(session, pair, PairStatus.MERGED, by, now)


async def keep_apart(session: AsyncSession, pair: SamePair, by: str, now: datetime) -> None:
    """The two are two, and nobody is asked again; if they had been merged, each is what it was."""
    first, second = await pairs.both(session, ORGANISATIONS, pair)
    merged = second.merged_into == first.organisation_id
    pairs.decide(session, pair, PairStatus.APART, by, now)
    if not merged:
        return
    stays = await store.organisation(session, first.organisation_id, for_change=True)
    second.merged_into = None
    second.version += 1
    await session.flush()
    moved = await pairs.below(session, ORGANISATIONS, second.organisation_id)
    await pairs.lead(session, ORGANISATIONS, moved, second.organisation_id)
    renamed = await _changed(session, stays)
    parted = OrganisationParted(
        organisation_id=second.organisation_id,
        version=second.version,
        from_id=stays.organisation_id,
        together=tuple(other for other in moved if other != second.organisation_id),
    )
    say(session, parted)
    await _changed(session, second)
    left = await group_of(session, stays.organisation_id) if renamed else []
    await _tell_who_belongs(session, [*moved, *left])


async def _changed(session: AsyncSession, organisation: Organisation) -> bool:
    """Says so; whether it is called something else by it, which who belongs to it is to be told."""
    before = organisation.name
    await said.make_anew(session, organisation)
    organisation.version += 1
    await session.flush()
    say(session, OrganisationChanged(**state(organisation)))
    return organisation.name != before


async def _tell_who_belongs(session: AsyncSession, organisation_ids: list[str]) -> None:
    """Who belongs to these, or is an ambassador of them, is so of where they lead now."""
    await tell_who_belongs(session, organisation_ids)
    of_these = col(Ambassador.organisation_ids).op("&&")(sa.cast(organisation_ids, Texts))
    for member in await locked(session, select(Ambassador.member_id).where(of_these)):
        ambassador = await session.get(Ambassador, member.member_id, populate_existing=True)
        if ambassador is None:  # they stood down while the lock was waited for
            continue
        member.version += 1
        scope = await scope_of(session, ambassador)
        say(session, AmbassadorAppointed(member_id=member.member_id, version=member.version, scope=scope))
