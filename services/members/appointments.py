"""Who brings people together, and who looks after the node: appointed by the node's team."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import (
    Command,
    FieldErrors,
    MaybeIfMatch,
    NodeTeam,
    Now,
    Page,
    Paging,
    Problem,
    ReadSession,
    Reply,
    SignedIn,
    check_version,
    note_deed,
    say,
)
from chassis.commands import PreconditionRequired
from contracts.deeds import Deed
from contracts.members import AmbassadorAppointed, AmbassadorStoodDown, NodeTeamJoined, NodeTeamLeft
from services.members import persons, store
from services.members.inputs import ScopeDraft
from services.members.leading import scope_of
from services.members.rules import NotAnAmbassador
from services.members.tables import Ambassador, Member
from services.members.views import AmbassadorView

router = APIRouter(prefix="/v1", tags=["ambassadors"])

MemberId = Annotated[str, Path(max_length=128)]


class MergedNotOfTeam(
    Problem,
    slug="merged-not-of-node-team",
    status=409,
    title="Who was merged with another is not of the node's team: part the two first",
):
    """Whoever reads either mailbox could do what the team can."""


@router.get("/ambassadors", response_model=Page[AmbassadorView])
async def list_ambassadors(_: SignedIn, session: ReadSession, paging: Paging) -> Page[AmbassadorView]:
    """Every ambassador with their scope."""
    found = [
        await _view(session, ambassador, member) for ambassador, member in await store.ambassadors(session, paging)
    ]
    return Page.of(found, paging, key=lambda view: view.member_id)


@router.put("/ambassadors/{member_id}", response_model=AmbassadorView)
async def appoint_ambassador(
    member_id: MemberId, draft: ScopeDraft, who: NodeTeam, expected: MaybeIfMatch, now: Now, command: Command
) -> Response:
    """A member brings people together within a scope, from now on or with a new scope, which needs If-Match."""

    async def appoint(session: AsyncSession) -> Reply:
        member = await store.active_member(session, member_id, for_change=True)
        if expected is None and await store.ambassador(session, member.member_id):
            raise PreconditionRequired
        check_version(expected, member.version)
        await check_organisations_exist(session, draft.organisation_ids)
        ambassador = await _with_one_scope(session, member, draft, now)
        note_deed(session, "members", who, Deed.AMBASSADOR_APPOINTED, now, whose=[member.member_id])
        return Reply(await _view(session, ambassador, member), version=member.version)

    return await command(appoint)


@router.delete("/ambassadors/{member_id}", status_code=204)
async def end_appointment(member_id: MemberId, who: NodeTeam, now: Now, command: Command) -> Response:
    """A member is no ambassador any more."""

    async def end_it(session: AsyncSession) -> Reply:
        member = await store.active_member(session, member_id, for_change=True)
        stood = [await stood_down(session, one) for one in await persons.memberships_of(session, member)]
        if not any(stood):
            raise NotAnAmbassador
        member.version += not stood[0]
        note_deed(session, "members", who, Deed.AMBASSADOR_ENDED, now, whose=[member.member_id])
        return Reply(status=204)

    return await command(end_it)


@router.put("/node-team/{member_id}", status_code=204)
async def add_to_node_team(member_id: MemberId, who: NodeTeam, now: Now, command: Command) -> Response:
    """A member looks after the node from now on; nothing happens when they did already."""

    async def add(session: AsyncSession) -> Reply:
        member = await store.active_member(session, member_id, for_change=True)
        if not member.node_team:
            if len(await persons.references_of(session, member.member_id)) > 1:
                raise MergedNotOfTeam
            join_node_team(session, member)
            note_deed(session, "members", who, Deed.NODE_TEAM_ADDED, now, whose=[member.member_id])
        return Reply(status=204)

    return await command(add)


@router.delete("/node-team/{member_id}", status_code=204)
async def remove_from_node_team(member_id: MemberId, who: NodeTeam, now: Now, command: Command) -> Response:
    """A member does not look after the node any more; somebody else has to."""

    async def remove(session: AsyncSession) -> Reply:
        member = await store.active_member(session, member_id, for_change=True)
        if member.node_team:
            await store.check_not_last_of_node_team(session)
            member.node_team = False
            member.version += 1
            say(session, NodeTeamLeft(member_id=member.member_id, version=member.version))
            note_deed(session, "members", who, Deed.NODE_TEAM_REMOVED, now, whose=[member.member_id])
        return Reply(status=204)

    return await command(remove)


async def appointed(session: AsyncSession, member: Member, draft: ScopeDraft, now: datetime) -> Ambassador:
    """A member is an ambassador with this scope from now on."""
    ambassador = await session.get(Ambassador, member.member_id)
    ambassador = ambassador or Ambassador(member_id=member.member_id, appointed_at=now)
    ambassador.organisation_ids, ambassador.provinces = list(draft.organisation_ids), list(draft.provinces)
    ambassador.themes = list(draft.themes)
    session.add(ambassador)
    member.version += 1
    scope = await scope_of(session, ambassador)
    say(session, AmbassadorAppointed(member_id=member.member_id, version=member.version, scope=scope))
    return ambassador


async def _with_one_scope(session: AsyncSession, person: Member, draft: ScopeDraft, now: datetime) -> Ambassador:
    """A person has this scope and no other, under the reference under which they were appointed first."""
    standing = await store.ambassador(session, person.member_id)
    under = standing.member_id if standing else person.member_id
    theirs = {one.member_id: one for one in await persons.memberships_of(session, person)}
    for reference in theirs.keys() - {under}:
        await stood_down(session, theirs[reference])
    person.version += under != person.member_id  # the next change is of another version, whosever row this one was of
    return await appointed(session, theirs[under], draft, now)


async def stood_down(session: AsyncSession, member: Member) -> bool:
    """A member is no ambassador any more; false when they were none."""
    ambassador = await session.get(Ambassador, member.member_id)
    if ambassador is None:
        return False
    await session.delete(ambassador)
    member.version += 1
    say(session, AmbassadorStoodDown(member_id=member.member_id, version=member.version))
    return True


def join_node_team(session: AsyncSession, member: Member) -> None:
    """A member belongs to the node's team from now on."""
    member.node_team = True
    member.version += 1
    say(session, NodeTeamJoined(member_id=member.member_id, version=member.version))


async def check_organisations_exist(
    session: AsyncSession, organisation_ids: tuple[str, ...], field: str = "organisation_ids"
) -> None:
    """Raises `FieldErrors` that name every one that does not."""
    known = await store.known_organisation_ids(session, organisation_ids)
    unknown = [n for n, organisation_id in enumerate(organisation_ids) if organisation_id not in known]
    if unknown:
        raise FieldErrors([(f"{field}.{n}", "no organisation has this id") for n in unknown])


async def _view(session: AsyncSession, ambassador: Ambassador, member: Member) -> AmbassadorView:
    belonging = await store.organisations_of(session, member.member_id)
    names = tuple(organisation.name for _, organisation in belonging)
    return AmbassadorView(
        member_id=ambassador.member_id,
        name=member.name,
        organisations=names,
        scope=await scope_of(session, ambassador),
    )
