"""What was merged of oneself: shown to who that is, and undone by them when they are not both."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, Now, ReadSession, Reply, SignedIn
from chassis.deeds import note_deed
from contracts.deeds import Deed
from services.members import merging_persons, pairs, persons, rules
from services.members.pairs import PERSONS, PairNotFound, PairStatus
from services.members.same import PairId
from services.members.same_tables import SamePersons
from services.members.same_views import DecidedView, OwnMergedList, OwnMergedView

router = APIRouter(prefix="/v1", tags=["members"])


@router.get("/members/me/merged", response_model=OwnMergedList)
async def list_own_merged(who: SignedIn, session: ReadSession) -> OwnMergedList:
    """The memberships that were merged into one of the caller's, the last first."""
    own = set(who.references)
    ours = or_(col(SamePersons.first_id).in_(own), col(SamePersons.second_id).in_(own))
    query = select(SamePersons).where(SamePersons.status == PairStatus.MERGED, ours)
    found = (await session.exec(query.order_by(col(SamePersons.decided_at).desc()))).all()
    return OwnMergedList(items=[await _view(session, pair) for pair in found])


@router.post("/members/me/merged/{pair_id}/keep-apart", response_model=DecidedView)
async def keep_own_apart(pair_id: PairId, who: SignedIn, now: Now, command: Command) -> Response:
    """The caller is not both: they are two again, each with what is theirs. Nothing happens to what is two already."""

    async def undo(session: AsyncSession) -> Reply:
        pair = await pairs.pair_with(session, PERSONS, pair_id)
        if not {pair.first_id, pair.second_id} & set(who.references):
            raise PairNotFound
        if pair.status == PairStatus.MERGED:
            await merging_persons.keep_apart(session, pair, who.member_id, now)
            both = (pair.first_id, pair.second_id)
            note_deed(session, "members", who, Deed.KEPT_APART, now, matter="pair", matter_id=pair_id, whose=both)
        elif pair.status != PairStatus.APART:
            raise PairNotFound
        return Reply(DecidedView(pair_id=pair.pair_id, status=pair.status))

    return await command(undo)


async def _view(session: AsyncSession, pair: SamePersons) -> OwnMergedView:
    """An address may be somebody else's: it is shown so that its owner knows it and nobody can write to it."""
    addresses = [await _address(session, one) for one in (pair.first_id, pair.second_id)]
    at: datetime = pair.decided_at or pair.found_at
    return OwnMergedView(pair_id=pair.pair_id, addresses=tuple(addresses), merged_at=at)


async def _address(session: AsyncSession, member_id: str) -> str:
    member = await persons.membership(session, member_id)
    assert member is not None, "a pair goes with whoever of it is erased"
    return rules.email_shown(member.email)
