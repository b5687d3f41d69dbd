"""What people did who work for others: kept for a year, for the team, for whom it concerns, and for who did it."""

from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

import sqlalchemy as sa
from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from sqlmodel import Field as Column
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Identity, NodeTeam, Page, Paging, ReadSession, SignedIn
from chassis.paging import PageAsked
from contracts.deeds import KEPT_SECONDS, OPERATOR, Deed, DeedDone, DoneAs, Matter
from services.members.rules import MemberStatus
from services.members.tables import Erasure, Instant, Member, Table, Texts

router = APIRouter(prefix="/v1", tags=["deeds"])

KEPT_FOR = timedelta(seconds=KEPT_SECONDS)


class DeedRow(Table, table=True):
    """Something that was done, by reference alone; of who was erased no reference is left."""

    __tablename__ = "deed"
    __table_args__ = (sa.Index("ix_deed_whose", "whose", postgresql_using="gin"),)
    deed_id: str = Column(primary_key=True, sa_type=sa.Text)
    service: str = Column(sa_type=sa.Text)
    done_by: str | None = Column(default=None, sa_type=sa.Text, index=True)
    role: str = Column(sa_type=sa.Text)
    deed: str = Column(sa_type=sa.Text)
    matter: str | None = Column(default=None, sa_type=sa.Text)
    matter_id: str | None = Column(default=None, sa_type=sa.Text)
    title: str | None = Column(default=None, sa_type=sa.Text)
    whose: list[str] = Column(default_factory=list, sa_type=Texts)
    done_at: datetime = Column(sa_type=Instant, index=True)


class DeedView(BaseModel):
    """Something that was done."""

    deed_id: str
    deed: Deed | str = Field(description="What this release has no name for, a later one said.")
    role: DoneAs = Field(description="As what they might.")
    done_by: str | None = Field(
        description="Who did it; none for who was erased, and for an operator. Whom it concerns is told the role."
    )
    done_at: datetime
    matter: Matter | str | None
    matter_id: str | None
    title: str | None
    whose: tuple[str, ...] = Field(description="The members whom it concerns; a member is told only of themselves.")
    names: dict[str, str] = Field(
        default_factory=dict, description="What they are called who did it or whom it concerns; for the team alone."
    )


@router.get("/deeds", response_model=Page[DeedView])
async def list_deeds(
    _: NodeTeam,
    session: ReadSession,
    paging: Paging,
    deed: Deed | None = None,
    member_id: Annotated[str | None, Query(max_length=128, description="Who did it, or whom it concerns.")] = None,
) -> Page[DeedView]:
    """What was done in the last year, the newest first, for the node's team."""
    asked = [] if deed is None else [col(DeedRow.deed) == deed]
    if member_id:
        asked.append(sa.or_(col(DeedRow.done_by) == member_id, _concerns([member_id])))
    page = await _page(session, asked, paging)
    names = await _names(session, {one for view in page.items for one in _named(view)})
    for view in page.items:
        view.names = {one: names[one] for one in _named(view) if one in names}
    return page


@router.get("/members/me/deeds", response_model=Page[DeedView])
async def list_own_deeds(
    who: SignedIn, session: ReadSession, paging: Paging, of: Literal["mine", "about-me"] = "mine"
) -> Page[DeedView]:
    """What the caller did for others, or what others did that concerns the caller; the newest first."""
    if of == "mine":
        return await _page(session, [col(DeedRow.done_by).in_(who.references)], paging)
    return await _page(session, [_concerns(list(who.references))], paging, seen_by=who)


async def keep(session: AsyncSession, event: DeedDone, now: datetime) -> bool:
    """Keeps what was done; what is older than a year goes with that. Of who was erased meanwhile nothing is kept.

    Returns whether it names somebody who was erased: what was said of it then goes as well.
    """
    await session.exec(sa.delete(DeedRow).where(col(DeedRow.done_at) < now - KEPT_FOR))  # which locks as `forget` says
    named = {event.done_by, *event.whose}
    erased = set((await session.exec(select(Erasure.member_id).where(col(Erasure.member_id).in_(named)))).all())
    told = event.model_dump(exclude={"version"}) | {"whose": [one for one in event.whose if one not in erased]}
    if event.role == OPERATOR:
        told["done_by"] = None
    if erased:
        told |= {"title": None, "done_by": None if event.done_by in erased else told["done_by"]}
    if await session.get(DeedRow, event.deed_id) is None:
        session.add(DeedRow(**told))
    return bool(erased)


async def of_whom(session: AsyncSession, member_id: str) -> list[str]:
    """The ids of what is kept that somebody did or that was about them."""
    return list((await session.exec(select(DeedRow.deed_id).where(_touches(member_id)))).all())


async def forget(session: AsyncSession, member_id: str) -> list[str]:
    """Takes somebody out of what was done; returns the ids of that. That something was done stays known.

    What is being kept at this moment is awaited and then seen; what is kept later sees that they were erased.
    """
    await (await session.connection()).execute(sa.text("LOCK TABLE deed IN EXCLUSIVE MODE"))
    without: dict[str, Any] = {
        "done_by": sa.func.nullif(col(DeedRow.done_by), member_id),
        "whose": sa.func.array_remove(col(DeedRow.whose), member_id),
        "title": None,
    }
    changed = sa.update(DeedRow).where(_touches(member_id)).values(without).returning(col(DeedRow.deed_id))
    return list((await session.exec(changed)).scalars())


def _touches(member_id: str) -> sa.ColumnElement[bool]:
    return sa.or_(col(DeedRow.done_by) == member_id, _concerns([member_id]))


def _named(view: DeedView) -> list[str]:
    return [one for one in (view.done_by, *view.whose) if one]


async def _names(session: AsyncSession, member_ids: set[str]) -> dict[str, str]:
    """What members are called who take part, or are kept out, which is a deed itself."""
    query = select(Member.member_id, Member.name).where(col(Member.member_id).in_(member_ids))
    named = sa.or_(col(Member.status) == MemberStatus.ACTIVE, col(Member.blocked_at).is_not(None))
    found = await session.exec(query.where(named))
    return dict(found.all())


def _concerns(references: list[str]) -> sa.ColumnElement[bool]:
    return col(DeedRow.whose).op("&&")(sa.cast(references, Texts))


async def _page(
    session: AsyncSession,
    asked: list[sa.ColumnElement[bool]],
    paging: PageAsked,
    *,
    seen_by: Identity | None = None,
) -> Page[DeedView]:
    query = select(DeedRow).where(*asked).order_by(col(DeedRow.deed_id).desc()).limit(paging.limit + 1)
    if paging.cursor:
        query = query.where(DeedRow.deed_id < paging.cursor)
    rows = (await session.exec(query)).all()
    return Page.of([_view(row, seen_by) for row in rows], paging, key=lambda view: view.deed_id)


def _view(row: DeedRow, seen_by: Identity | None) -> DeedView:
    """As the team or who did it sees it; to whom it concerns (`seen_by`) nobody else is named."""
    told = row.model_dump() | ({"done_by": None} if seen_by else {})
    whose = tuple(one for one in row.whose if seen_by is None or one in seen_by.references)
    return DeedView(**told | {"whose": whose})
