"""Two records that may be of one organisation or of one person, side by side, for the node's team to decide."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from sqlalchemy.orm import aliased
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, Identity, NodeTeam, Now, Page, Paging, ReadSession, Reply, note_deed
from chassis.paging import PageAsked
from contracts.deeds import Deed
from services.members import merging, merging_persons, pairs, same_showing
from services.members.pairs import ORGANISATIONS, PERSONS, PairStatus, Sort
from services.members.same_views import DecidedView, SameOrganisationsView, SamePersonsView

router = APIRouter(prefix="/v1")

PairId = Annotated[str, Path(max_length=128)]

_UNDECIDED = (PairStatus.WAITING, PairStatus.LATER)


@router.get("/same-organisations", response_model=Page[SameOrganisationsView], tags=["organisations"])
async def list_organisations(
    _: NodeTeam, session: ReadSession, paging: Paging, status: PairStatus = PairStatus.WAITING
) -> Page[SameOrganisationsView]:
    """Organisations that wait for a decision, or of which was decided, the newest pair first."""
    found = await _page(session, ORGANISATIONS, status, paging)
    views = [await same_showing.organisations(session, pair) for pair in found]
    return Page.of(views, paging, key=lambda view: view.pair_id)


@router.get("/same-persons", response_model=Page[SamePersonsView], tags=["members"])
async def list_persons(
    _: NodeTeam, session: ReadSession, paging: Paging, status: PairStatus = PairStatus.WAITING
) -> Page[SamePersonsView]:
    """The same of members. What they can be reached by is not shown whole."""
    found = await _page(session, PERSONS, status, paging)
    views = [await same_showing.members(session, pair) for pair in found]
    return Page.of(views, paging, key=lambda view: view.pair_id)


@router.post("/same-organisations/{pair_id}/merge", response_model=DecidedView, tags=["organisations"])
async def merge_organisations(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """The two are one from now on; asked again, nothing happens."""
    return await command(_decide(ORGANISATIONS, pair_id, PairStatus.MERGED, merging.merge, who, now))


@router.post("/same-organisations/{pair_id}/keep-apart", response_model=DecidedView, tags=["organisations"])
async def keep_organisations_apart(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """The two are two, for good; if they had been merged, that is undone."""
    return await command(_decide(ORGANISATIONS, pair_id, PairStatus.APART, merging.keep_apart, who, now))


@router.post("/same-organisations/{pair_id}/later", response_model=DecidedView, tags=["organisations"])
async def decide_on_organisations_later(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """Somebody has to look into it first."""
    return await command(_decide(ORGANISATIONS, pair_id, PairStatus.LATER, pairs.put_off, who, now))


@router.post("/same-persons/{pair_id}/merge", response_model=DecidedView, tags=["members"])
async def merge_persons(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """The two are one from now on, and whoever signs in as one reads what both were told."""
    return await command(_decide(PERSONS, pair_id, PairStatus.MERGED, merging_persons.merge, who, now))


@router.post("/same-persons/{pair_id}/keep-apart", response_model=DecidedView, tags=["members"])
async def keep_persons_apart(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """The two are two, for good; if they had been merged, that is undone."""
    return await command(_decide(PERSONS, pair_id, PairStatus.APART, merging_persons.keep_apart, who, now))


@router.post("/same-persons/{pair_id}/later", response_model=DecidedView, tags=["members"])
async def decide_on_persons_later(pair_id: PairId, who: NodeTeam, now: Now, command: Command) -> Response:
    """Somebody has to look into it first."""
    return await command(_decide(PERSONS, pair_id, PairStatus.LATER, pairs.put_off, who, now))


def _decide(
    sort: Sort, pair_id: str, status: PairStatus, act: Callable[..., Awaitable[None]], who: Identity, now: datetime
) -> Callable[[AsyncSession], Awaitable[Reply]]:
    """The work of a command; decided like that before, nothing happens."""

    async def decide(session: AsyncSession) -> Reply:
        pair = await pairs.pair_with(session, sort, pair_id)
        if pair.status != status:
            await act(session, pair, who.member_id, now)
            if status is not PairStatus.LATER:
                _note(session, sort, pair, status, who, now)
        return Reply(DecidedView(pair_id=pair.pair_id, status=pair.status))

    return decide


def _note(session: AsyncSession, sort: Sort, pair: Any, status: PairStatus, who: Identity, now: datetime) -> None:
    whose = (pair.first_id, pair.second_id) if sort is PERSONS else ()
    deed = Deed.MERGED if status is PairStatus.MERGED else Deed.KEPT_APART
    note_deed(session, "members", who, deed, now, matter="pair", matter_id=pair.pair_id, whose=whose)


async def _page(session: AsyncSession, sort: Sort, status: PairStatus, paging: PageAsked) -> list[Any]:
    query = select(sort.pairs).where(sort.pairs.status == status).order_by(sort.pairs.pair_id.desc())
    if status in _UNDECIDED:  # where one was merged meanwhile, the one that stays has a pair of its own
        for of in (sort.pairs.first_id, sort.pairs.second_id):
            one: Any = aliased(sort.of)
            query = query.join(one, getattr(one, sort.id.key) == of).where(one.merged_into.is_(None))
    if paging.cursor:
        query = query.where(sort.pairs.pair_id < paging.cursor)
    return list((await session.exec(query.limit(paging.limit + 1))).all())
