"""Members about themselves, and as others may see them."""

from datetime import datetime

from fastapi import APIRouter, Response
from sqlmodel.ext.asyncio.session import AsyncSession

from chassis import Command, IfMatch, Now, ReadSession, Reply, SignedIn, check_version
from contracts.vocabulary import Role
from services.members import membership, person_said, persons, rules, store, views
from services.members.directory import view_of
from services.members.inputs import AffiliationDraft, MemberChange
from services.members.leading import drop_affiliation, group_of, scope_of
from services.members.links import mail_link
from services.members.person_said import BELONGS
from services.members.rules import AffiliationNotFound, AlreadyAffiliated, MemberNotFound, MemberStatus
from services.members.saying import HERE
from services.members.settings import MembersSettings, OwnSettings
from services.members.tables import Member
from services.members.views import AffiliationView, MemberView, MeView

router = APIRouter(prefix="/v1", tags=["members"])


@router.get("/members/me", response_model=MeView)
async def show_me(who: SignedIn, session: ReadSession, now: Now, response: Response) -> MeView:
    """What we have of the caller."""
    member = await store.active_member(session, who.member_id)
    response.headers["ETag"] = f'"{member.version}"'
    return await _me(session, member, now)


@router.patch("/members/me", response_model=MeView)
async def change_me(
    change: MemberChange, who: SignedIn, expected: IfMatch, now: Now, settings: OwnSettings, command: Command
) -> Response:
    """Changes what is given; another address counts once the link that is mailed to it is followed."""

    async def change_it(session: AsyncSession) -> Reply:
        member = await store.active_member(session, who.member_id, for_change=True)
        check_version(expected, member.version)
        given = {name: getattr(change, name) for name in change.model_fields_set}
        if email := given.pop("email", None):
            await _ask_to_confirm(session, member, email, now, settings)
        if given:
            said = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
            await person_said.keep(session, member, HERE, HERE, said, now)
            await person_said.make_anew(session, member)
            await membership.changed(session, member)
        return Reply(await _me(session, member, now), version=member.version)

    return await command(change_it)


@router.post("/members/me/affiliations", status_code=201, response_model=AffiliationView)
async def add_affiliation(draft: AffiliationDraft, who: SignedIn, now: Now, command: Command) -> Response:
    """The caller belongs to one more organisation."""

    async def add_it(session: AsyncSession) -> Reply:
        member = await store.active_member(session, who.member_id, for_change=True)
        added = await membership.affiliate(session, member, draft.organisation_id, draft.role, now)
        if added is None:
            raise AlreadyAffiliated
        await persons.check_room_for_one_more(session, member)
        said = {f"{BELONGS}{added.organisation_id}": draft.role}
        await person_said.keep(session, member, HERE, HERE, said, now)
        await membership.changed(session, member)
        organisation = await store.organisation(session, draft.organisation_id)
        (view,) = views.affiliations([(added, organisation)])
        return Reply(view, status=201, location=f"/v1/members/me/affiliations/{view.affiliation_id}")

    return await command(add_it)


@router.delete("/members/me/affiliations/{affiliation_id}", status_code=204)
async def end_affiliation(affiliation_id: str, who: SignedIn, command: Command) -> Response:
    """The caller does not belong to an organisation any more."""

    async def end_it(session: AsyncSession) -> Reply:
        member = await store.active_member(session, who.member_id, for_change=True)
        own = {own.affiliation_id: (own, of) for own, of in await store.organisations_of(session, who.member_id)}
        if affiliation_id not in own:
            raise AffiliationNotFound
        _, organisation = own[affiliation_id]
        together = await group_of(session, organisation.organisation_id)
        for reference in await persons.references_of(session, member.member_id):
            await person_said.belongs_no_more(session, reference, together)
            await drop_affiliation(session, reference, organisation.organisation_id)
        await membership.changed(session, member)
        return Reply(status=204)

    return await command(end_it)


@router.post("/members/me/leave", status_code=204)
async def leave(who: SignedIn, now: Now, command: Command) -> Response:
    """The caller stops taking part; to be forgotten at once is another thing, see the erasure."""

    async def leave_it(session: AsyncSession) -> Reply:
        member = await store.active_member(session, who.member_id, for_change=True)
        if member.node_team:
            await store.check_not_last_of_node_team(session)
        await membership.leave(session, member, now)
        return Reply(status=204)

    return await command(leave_it)


@router.get("/members/{member_id}", response_model=MemberView)
async def show_member(member_id: str, who: SignedIn, session: ReadSession, response: Response) -> MemberView:
    """A member, for the node's team and for ambassadors in whose scope they are; who takes no part, for the team."""
    member = await store.known_member(session, member_id)
    if member.status != MemberStatus.ACTIVE and not who.has(Role.NODE_TEAM):
        raise MemberNotFound
    belonging = await store.organisations_of(session, member.member_id)
    organisations = [organisation for _, organisation in belonging]
    rules.check_may_see(
        who, member.member_id, [o.organisation_id for o in organisations], [o.province for o in organisations]
    )
    response.headers["ETag"] = f'"{member.version}"'
    return await view_of(session, member)


async def _ask_to_confirm(
    session: AsyncSession, member: Member, email: str, now: datetime, settings: MembersSettings
) -> None:
    """A link goes to the new address, unless it is somebody else's; whoever asks does not learn that it is.

    It changes the membership that mail goes to, or chooses another of the caller's own: parted, each has their own.
    """
    reached, key = await persons.reached_at(session, member), rules.email_key(email)
    if key == reached.email_key:
        return
    own = {one.email_key: one for one in await persons.memberships_of(session, member)}
    mailed = key in own or not await store.is_taken(session, key)
    links_max = settings.sign_in_links_per_hour_max
    await mail_link(session, own.get(key, reached), now, links_max=links_max, new_email=email, mailed=mailed)


async def _me(session: AsyncSession, member: Member, now: datetime) -> MeView:
    ambassador = await store.ambassador(session, member.member_id)
    return MeView(
        member_id=member.member_id,
        name=member.name,
        email=await persons.address_of(session, member),
        new_email_waits=await store.waits_for_confirmation(session, member.member_id, now),
        phone=member.phone,
        language=member.language,
        networks=tuple(member.networks),
        roles=views.roles(member, ambassador),
        scope=await scope_of(session, ambassador) if ambassador else None,
        affiliations=views.affiliations(await store.organisations_of(session, member.member_id)),
        joined_at=member.joined_at,
        version=member.version,
    )
