"""Two records that may be of one organisation, side by side, for the node's team to decide."""

from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, NodeTeam, Now, Page, Paging, ReadSession, Reply
from services.members import merging, said
from services.members.merging import PairStatus
from services.members.tables import Organisation, SamePair
from services.members.views import OrganisationView, SaidView, SamePairView

router = APIRouter(prefix="/v1", tags=["organisations"])

PairId = Annotated[str, Path(max_length=128)]


@router.get("/same-organisations", response_model=Page[SamePairView])
async def list_pairs(
    _: NodeTeam, session: ReadSession, paging: Paging, status: PairStatus = PairStatus.WAITING
) -> Page[SamePairView]:
    """Pairs that wait for a decision, or that were decided, the newest first."""
    query = select(SamePair).where(SamePair.status == status).order_by(col(SamePair.pair_id).desc())
    if status is PairStatus.WAITING:  # where one was merged meanwhile, the one that stays has a pair of its own
        one, other = aliased(Organisation), aliased(Organisation)
        query = query.join(one, col(one.organisation_id) == SamePair.first_id)
        query = query.join(other, col(other.organisation_id) == SamePair.second_id)
        query = query.where(sa.and_(col(one.merged_into).is_(None), col(other.merged_into).is_(None)))
    if paging.cursor:
        query = query.where(SamePair.pair_id < paging.cursor)
    pairs = (await session.exec(query.limit(paging.limit + 1))).all()
    return Page.of([await _view(session, pair) for pair in pairs], paging, key=lambda view: view.pair_id)


@router.post("/same-organisations/{pair_id}/merge", response_model=SamePairView)
async def merge_pair(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """The two are one from now on; asked again, nothing happens."""

    async def merge_it(session: AsyncSession) -> Reply:
        pair = await merging.pair_with(session, pair_id)
        if pair.status != PairStatus.MERGED:
            await merging.merge(session, pair, who.member_id, now)
        return Reply(await _view(session, pair))

    return await command(merge_it)


@router.post("/same-organisations/{pair_id}/keep-apart", response_model=SamePairView)
async def keep_pair_apart(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """The two are two, for good; if they had been merged, that is undone."""

    async def keep_them(session: AsyncSession) -> Reply:
        pair = await merging.pair_with(session, pair_id)
        if pair.status != PairStatus.APART:
            await merging.keep_apart(session, pair, who.member_id, now)
        return Reply(await _view(session, pair))

    return await command(keep_them)


async def _view(session: AsyncSession, pair: SamePair) -> SamePairView:
    ids = [pair.first_id, pair.second_id]
    query = select(Organisation).where(col(Organisation.organisation_id).in_(ids))
    found = {one.organisation_id: one for one in (await session.exec(query)).all()}
    told = await said.of(session, ids)
    first, second = (OrganisationView.of(found[one]) for one in ids)
    first_said, second_said = (tuple(SaidView.of(one) for one in told if one.entity_id == of) for of in ids)
    return SamePairView(
        pair_id=pair.pair_id,
        status=pair.status,
        agrees=tuple(pair.agrees),
        first=first,
        second=second,
        first_said=first_said,
        second_said=second_said,
        found_at=pair.found_at,
        decided_at=pair.decided_at,
        by_itself=pair.status == PairStatus.MERGED and pair.decided_by is None,
    )
