"""Who brings people together, as the node's team or a network says, and who looks after the node."""

from datetime import datetime
from typing import Annotated, Any

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
    checked,
    note_deed,
    say,
)
from chassis.commands import PreconditionRequired
from contracts.deeds import Deed
from contracts.members import (
    AmbassadorAppointed,
    AmbassadorScope,
    AmbassadorStoodDown,
    NodeTeamJoined,
    NodeTeamLeft,
)
from contracts.partners import AmbassadorTold
from services.members import persons, store
from services.members.inputs import ScopeDraft
from services.members.leading import scope_of
from services.members.rules import NotAnAmbassador
from services.members.saying import HERE
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
        stood: list[bool] = []
        for one in await persons.memberships_of(session, member):
            stood.append(await stood_down(session, one, news=not any(stood)))  # one person is told once
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
            join_node_team(session, member, news=True)
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
            news = member.member_id != who.member_id
            say(session, NodeTeamLeft(member_id=member.member_id, version=member.version, news=news))
            note_deed(session, "members", who, Deed.NODE_TEAM_REMOVED, now, whose=[member.member_id])
        return Reply(status=204)

    return await command(remove)


async def appointed(session: AsyncSession, member: Member, draft: ScopeDraft, now: datetime) -> Ambassador:
    """The node's team says that a member is an ambassador: its scope is in force, whatever networks tell."""
    known = await session.get(Ambassador, member.member_id)
    ambassador = known or Ambassador(member_id=member.member_id, appointed_at=now)
    session.add(ambassador)
    ambassador.words = (ambassador.words or {}) | {HERE: _word(HERE, draft.scope(), now)}
    await _in_force(session, ambassador, member, is_new=known is None)
    return ambassador


async def appointed_by_network(session: AsyncSession, member: Member, told: AmbassadorTold, now: datetime) -> None:
    """A record of a network says that a member is an ambassador, beside what others say. Raises `FieldErrors`.

    What a release before this one kept was this record's word if it was told of them before, and else the team's.
    """
    draft = checked(ScopeDraft, told.scope.model_dump(mode="json"))
    known = await session.get(Ambassador, member.member_id)
    ambassador = known or Ambassador(member_id=member.member_id, appointed_at=now, words={})
    session.add(ambassador)
    if ambassador.words is None:
        is_told_again = told.known_as == member.member_id
        ambassador.words = {} if is_told_again else {HERE: _word(HERE, ambassador.scope, ambassador.appointed_at)}
    ambassador.words = ambassador.words | {told.record_id: _word(told.network, draft.scope(), now)}
    if known is None or _scope_said(ambassador) != ambassador.scope:
        await _in_force(session, ambassador, member, is_new=known is None)


async def appointed_no_more(session: AsyncSession, member: Member, record_id: str) -> None:
    """A record of a network says it no more: a member stays an ambassador for as long as somebody else does."""
    ambassador = await session.get(Ambassador, member.member_id)
    if ambassador is None:
        return
    left = {record: word for record, word in (ambassador.words or {}).items() if record != record_id}
    if not left:
        await stood_down(session, member)
        return
    ambassador.words = left
    if _scope_said(ambassador) != ambassador.scope:
        await _in_force(session, ambassador, member)


def _word(network: str, scope: AmbassadorScope, now: datetime) -> dict[str, Any]:
    return {"network": network, "scope": scope.model_dump(mode="json"), "said_at": now.isoformat()}


def _scope_said(ambassador: Ambassador) -> AmbassadorScope:
    """The word of the node's team counts, and without one the last of a network."""
    words = ambassador.words or {}
    last = HERE if HERE in words else max(words, key=lambda record: (words[record]["said_at"], record))
    return AmbassadorScope.model_validate(words[last]["scope"])


async def _in_force(session: AsyncSession, ambassador: Ambassador, member: Member, *, is_new: bool = False) -> None:
    before = None if is_new else await scope_of(session, ambassador)
    scope = _scope_said(ambassador)
    ambassador.organisation_ids, ambassador.provinces = list(scope.organisation_ids), list(scope.provinces)
    ambassador.themes = list(scope.themes)
    member.version += 1
    scope = await scope_of(session, ambassador)
    state = {"member_id": member.member_id, "version": member.version, "scope": scope}
    say(session, AmbassadorAppointed(**state, news=scope != before))


async def _with_one_scope(session: AsyncSession, person: Member, draft: ScopeDraft, now: datetime) -> Ambassador:
    """A person has this scope and no other, under the reference under which they were appointed first."""
    standing = await store.ambassador(session, person.member_id)
    under = standing.member_id if standing else person.member_id
    theirs = {one.member_id: one for one in await persons.memberships_of(session, person)}
    for reference in theirs.keys() - {under}:
        await stood_down(session, theirs[reference], news=False)
    person.version += under != person.member_id  # the next change is of another version, whosever row this one was of
    return await appointed(session, theirs[under], draft, now)


async def stood_down(session: AsyncSession, member: Member, *, news: bool = True) -> bool:
    """A member is no ambassador any more, which is news to them; false when they were none."""
    ambassador = await session.get(Ambassador, member.member_id)
    if ambassador is None:
        return False
    await session.delete(ambassador)
    member.version += 1
    say(session, AmbassadorStoodDown(member_id=member.member_id, version=member.version, news=news))
    return True


def join_node_team(session: AsyncSession, member: Member, *, news: bool) -> None:
    """A member belongs to the node's team from now on, which is news to them or not."""
    member.node_team = True
    member.version += 1
    say(session, NodeTeamJoined(member_id=member.member_id, version=member.version, news=news))


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
