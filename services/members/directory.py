"""Who takes part here, for those who bring people together: found by name or organisation, within their scope."""

from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Ambassador as AmbassadorOrTeam
from chassis import Identity, Page, Paging, ReadSession
from chassis.identity import NotAllowed
from chassis.paging import PageAsked
from contracts.vocabulary import Role
from services.members import store, views
from services.members.rules import MemberStatus
from services.members.tables import Affiliation, Ambassador, Member, Organisation
from services.members.views import MemberView

router = APIRouter(prefix="/v1", tags=["members"])

PartOfName = Annotated[str | None, Query(min_length=2, max_length=100, description="Of a member or an organisation.")]


@router.get("/members", response_model=Page[MemberView])
async def list_members(
    who: AmbassadorOrTeam, session: ReadSession, paging: Paging, q: PartOfName = None, role: Role | None = None,
    blocked: bool = False, left: bool = False,
) -> Page[MemberView]:  # fmt: skip
    """Who takes part: everybody for the node's team, and for an ambassador who is in their scope; newest first.

    Who is kept out (`blocked`), or stopped taking part (`left`), the team sees alone.
    """
    if (blocked or left) and not who.has(Role.NODE_TEAM):
        raise NotAllowed
    members = await _members(session, who, paging, q, role, _stands(blocked=blocked, left=left))
    found = [await view_of(session, member) for member in members]
    return Page.of(found, paging, key=lambda view: view.member_id)


async def _members(
    session: AsyncSession, who: Identity, paging: PageAsked, q: str | None, role: Role | None, stands: Any
) -> list[Member]:
    query = select(Member).where(stands, col(Member.merged_into).is_(None))
    if paging.cursor:
        query = query.where(Member.member_id < paging.cursor)
    if q:
        named = col(Organisation.name).icontains(q, autoescape=True)
        query = query.where(sa.or_(col(Member.name).icontains(q, autoescape=True), _belongs(named)))
    if not who.has(Role.NODE_TEAM):
        query = query.where(_in_scope(who))
    if role is Role.NODE_TEAM:
        query = query.where(col(Member.node_team))
    if role is Role.AMBASSADOR:
        query = query.where(_under(select(Ambassador.member_id)))
    return list((await session.exec(query.order_by(col(Member.member_id).desc()).limit(paging.limit + 1))).all())


def _stands(*, blocked: bool, left: bool) -> Any:
    """Whether somebody is kept out, left by themselves, or takes part."""
    if blocked:
        return col(Member.blocked_at).is_not(None)
    if left:
        return sa.and_(col(Member.status) == MemberStatus.LEFT, col(Member.blocked_at).is_(None))
    return Member.status == MemberStatus.ACTIVE


def _in_scope(who: Identity) -> sa.ColumnElement[bool]:
    """As `rules.check_may_see` decides it of one member; a test holds the two together."""
    scope = who.scope
    if scope is None or not (scope.organisation_ids or scope.provinces):
        return sa.false()
    within = []
    if scope.organisation_ids:
        within.append(_belongs(col(Organisation.organisation_id).in_(scope.organisation_ids)))
    if scope.provinces:
        within.append(_belongs(col(Organisation.province).in_(scope.provinces)))
    return sa.and_(*within)


def _belongs(organisation: sa.ColumnElement[bool]) -> sa.ColumnElement[bool]:
    """Whether a person belongs to an organisation of which this is so, now that some were merged into others."""
    told = aliased(Organisation)
    return _under(
        select(Affiliation.member_id)
        .join(told, col(told.organisation_id) == Affiliation.organisation_id)
        .join(Organisation, col(Organisation.organisation_id) == sa.func.coalesce(told.leads_to, told.organisation_id))
        .where(organisation)
    )


def _under(references: Any) -> sa.ColumnElement[bool]:
    """Whether a person has one of these references."""
    known = aliased(Member)
    stays = sa.func.coalesce(known.leads_to, known.member_id)
    return col(Member.member_id).in_(select(stays).where(col(known.member_id).in_(references)))


async def view_of(session: AsyncSession, member: Member) -> MemberView:
    """A member for who may see them."""
    ambassador = await store.ambassador(session, member.member_id)
    return MemberView(
        member_id=member.member_id,
        name=member.name,
        roles=views.roles(member, ambassador),
        scope=ambassador.scope if ambassador else None,
        affiliations=views.affiliations(await store.organisations_of(session, member.member_id)),
        is_blocked=member.blocked_at is not None,
        has_left=member.status == MemberStatus.LEFT and member.blocked_at is None,
        version=member.version,
    )
