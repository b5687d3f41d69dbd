"""Two memberships of one person become one, by themselves or by the node's team, and two again when that was wrong.

Whoever is merged reads what the other was told: see `sameness.judge_persons` for what merges by itself, and 0039.
"""

from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Problem, Service, say
from chassis.identity import ORGANISATIONS_MAX, REFERENCES_MAX
from chassis.transactions import Item
from contracts.members import MemberMerged, MemberParted
from services.members import membership, pairs, person_said, persons, store
from services.members.pairs import PERSONS, NotMerged, PairStatus
from services.members.rules import MemberStatus
from services.members.same_tables import SamePersons
from services.members.sameness import Verdict, judge_faces
from services.members.tables import Member

#: How many are looked at in one transaction, at start.
COMPARED_AT_ONCE = 50


class TeamNotMerged(
    Problem, slug="node-team-not-merged", status=409, title="Somebody of the node's team is not merged with another"
):
    """Who is merged can do what the other may. Take them out of the team first, and ask them themselves."""


class LeftMeanwhile(Problem, slug="person-left-meanwhile", status=409, title="One of the two takes part no more"):
    """There is nobody to merge with."""


class TooMuchForOne(
    Problem,
    slug="too-much-for-one-person",
    status=409,
    title=f"One person has at most {ORGANISATIONS_MAX} organisations and {REFERENCES_MAX} memberships",
):
    """Both stay as they are: one of the two can end an affiliation first."""


async def look_for_the_same_person(session: AsyncSession, member_id: str, now: datetime) -> None:
    """Puts a person next to those like them: who certainly is the same merges, who may be waits for a person."""
    await store.one_at_a_time(session, PERSONS.lock)
    person = await persons.find(session, member_id, for_change=True)
    if person is None or person.status != MemberStatus.ACTIVE:
        return
    (own,) = await person_said.faces_of(session, person)
    person.same_keys = person_said.keys_of(own)
    active = Member.status == MemberStatus.ACTIVE
    apart = await pairs.kept_apart(session, PERSONS, await persons.references_of(session, person.member_id))
    alike = await pairs.alike(session, PERSONS, person.member_id, person.same_keys, active)
    for other, faces in zip(alike, await person_said.faces_of(session, *alike), strict=True):
        judged = judge_faces(own, faces)
        if judged.verdict is Verdict.DIFFERENT:
            continue
        if apart and apart.intersection(await persons.references_of(session, other.member_id)):
            continue
        ids = person.member_id, other.member_id
        pair = await pairs.pair_of(session, PERSONS, *ids, list(judged.agrees), now)
        if judged.verdict is not Verdict.CERTAIN or person.node_team or other.node_team:
            continue
        if not await _is_too_much(session, *ids):  # else it waits for a person
            await merge(session, pair, None, now)
            return  # the one that stays has changed, and is looked at again


async def compare_all(service: Service) -> None:
    """At start: who was here before persons were compared is put next to the others, once."""
    never = (col(Member.same_keys).is_(None), Member.status == MemberStatus.ACTIVE, col(Member.merged_into).is_(None))

    async def compare_some(session: AsyncSession) -> bool:
        query = select(Member.member_id).where(*never).order_by(Member.member_id).limit(COMPARED_AT_ONCE)
        found = (await session.exec(query)).all()
        for member_id in found:
            await look_for_the_same_person(session, member_id, service.now())
        return bool(found)

    while await service.transactions.do(Item(compare_some)):
        pass


async def merge(session: AsyncSession, pair: SamePersons, by: str | None, now: datetime) -> None:
    """The younger is one with the older from now on: both references are of one person."""
    first, second = await pairs.both(session, PERSONS, pair)
    if first.merged_into or second.merged_into:
        raise NotMerged
    if first.node_team or second.node_team:
        raise TeamNotMerged
    if {first.status, second.status} != {MemberStatus.ACTIVE}:
        raise LeftMeanwhile
    if await _is_too_much(session, first.member_id, second.member_id):
        raise TooMuchForOne
    second.merged_into, second.same_keys = first.member_id, []
    await session.flush()
    moved = await persons.references_of(session, second.member_id)
    await pairs.lead(session, PERSONS, moved, first.member_id)
    is_here = any(one.verified_at for one in await persons.memberships_of(session, first))
    for one in await persons.memberships_of(session, first):
        if one.member_id in moved:
            one.version += 1
            is_news = is_here and one.member_id == second.member_id
            leads = {"member_id": one.member_id, "into": first.member_id}
            say(session, MemberMerged(version=one.version, news=is_news, **leads))
    await _changed(session, first)
    pairs.decide(session, pair, PairStatus.MERGED, by, now)


async def keep_apart(session: AsyncSession, pair: SamePersons, by: str, now: datetime) -> None:
    """The two are two, and nobody is asked again; if they had been merged, each has what is under their reference."""
    first, second = await pairs.both(session, PERSONS, pair)
    merged = second.merged_into == first.member_id
    pairs.decide(session, pair, PairStatus.APART, by, now)
    if not merged:
        return
    stays = await persons.find(session, first.member_id, for_change=True)
    assert stays is not None
    second.merged_into = None
    await session.flush()
    moved = await pairs.below(session, PERSONS, second.member_id)
    await pairs.lead(session, PERSONS, moved, second.member_id)
    parted = await persons.membership(session, second.member_id, for_change=True)
    assert parted is not None
    parted.version += 1
    say(session, MemberParted(member_id=parted.member_id, version=parted.version, from_id=stays.member_id))
    for one in await persons.memberships_of(session, parted):
        if one.member_id != parted.member_id:
            one.version += 1
            say(session, MemberMerged(member_id=one.member_id, version=one.version, into=parted.member_id))
    await _changed(session, stays)
    await _changed(session, parted)


async def _is_too_much(session: AsyncSession, *member_ids: str) -> bool:
    """Whether these together are more than one person can be."""
    references = [one for member_id in member_ids for one in await persons.references_of(session, member_id)]
    organisations = await persons.organisations_told_of(session, *member_ids)
    return len(references) > REFERENCES_MAX or organisations > ORGANISATIONS_MAX


async def _changed(session: AsyncSession, person: Member) -> None:
    """As it now is, from what was said under all their references."""
    await person_said.make_anew(session, person)
    (faces,) = await person_said.faces_of(session, person)
    person.same_keys = person_said.keys_of(faces)
    await session.flush()
    if person.status == MemberStatus.ACTIVE:
        await membership.changed(session, person)
